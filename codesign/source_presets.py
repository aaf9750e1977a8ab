"""The words of experiments' trigger links as presets of ``firmware.source``."""

import math
from collections.abc import Callable, Mapping

from codesign.config_source import FieldSection, SourceBlockSection, SourceSection
from codesign.contract import InputContract
from codesign.data.formats.cms_ugt_words import EGAMMA, JET, MUON, SUMS, TAU, Field
from codesign.errors import ConfigError
from codesign.naming import unknown_name
from codesign.presets import get_preset
from codesign.unpacking import RawField, SourceBlock, Unpacker
from codesign.unpacking_plan import make_unpacker

MET = "etmhf"  # the sum that is the block ``met``, as in the data format
SUM_BITS = 32
UGT_BITS = {"muons": 64, "egammas": 32, "taus": 32, "jets": 32}
UGT_OBJECTS = {"muons": (MUON, 8), "egammas": (EGAMMA, 12), "taus": (TAU, 12), "jets": (JET, 12)}
UGT_NAMES = {"et": "pt", MET: "pt", f"{MET}_phi": "phi", "ett": "et", "htt": "ht"}  # our columns by the links' names


def cms_ugt() -> dict[str, SourceBlock]:
    """Words of the CMS Global Trigger with the scales of the preset "cms-run3-ugt", by block and its other names."""
    preset = get_preset("cms-run3-ugt")
    blocks = {
        name: SourceBlock(name, UGT_BITS[name], objects, _fields(name, fields))
        for name, (fields, objects) in UGT_OBJECTS.items()
    }
    blocks["met"] = SourceBlock("met", SUM_BITS, 1, _fields("met", SUMS[MET]))
    # Two sums in one block: the word of the second stands above that of the first.
    high = (Field(field.name, field.low + SUM_BITS, field.width) for field in SUMS["htt"][:1])
    blocks["sums"] = SourceBlock("sums", 2 * SUM_BITS, 1, _fields("sums", (*SUMS["ett"][:1], *high)))
    named = {other: blocks[block] for other, block in preset.alike.items()}
    return blocks | {name: SourceBlock(name, block.bits, block.objects, block.fields) for name, block in named.items()}


def _fields(block: str, fields: tuple[Field, ...]) -> tuple[RawField, ...]:
    """The fields of a word that the preset has a scale for."""
    preset, found = get_preset("cms-run3-ugt"), []
    for field in fields:
        column = UGT_NAMES.get(field.name, field.name)
        scale = preset.scale(block, column)
        if scale is not None:
            found.append(RawField(column, field.low, field.width, field.signed, scale.lsb, scale.offset))
    return tuple(found)


SOURCES: Mapping[str, Callable[[], dict[str, SourceBlock]]] = {"words": dict, "cms-ugt": cms_ugt}
"""Words by the name of ``firmware.source.format``; "words" are those of the configuration alone."""


def source_unpacker(section: SourceSection, contract: InputContract) -> Unpacker | None:
    """The plan of the firmware between words and network; ``None`` where there is nothing to unpack.

    Raises:
        ConfigError: an unknown format or block, an incomplete description, or what `make_unpacker` refuses.
    """
    if section.format == "none":
        if section != SourceSection():
            raise ConfigError('firmware.source: describes words, but its format is "none"; set format = "words"')
        return None
    if section.format not in SOURCES:
        raise ConfigError(f"firmware.source.format: {unknown_name('format', section.format, ['none', *SOURCES])}")
    sources = SOURCES[section.format]()
    sources |= {name: _block(name, given, sources.get(name)) for name, given in section.blocks.items()}
    for name in section.unsorted:
        if name not in sources:
            raise ConfigError(f"firmware.source.unsorted: {unknown_name('block', name, sources)}")
        block = sources[name]
        sources[name] = SourceBlock(name, block.bits, block.objects, block.fields, unsorted=True)
    unpacker = make_unpacker(contract, sources, section.layers_per_clock)
    used = {plan.source.name for plan in unpacker.blocks}
    for name in (*section.blocks, *section.unsorted):
        if name not in used:
            raise ConfigError(f"firmware.source: {unknown_name('block of the network', name, sorted(used))}")
    return unpacker


def _block(name: str, given: SourceBlockSection, preset: SourceBlock | None) -> SourceBlock:
    """The words of one block: what the configuration states, else the preset."""
    fields = tuple(_field(column, field) for column, field in given.fields.items())
    bits = given.bits or (preset.bits if preset else None)
    if bits is None or not (fields or preset):
        raise ConfigError(f"firmware.source.blocks.{name}: expected the width 'bits' of a word, and its fields")
    objects = given.objects or (preset.objects if preset else 1)
    return SourceBlock(name, bits, objects, fields or (preset.fields if preset else ()))


def _field(column: str, given: FieldSection) -> RawField:
    lsb = given.lsb if given.lsb is not None else 2 * math.pi / (given.counts_per_turn or 1)
    return RawField(column, given.low, given.width, given.signed, lsb, given.offset)
