"""The schedule that steers the resource cost EBOPs to its target during one training."""

from typing import Any

from codesign.config import QuantizationSection, TrainingSection
from codesign.models.quantizers import INITIAL_BETA

# Gains of the controller on log10(EBOPs / target): tried on the jet tagger at 2k to 20k EBOPs. The integral term walks
# from the free network (about 300k EBOPs) to the target within half of a training of 100 to 1000 epochs.
PROPORTIONAL = 0.8
INTEGRAL_OVER_TRAINING = 8.0
MAX_BETA = 1e-3


def cost_controller(quantization: QuantizationSection, training: TrainingSection) -> Any:
    """HGQ2's PID controller of the EBOPs weight, scaled so that a longer training follows the same path.

    Args:
        quantization: the EBOPs target.
        training: number of epochs and the warm-up before the cost is steered.

    Returns:
        Keras callback; it logs ``ebops`` and ``beta`` after each epoch.
    """
    from hgq.utils.sugar import BetaPID

    return BetaPID(
        quantization.target_ebops,
        init_beta=INITIAL_BETA,
        p=PROPORTIONAL,
        i=INTEGRAL_OVER_TRAINING / training.epochs,
        warmup=max(1, round(training.warmup_fraction * training.epochs)),
        max_beta=MAX_BETA,
        damp_beta_on_target=0.05,
    )
