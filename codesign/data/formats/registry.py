"""The public formats that `codesign data convert` reads, by name."""

from codesign.data.formats import (
    adc2021,
    calorimeter,
    cms_l1t_ad,
    cms_ugt,
    jetclass,
    jetnet,
    l1pf,
    lhc_jets,
    lhco,
    openml_jets,
    quark_gluon,
    root_ntuple,
    table,
    top_tagging,
)
from codesign.data.reading import Format
from codesign.errors import ConfigError
from codesign.naming import unknown_name

FORMATS: dict[str, Format] = {
    known.name: known
    for known in (
        openml_jets.OPENML,
        openml_jets.CERNBOX,
        lhc_jets.LHC_JETS,
        adc2021.ADC_40MHZ,
        cms_l1t_ad.CMS_L1T_AD,
        cms_ugt.FORMAT,
        root_ntuple.FORMAT,
        l1pf.FORMAT,
        jetclass.FORMAT,
        jetnet.JETNET,
        top_tagging.TOP_TAGGING,
        quark_gluon.QUARK_GLUON,
        lhco.LHCO_FEATURES,
        lhco.LHCO_PARTICLES,
        calorimeter.CALO_CHALLENGE,
        calorimeter.CALOGAN,
        table.TABLE,
    )
}


def get_format(name: str) -> Format:
    """Look a format up.

    Raises:
        ConfigError: there is none of this name; the message lists the known ones.
    """
    if name not in FORMATS:
        raise ConfigError(unknown_name("format", name, FORMATS))
    return FORMATS[name]
