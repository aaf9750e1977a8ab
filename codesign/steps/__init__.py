"""Each step over a run directory: read what earlier steps left, call the library, return the record.

The functions named ``*_inputs`` return what determines a step's result besides the records of the steps before it.
Heavy packages are imported inside the steps that need them, so that verification, synthesis and report run on a host
without the machine-learning stack.
"""

from codesign.steps.checks import check_names, check_tools
from codesign.steps.firmware import generate, generate_inputs
from codesign.steps.network import evaluate, evaluate_inputs, fit_key, prepare, prepare_inputs, train, train_inputs
from codesign.steps.page import report, report_inputs
from codesign.steps.proof import remember_full, verify, verify_inputs, wants_full
from codesign.steps.resources import synth, synth_inputs
from codesign.steps.settings import MODEL, SCORES, TRAINING_STATE, remember_boards

__all__ = [
    "MODEL", "SCORES", "TRAINING_STATE", "check_names", "check_tools", "evaluate", "evaluate_inputs", "fit_key",
    "generate", "generate_inputs", "prepare", "prepare_inputs", "remember_boards", "remember_full", "report",
    "report_inputs", "synth", "synth_inputs", "train", "train_inputs", "verify", "verify_inputs", "wants_full",
]  # fmt: skip
