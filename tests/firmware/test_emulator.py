"""The software emulator computes the integers of the integer model: every operation, every kind of network."""

import numpy as np
import pytest
from emulator_helpers import CONTRACT, EVENT, corner_events, emulator_of, graph_of, project_of

from codesign.config import Config
from codesign.contract import InputContract, InputFormat
from codesign.errors import DataError, FirmwareError
from codesign.firmware.emulator import Emulator, emulator_name, write_emulator
from codesign.firmware.emulator_terms import IntegerFormat, Term

TABLE = np.random.default_rng(3).integers(-40, 40, 64) / 8


def choose(values):
    """By the sign of one and by the highest bit of another; the last does not fit and wraps."""
    first = values[0].msb_mux(values[1], values[2] * 0.5)
    second = values[2].msb_mux(values[0], 2.0 * values[1])
    return np.stack([first, second, values[3].quantize(1, 2, 3)])


# What is traced, and the operation that must occur in it.
FUNCTIONS = {
    "sum": (lambda x: np.stack([x[0] + 4 * x[1], x[2] + x[3]]), 0),
    "difference": (lambda x: np.stack([x[0] - 0.5 * x[2], x[3] - x[1]]), 1),
    "sum of many": (lambda x: x @ np.array([[1.0, -3.0], [2.0, 5.0], [-1.0, 0.5], [4.0, -7.0]]), 11),
    "negation": (lambda x: np.stack([(-x[0]).relu(), (-x[2]).relu() + x[0], (-x[3]).quantize(0, 2, 2)]), -2),
    "relu": (lambda x: np.stack([x[0].relu(), x[3].relu(2, 5), (x[1] - x[2]).relu(1, 0)]), 2),
    "quantiser": (
        lambda x: np.stack([x[0].quantize(1, 1, 2), x[3].quantize(0, 2, 4), x[1].quantize(1, 7, 0) + x[0]]),
        3,
    ),
    "saturation": (lambda x: np.stack([x[3].quantize(1, 1, 3, "SAT"), x[0].quantize(0, 1, 9, "SAT_SYM", "RND")]), 6),
    "constant": (lambda x: np.stack([x[0] + 0.375, x[1] - 7.0, 100.0 - x[2]]), 4),
    "multiplexer": (choose, 6),
    "product": (lambda x: np.stack([x[0] * x[1], x[2] * x[3], x[0] * x[0]]), 7),
    "wide product": (lambda x: np.stack([x[3] * x[3] * x[3], x[3] * x[3] * x[0] + x[1]]), 7),
    "table": (lambda x: np.stack([x[1].lookup(TABLE), x[2].lookup(np.arange(32.0)[::-1] - 10.0)]), 8),
    "short table": (lambda x: np.stack([(x[2] + x[2].relu(1, 2)).lookup(np.arange(46.0)), x[0]]), 8),
    "inversion": (lambda x: np.stack([~x[0], ~x[2] + x[1]]), 9),
    "bits of one": (lambda x: np.stack([x[1].unary_bit_op("any") + x[0], x[2].unary_bit_op("all") + x[0]]), 9),
    "bits of two": (lambda x: np.stack([x[0] & x[1], x[1] | x[2], x[3] ^ (4 * x[0])]), 10),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_operation_gives_the_integers_of_the_integer_model(name, tmp_path):
    function, opcode = FUNCTIONS[name]
    network = graph_of(function)
    assert opcode in {op.opcode for op in network.graph.ops}
    events = corner_events(CONTRACT)
    expected = network.predict(events)
    assert all(len(np.unique(score)) > 1 for score in expected.T)
    assert (emulator_of(network, tmp_path).predict(events) == expected).all()


CONFIGURATION = """
name = "small"
[data]
file = "none.h5"
[model]
{model}
[task]
{task}
[quantization]
target_ebops = 1000
"""
FEATURES = InputContract(tuple(InputFormat(name, "", 0.0, 1.0, 10, integer=3) for name in "abcdef"))
PARTICLES = InputContract(EVENT.inputs[1:], (EVENT.objects[0].__class__("jets", 0, 4, 3, 0),))
NETWORKS = {
    "mlp": (FEATURES, 'architecture = "mlp"\nhidden = [8]', ""),
    "lut_dense": (FEATURES, 'architecture = "lut_dense"\nhidden = [4]\ntable_hidden = 4', ""),
    "cnn1d": (PARTICLES, 'architecture = "cnn1d"\nfilters = [4]\nkernel = [2]\nstrides = [1]\ndense = [4]', ""),
    "transformer": (
        PARTICLES,
        'architecture = "transformer"\nfeatures = 4\nheads = 1\nkey = 2\nprojected = 2\nhidden = 4\njet = [4]',
        "",
    ),
    "vae_kl": (EVENT, 'architecture = "vae"\nhidden = [6]\nlatent = 2\ndecoder = [4]', "kl"),
    "vae_rz": (EVENT, 'architecture = "vae"\nhidden = [6]\nlatent = 2\ndecoder = [4]', "rz"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_every_kind_of_network_gives_the_integers_of_the_integer_model(name, tmp_path):
    from hgq.utils import trace_minmax

    from codesign.firmware import rtl
    from codesign.models import build_network
    from codesign.models.backend import import_keras

    contract, model, score = NETWORKS[name]
    task = f'kind = "anomaly"\nscore = "{score}"' if score else 'kind = "classification"'
    import_keras().utils.set_random_seed(1)
    config = Config.parse(CONFIGURATION.format(model=model, task=task), name)
    deployed = build_network(config, contract, 1 if score else 5).deployed
    events = corner_events(contract)
    trace_minmax(deployed, contract.to_network(events[-1024:]), batch_size=1024)
    network = rtl.trace(deployed, contract)
    expected = network.predict(events)
    assert all(len(np.unique(column)) > 20 for column in expected.T)
    assert (emulator_of(network, tmp_path).predict(events) == expected).all()


def test_boosted_trees_give_the_integers_of_the_integer_model(tmp_path):
    from codesign.firmware import rtl
    from codesign.models.backend import import_keras
    from codesign.models.tree_layers import BoostedTrees
    from codesign.models.trees import Trees

    keras, random = import_keras(), np.random.default_rng(2)
    lsb = [fmt.lsb for fmt in FEATURES.network_formats]
    inputs, layer = keras.Input((len(lsb),)), BoostedTrees(6, 3, 4, lsb, FEATURES.widths)
    model = keras.Model(inputs, layer(inputs))
    layer.assign(
        Trees(
            random.integers(0, len(lsb), (6, 3, 15)).astype(np.int32),
            random.integers(-500, 500, (6, 3, 15)).astype(np.float32),
            (random.integers(-30, 30, (6, 3, 16)) / 16).astype(np.float32),
            np.array([0.5, 0.0, -0.25], np.float32),
        )
    )
    network, events = rtl.trace(model, FEATURES), corner_events(FEATURES)
    expected = network.predict(events)
    assert expected.std(axis=0).min() > 5
    assert (emulator_of(network, tmp_path).predict(events) == expected).all()


@pytest.fixture(scope="module")
def linear():
    return graph_of(lambda x: np.stack([x[0] + 5 * x[1] + 0.375, x[1].lookup(TABLE)]))


@pytest.fixture(scope="module")
def written(linear, tmp_path_factory):
    return project_of(linear, tmp_path_factory.mktemp("emulator"), classes=["q", "g"])


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 33])
def test_any_number_of_events_is_computed(linear, written, count):
    events = corner_events(CONTRACT)[:count]
    found = Emulator(written.path, CONTRACT, linear.score_format).predict(events)
    assert found.shape == (count, 2)
    assert (found == linear.predict(events)).all()


@pytest.mark.parametrize(("old", "new"), [(" + 12)", " + 13)"), ("TABLE", "")])
def test_one_changed_constant_in_the_header_is_seen(linear, tmp_path, old, new):
    project = project_of(linear, tmp_path)
    events = corner_events(CONTRACT)
    before = Emulator(project.path, CONTRACT, linear.score_format).predict(events)
    header = project.path / "include" / "codesign" / "small.h"
    text = header.read_text()
    if old == "TABLE":
        row = next(line for line in text.splitlines() if line.startswith(f"    {int(TABLE[32] * 8)}, "))
        old, new = row, row.replace(f"    {int(TABLE[32] * 8)}, ", f"    {int(TABLE[32] * 8) + 1}, ", 1)
    assert text.count(old) > 0
    header.write_text(text.replace(old, new, 1))
    after = Emulator(project.path, CONTRACT, linear.score_format).predict(events)
    assert (before == linear.predict(events)).all()
    assert (after != linear.predict(events)).any()


def test_the_same_network_gives_the_same_files(linear, written, tmp_path):
    again = project_of(linear, tmp_path / "again", classes=["q", "g"])
    assert again.files == written.files
    for file in again.files:
        assert (again.path / file).read_bytes() == (written.path / file).read_bytes(), file


def test_the_version_tells_networks_contracts_and_classes_apart(linear, written, tmp_path):
    other = graph_of(lambda x: np.stack([x[0] + 5 * x[1] + 0.375, x[1].lookup(TABLE + 0.125)]))
    shifted = InputContract((InputFormat("a", "GeV", -2.75, 0.25, 8, integer=3), *CONTRACT.inputs[1:]))
    versions = {
        written.version,
        project_of(other, tmp_path / "1", classes=["q", "g"]).version,
        project_of(linear, tmp_path / "2", classes=["g", "q"]).version,
        write_emulator(tmp_path / "3", linear, shifted, ["q", "g"], "small").version,
    }
    assert len(versions) == 4


def test_an_unchanged_emulator_is_not_compiled_again(linear, tmp_path):
    first = emulator_of(linear, tmp_path)
    first.compile()
    (library,) = tmp_path.glob("emulator-*.so")
    stamp = library.stat().st_mtime_ns
    Emulator(tmp_path, CONTRACT, linear.score_format).compile()
    assert library.stat().st_mtime_ns == stamp


def test_an_unknown_operation_is_named(linear, tmp_path):
    graph = linear.graph
    ops = [op._replace(opcode=77) if op.opcode == 8 else op for op in graph.ops]
    strange = linear.__class__(graph._replace(ops=ops), CONTRACT)
    with pytest.raises(FirmwareError, match=r"emulator: v\d+ is the unknown operation 77 of alkaid"):
        project_of(strange, tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_value_beyond_64_bits_is_named(tmp_path):
    network = graph_of(lambda x: np.stack([(x[3] * x[3] * x[3] * x[3] * x[0]).quantize(1, 4, 4), x[0]]))
    with pytest.raises(FirmwareError, match=r"v\d+ \(product\) needs 6\d bits, the C\+\+ emulator holds 64"):
        project_of(network, tmp_path)


def test_62_bits_are_computed(tmp_path):
    contract = InputContract((InputFormat("d", "", 0.0, 1.0, 22, integer=4), InputFormat("e", "", 0.0, 1.0, 20)))
    network = graph_of(lambda x: np.stack([(x[0] * x[0] * x[1]).quantize(1, 4, 8), x[1]]), contract)
    assert max(sum(op.qint.kif) for op in network.graph.ops) >= 62
    events = corner_events(contract)
    # The integer model's doubles do not hold 61 bits: exact integers of Python do.
    d, e = events.astype(object).T
    step = 2 * 18 + 17 - 8
    exact = np.array([((x * x * y >> step) + 4096) % 8192 - 4096 for x, y in zip(d, e, strict=True)])
    found = emulator_of(network, tmp_path).predict(events)
    scale = network.score_format.fractional - 8
    assert (found[:, 0] == exact * 2**scale).all()


@pytest.mark.parametrize(
    ("name", "proposed"), [("jet-tagger", "jet_tagger"), ("class", "emulator_class"), ("4top", "emulator_4top")]
)
def test_a_name_that_cpp_does_not_take_is_refused_with_a_proposal(linear, tmp_path, name, proposed):
    with pytest.raises(FirmwareError, match=f"got {name!r}; for example {proposed!r}"):
        project_of(linear, tmp_path, name)
    assert emulator_name(name) == proposed


def test_class_names_must_be_those_of_the_network(linear, tmp_path):
    with pytest.raises(FirmwareError, match="expected 2 class names, got 3"):
        project_of(linear, tmp_path, classes=["a", "b", "c"])


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (np.zeros((3, 5), np.int64), r"expected integers of shape \(n, 4\), got int64 \(3, 5\)"),
        (np.zeros((3, 4)), r"expected integers of shape \(n, 4\), got float64 \(3, 4\)"),
        (np.array([[0, 0, 0, 0], [0, 0, -1, 0]]), "input 'c': event 1 is -1, expected 0 to 31"),
        (np.array([[0, 32, 0, 0]]), "input 'b': event 0 is 32, expected -32 to 31"),
    ],
)
def test_integers_that_the_port_cannot_carry_are_refused(linear, written, events, message):
    with pytest.raises(DataError, match=message):
        Emulator(written.path, CONTRACT, linear.score_format).predict(events)


def test_missing_damaged_and_foreign_projects_are_refused(linear, tmp_path):
    with pytest.raises(FirmwareError, match="the emulator is missing; generate the firmware again"):
        Emulator(tmp_path, CONTRACT, linear.score_format).compile()
    project = project_of(linear, tmp_path)
    with pytest.raises(FirmwareError, match="the emulator's inputs are not those of this firmware"):
        Emulator(tmp_path, EVENT, linear.score_format).compile()
    (project.path / "emulator.json").write_text("{")
    with pytest.raises(FirmwareError, match="damaged"):
        Emulator(tmp_path, CONTRACT, linear.score_format).compile()


def test_code_with_other_ports_than_its_manifest_is_refused(linear, tmp_path):
    project = project_of(linear, tmp_path)
    manifest = project.path / "emulator.json"
    manifest.write_text(manifest.read_text().replace('"score 1"', '"score 1", "more"'))
    with pytest.raises(FirmwareError, match=r"the code has \(4, 2\) inputs and outputs, its manifest \(4, 3\)"):
        Emulator(tmp_path, CONTRACT, linear.score_format).compile()


def test_code_that_does_not_compile_is_one_error(linear, tmp_path):
    project = project_of(linear, tmp_path)
    source = project.path / "src" / "c_api.cpp"
    source.write_text(source.read_text().replace("Emulator::inputs", "Emulator::ports"))
    with pytest.raises(FirmwareError, match="the emulator does not compile"):
        Emulator(tmp_path, CONTRACT, linear.score_format).compile()
    assert not list(tmp_path.glob("emulator-*"))


def test_bits_outside_a_format_wrap_as_in_hardware():
    fmt = IntegerFormat(True, 4, 1)
    kept = Term.of("x", -100, 100, 3).kept(fmt)
    for x in range(-100, 101):
        expected = ((x >> 2) + 8) % 16 - 8
        assert eval(kept.text, {"x": x}) == expected
        assert kept.low <= expected <= kept.high
