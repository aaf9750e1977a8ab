"""Networks on objects: what inputs they take, what order of the particles means to them."""

import numpy as np
import pytest

from codesign.config import QuantizationSection
from codesign.contract import InputContract, InputFormat, ObjectSlots
from codesign.errors import ConfigError
from codesign.models import MODELS
from codesign.models.element_formats import addresses, element_formats, values_by_address
from codesign.models.network import Request
from codesign.models.store import outputs

SLOTS = 4


def particles(*, beside=0, blocks=1):
    """A contract of ``blocks`` blocks of objects (pt, eta, phi) and some inputs of none."""
    formats, groups = [], []
    for block in range(blocks):
        groups.append(ObjectSlots(f"block{block}", len(formats), SLOTS, 3, 0))
        for slot in range(SLOTS):
            formats.append(InputFormat(f"block{block}[{slot}].pt", "GeV", 0.0, 1.0, 8, signed=False))
            formats += [InputFormat(f"block{block}[{slot}].{name}", "", 0.0, 0.1, 8) for name in ("eta", "phi")]
    formats += [InputFormat(f"other{index}", "", 0.0, 1.0, 8) for index in range(beside)]
    return InputContract(tuple(formats), tuple(groups))


def build(name, contract, quantization=None, **options):
    architecture = MODELS[name]
    quantization = quantization or QuantizationSection()
    return architecture.build(Request(architecture.options(**options), contract, 5, "", quantization))


@pytest.mark.parametrize("name", ["cnn1d", "cnn2d", "deep_sets", "interaction", "mixer", "transformer"])
@pytest.mark.parametrize(
    ("contract", "found"),
    [
        (particles(blocks=0, beside=6), r"no block of objects and 6 other inputs"),
        (particles(blocks=2), r"block0 \(4 slots of 3\), block1 \(4 slots of 3\) and 0 other inputs"),
        (particles(beside=1), r"block0 \(4 slots of 3\) and 1 other inputs"),
    ],
)
def test_other_inputs_than_one_block_of_objects_are_refused(name, contract, found):
    with pytest.raises(ConfigError, match=rf"{name}.*{found}.*\[data.blocks\]"):
        build(name, contract)


@pytest.fixture
def rows():
    contract = particles()
    low, high = contract.extremes()
    return contract.to_network(np.random.default_rng(5).integers(low, high, (50, 3 * SLOTS), endpoint=True))


def exchanged(rows):
    """The same rows with the first and the third particle exchanged."""
    return rows.reshape(-1, SLOTS, 3)[:, [2, 1, 0, 3]].reshape(rows.shape)


@pytest.mark.parametrize("name", ["deep_sets", "interaction"])
def test_with_shared_widths_the_order_of_the_particles_changes_nothing(name, rows):
    model = build(name, particles()).deployed
    assert (outputs(model, rows) == outputs(model, exchanged(rows))).all()


@pytest.mark.parametrize("name", ["cnn1d", "mixer"])
def test_networks_over_the_slots_depend_on_the_order(name, rows):
    options = {"kernel": (2,), "filters": (4,), "strides": (1,)} if name == "cnn1d" else {}
    model = build(name, particles(), **options).deployed
    assert (outputs(model, rows) != outputs(model, exchanged(rows))).any()


def test_widths_per_particle_give_every_slot_formats_of_its_own():
    for widths, distinct in (("shared", 3), ("per_particle", 3 * SLOTS)):
        layer = build("deep_sets", particles(), widths=widths).deployed.get_layer("particle_1")
        assert layer.iq.quantizer._f.shape == ((1, 1, 3) if widths == "shared" else (1, SLOTS, 3))
        assert np.prod(layer.iq.quantizer._f.shape) == distinct
        assert len(element_formats(layer.iq, (SLOTS, 3))) == 3 * SLOTS


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("cnn1d", {"kernel": (3,)}, "as many entries in kernel and strides as in filters, got 2 filters, 1 kernel"),
        ("cnn1d", {"kernel": (3, 3)}, "convolution 2 gets 2 values, smaller than its kernel of 3"),
        ("cnn2d", {"kernel": ((3, 3), (3, 1))}, "convolution 2 gets 2 × 1 values, smaller than its kernel of 3 × 1"),
        ("cnn2d", {"height": 4}, "both height and width"),
        ("cnn2d", {"height": 5, "width": 2}, "5 × 2 = 10 pixels do not divide the 12 inputs"),
    ],
)
def test_convolutions_that_do_not_fit_are_refused(name, options, message):
    with pytest.raises(ConfigError, match=message):
        build(name, particles(), **options)


def test_an_image_keeps_the_channels_of_a_pixel_together(rows):
    options = {"filters": (2,), "kernel": ((1, 1),), "strides": ((1, 1),)}
    network = build("cnn2d", particles(blocks=0, beside=12), height=2, width=3, **options)
    assert network.deployed.get_layer("image").output.shape == (None, 2, 3, 2)
    assert outputs(network.deployed, rows).shape == (50, 5)


@pytest.mark.parametrize("name", ["lut_dense", "transformer"])
def test_tables_are_refused_without_trained_widths(name):
    fixed = QuantizationSection(method="fixed")
    with pytest.raises(ConfigError, match=f"{name}.*expected 'hgq', got 'fixed'"):
        build(name, particles(), fixed)


def test_attention_keeps_a_bit_whatever_it_costs(rows):
    model = build("transformer", particles()).deployed
    quantizers = [
        model.get_layer("block_1_attention_scores").iq[0],
        model.get_layer("block_1_attention_mixed").iq[0],
        model.get_layer("block_1_attention_exp").iq,
        model.get_layer("block_1_attention_exp").oq,
        model.get_layer("block_1_attention_reciprocal").iq,
    ]
    for quantizer in quantizers:
        fractional = quantizer.quantizer._f
        assert (np.asarray(fractional.constraint(np.full(fractional.shape, -5.0))) >= 1).all()


def test_attention_weights_add_up_to_one_within_their_steps(rows):
    import keras
    from hgq.utils import trace_minmax

    keras.utils.set_random_seed(7)
    model = build("transformer", particles(), attention="full", heads=1).deployed
    trace_minmax(model, rows)
    weights = keras.Model(model.inputs[0], model.get_layer("block_1_attention_softmax").output)
    total = outputs(weights, rows).sum(axis=-1)
    assert abs(total - 1).max() < 0.2
    assert total.std() < 0.1


def test_addresses_are_the_twos_complement_bits_of_a_value():
    from codesign.fixed_point import FixedPoint

    for fmt in (FixedPoint(True, 4, 2), FixedPoint(False, 3, 5), None):
        values = values_by_address(fmt)
        assert (addresses(fmt, values.astype(float)) == np.arange(len(values))).all()
    assert values_by_address(FixedPoint(True, 3, 3)).tolist() == [0, 1, 2, 3, -4, -3, -2, -1]
