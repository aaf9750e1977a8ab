"""The configuration: one validated TOML file that states data, network, input contract, board and budget."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from codesign.config_firmware import FirmwareSection, VerificationSection
from codesign.config_synthesis import SynthesisSection
from codesign.sections import Section, parse_section, read_section

Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, le=1)]


class BlockSection(Section):
    """What of one block of the data set becomes inputs.

    Attributes:
        columns: columns in the order of the input word; empty means all.
        slots: number of objects per row; absent means as many as the data set has.
        order_by: column in whose decreasing order the objects stand, and which is zero in an empty slot; absent
            means "pt" where there is such a column.
    """

    columns: tuple[str, ...] = ()
    slots: Annotated[int, Field(ge=1)] | None = None
    order_by: str | None = None


class DataSection(Section):
    """Which data set, and what of it becomes inputs.

    Attributes:
        file: HDF5 data set; a relative path starts at the configuration file.
        blocks: blocks of the data set in the order of the input word; may be absent where there is only one.
    """

    file: str
    blocks: dict[str, BlockSection] = Field(default_factory=dict)


class GivenInput(Section):
    """Parts of one input's hardware format that are fixed by hand.

    Attributes:
        offset: physical value of hardware integer 0.
        lsb: one hardware count in physical units; firmware is cheapest with a power of two.
        width: bits.
        signed: two's complement or unsigned.
    """

    offset: float | None = None
    lsb: Positive | None = None
    width: Annotated[int, Field(ge=1, le=24)] | None = None
    signed: bool | None = None


class ContractSection(Section):
    """How physical inputs become hardware integers (`codesign.contract`).

    Attributes:
        preset: scales of an experiment's trigger links (`codesign.presets`); absent derives them from the training
            split.
        width: bits of every input that has no width of its own.
        network_integer: integer bits (sign counted) of the value the network sees; absent puts the binary point of each
            input where its training values have a standard deviation near 1.
        coverage: fraction of the training values that must fit without saturation.
        inputs: formats fixed by hand, by input ("mass"), or by block and column for all slots ("jets.pt").
    """

    preset: str | None = None
    width: Annotated[int, Field(ge=2, le=24)] = 12
    network_integer: Annotated[int, Field(ge=1, le=12)] | None = None
    coverage: Fraction = 0.999
    inputs: dict[str, GivenInput] = Field(default_factory=dict)


class TaskSection(Section):
    """What the network is for.

    Attributes:
        kind: "classification" (one logit per class) or "anomaly" (one score, learned from background alone).
        background: classes an anomaly detector learns from, and against which it is judged; absent means the first
            class of the data set.
        score: anomaly score that becomes firmware (`codesign.models.scores.SCORES`).
    """

    kind: Literal["classification", "anomaly"] = "classification"
    background: tuple[str, ...] = ()
    score: str = "kl"


class EvaluationSection(Section):
    """Where the physics of a network is quoted.

    Attributes:
        fpr: background efficiencies at which the signal efficiency is quoted.
        rates_khz: trigger rates at which it is quoted; only where every background row stands for one bunch crossing.
        colliding_bunches: bunch pairs that collide in one orbit; turns efficiencies into rates.
        menu: block of the data set with the decisions of an existing trigger menu; the rate on top of it is quoted.
        stability: column, as "block.column", against which the rate of the background is tested for flatness.
    """

    fpr: Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(min_length=1)] = (1e-2, 1e-3, 1e-4, 1e-5)
    rates_khz: tuple[Positive, ...] = ()
    colliding_bunches: Annotated[int, Field(ge=1, le=3564)] = 2760
    menu: str | None = None
    stability: Annotated[str, Field(pattern=r"^[^.]+\.[^.]+$")] | None = None


class ModelSection(Section):
    """The network: its architecture and the keys of that architecture.

    Attributes:
        architecture: name in `codesign.models.MODELS`; the class ``Options`` of its file documents the other keys.
    """

    model_config = ConfigDict(extra="allow")

    architecture: str = "mlp"

    @property
    def options(self) -> dict[str, Any]:
        """The architecture's own keys, not validated yet (`codesign.models.registry.require_architecture`)."""
        return dict(self.model_extra or {})


class LayerQuantization(Section):
    """Widths of one layer, where they are not those of all layers.

    Attributes:
        weights, biases, activations: as in the ``quantization`` table; ``activations`` are the inputs of the layer.
        weight_bits, activation_bits: likewise.
    """

    weights: str | None = None
    biases: str | None = None
    activations: str | None = None
    weight_bits: Annotated[int, Field(ge=2, le=16)] | None = None
    activation_bits: Annotated[int, Field(ge=2, le=16)] | None = None


class QuantizationSection(Section):
    """How the widths of weights and activations come about, and what a training pays for them.

    Attributes:
        method: "hgq" (trained together with the weights, their cost EBOPs in the loss), "fixed" (given as QKeras
            quantisers and trained with), "ptq" (trained with wide ones, rounded to given widths afterwards) or "float"
            (so wide that nothing is lost: a reference and a teacher; too wide for exact firmware).
        schedule: "hgq": how the weight of the cost is led: "path" (EBOPs follow a path to the target), "pid" (the
            controller of HGQ2 with the target as its set point), "ramp" (from ``beta`` to ``beta_final``) or "constant"
            (``beta``). With the last two the target only chooses the checkpoint.
        beta: "ramp", "constant": weight of the cost, at the start.
        beta_final: "ramp": weight of the cost at the end.
        target_ebops: "hgq": effective bit operations to reach; an upper bound of the LUT count.
        checkpoint_ebops: "hgq": the network is the best checkpoint of at most so many EBOPs; absent means the target
            and 5 %. Where only this key changes, another checkpoint of the kept front is taken without training again.
        weight_bits: "hgq": bits of every weight at the start. "ptq": width of every weight, sign included.
        activation_bits: "hgq": fractional bits of every activation at the start. "ptq": width of every activation, sign
            included where it has one.
        weights: "fixed": quantiser of the weights.
        biases: "fixed": quantiser of the biases; absent means as the weights.
        activations: "fixed": quantiser of what enters a layer. A ``quantized_relu`` cuts negative values.
        inputs: "fixed": quantiser of what enters the first layers.
        layers: "fixed", "ptq": widths by layer name.
    """

    method: Literal["hgq", "fixed", "ptq", "float"] = "hgq"
    schedule: Literal["path", "pid", "ramp", "constant"] = "path"
    beta: Positive = 1e-6
    beta_final: Positive = 1e-4
    target_ebops: Positive = 5000.0
    checkpoint_ebops: Positive | None = None
    weight_bits: Annotated[int, Field(ge=2, le=16)] = 6
    activation_bits: Annotated[int, Field(ge=1, le=16)] = 6
    weights: str = "quantized_bits(6,0,alpha=1)"
    biases: str | None = None
    activations: str = "quantized_bits(8,3)"
    inputs: str = "quantized_bits(12,3)"
    layers: dict[str, LayerQuantization] = Field(default_factory=dict)


class PruningSection(Section):
    """Which weights become exactly zero, besides those that a training gives no bits.

    Attributes:
        method: "magnitude" (the smallest weights), "wanda" (the smallest products of weight and size of its input),
            "activation" (neurons that are rarely active), or a method of PQuant whose masks take part in the training:
            "pdp" (like "magnitude" with a soft edge) or "cs" (each weight learns whether it is kept).
        sparsity: fraction of each layer's weights (or neurons) that is zero at the end; not for "activation", "cs".
        start_fraction: fraction of the epochs after which the pruning begins.
        end_fraction: fraction of the epochs after which the zeros stay; only later checkpoints are chosen.
        structured: "none" (single weights) or "neurons" ("magnitude": all weights of an output, not of the last layer).
        threshold: "activation": smallest accepted fraction of training rows on which a neuron is not zero.
        decay: "cs": weight of the masks' sum in the loss; more prunes more.
    """

    method: Literal["magnitude", "wanda", "activation", "pdp", "cs"] = "magnitude"
    sparsity: Annotated[float, Field(ge=0, lt=1)] = 0.5
    start_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.1
    end_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.6
    structured: Literal["none", "neurons"] = "none"
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.05
    decay: Positive = 1e-4


class DistillationSection(Section):
    """A large network of wide numbers, trained first, that teaches the one that becomes firmware.

    Attributes:
        teacher: the teacher's ``model`` table.
        members: networks of the teacher, with different seeds; their outputs are averaged.
        epochs: passes of each member over the training split; absent as many as the student's.
        learning_rate: peak of the teacher's; absent the student's.
        temperature: classifier: softens both networks' probabilities.
        weight: classifier: share of the teacher in the loss; the rest is the labels'.
        score: anomaly detector: score of the teacher that the student learns.
    """

    teacher: dict[str, Any]
    members: Annotated[int, Field(ge=1, le=32)] = 1
    epochs: Annotated[int, Field(ge=1)] | None = None
    learning_rate: Positive | None = None
    temperature: Positive = 2.0
    weight: Fraction = 0.5
    score: str = "kl"


class TrainingSection(Section):
    """Fit parameters.

    Attributes:
        epochs: passes over the training split.
        batch_size: rows per step.
        learning_rate: peak of the cosine schedule.
        warmup_fraction: fraction of the epochs before the resource cost is steered.
        descent_fraction: fraction of the epochs over which EBOPs are led down to the target; the rest trains there.
        patience: the training ends early when the best checkpoint within the target has not changed for so many epochs;
            absent trains all epochs.
    """

    epochs: Annotated[int, Field(ge=1)] = 600
    batch_size: Annotated[int, Field(ge=1)] = 1024
    learning_rate: Positive = 1e-2
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.1
    descent_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.3
    patience: Annotated[int, Field(ge=1)] | None = None


class BudgetSection(Section):
    """Limits that decide between success and exit status 1; an absent limit is not checked.

    Attributes:
        latency_ns: input register to output register.
        latency_bunch_crossings: the same in LHC bunch crossings of 24.95 ns, rounded up.
        initiation_interval: clock cycles between two inputs.
        lut, ff, dsp, bram_18k: resources on the firmware's board.
        lut_share: LUT as a fraction of the board.
        ebops: effective bit operations of the trained network.
        accuracy: smallest accepted test accuracy of a classifier.
        auc: smallest accepted area under the ROC curve, of the worst class, or of the worst signal on the deployed
            score.
        tpr: smallest accepted signal efficiency of an anomaly detector, of the worst signal on the deployed score, at
            the working point ``tpr_fpr``.
        tpr_fpr: background efficiency of that working point, one of ``evaluation.fpr``.
    """

    latency_ns: Positive | None = None
    latency_bunch_crossings: Positive | None = None
    initiation_interval: Annotated[int, Field(ge=1)] | None = None
    lut: Annotated[int, Field(ge=0)] | None = None
    ff: Annotated[int, Field(ge=0)] | None = None
    dsp: Annotated[int, Field(ge=0)] | None = None
    bram_18k: Annotated[int, Field(ge=0)] | None = None
    lut_share: Fraction | None = None
    ebops: Positive | None = None
    accuracy: Fraction | None = None
    auc: Fraction | None = None
    tpr: Fraction | None = None
    tpr_fpr: Annotated[float, Field(gt=0, lt=1)] | None = None

    @model_validator(mode="after")
    def _tpr_at_a_point(self) -> Self:
        if (self.tpr is None) != (self.tpr_fpr is None):
            raise ValueError("tpr and tpr_fpr together, the efficiency and the working point that it is limited at")
        return self

    def limits(self) -> dict[str, float]:
        """The limits that are set, by name."""
        limits = self.model_dump(exclude={"tpr_fpr"}, exclude_none=True)
        return {name: float(value) for name, value in limits.items()}


class Config(Section):
    """The whole file.

    Attributes:
        name: name of the run; its directory is ``runs/<name>``.
        seed: seed of every random choice.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    data: DataSection
    contract: ContractSection = ContractSection()
    task: TaskSection = TaskSection()
    model: ModelSection = ModelSection()
    quantization: QuantizationSection = QuantizationSection()
    pruning: PruningSection | None = None
    distillation: DistillationSection | None = None
    training: TrainingSection = TrainingSection()
    evaluation: EvaluationSection = EvaluationSection()
    firmware: FirmwareSection = FirmwareSection()
    verification: VerificationSection = VerificationSection()
    synthesis: SynthesisSection = SynthesisSection()
    budget: BudgetSection = BudgetSection()

    @model_validator(mode="before")
    @classmethod
    def _no_data_for_an_imported_network(cls, content: Any) -> Any:
        """An imported network brings its input contract and its weights: there is nothing to learn from."""
        model = content.get("model") if isinstance(content, dict) else None
        if isinstance(model, dict) and model.get("architecture") == "imported":
            return {"data": {"file": ""}, **content}
        return content

    @classmethod
    def parse(cls, text: str, where: str) -> Self:
        """Validate TOML text; ``where`` names its file in errors.

        Raises:
            ConfigError: not TOML, an unknown key, a wrong type or a value out of range.
        """
        return parse_section(cls, text, where)


def read_config(path: Path) -> Config:
    """Read and validate a configuration file.

    Raises:
        ConfigError: the file is missing or wrong.
    """
    return read_section(Config, path, "configuration file")
