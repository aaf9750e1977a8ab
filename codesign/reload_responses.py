"""Other weights for the firmware with weights in registers, and what the network answers with them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract
from codesign.fixed_point import FixedPoint
from codesign.run import Run, digest, digest_files
from codesign.verify.step import OtherWeights

FILE = "vectors/reload.npz"


def reload_and_responses(
    run: Run, contract: InputContract, firmware: dict[str, Any], inputs: NDArray[np.int64]
) -> OtherWeights:
    """Random weights of the trained ones' formats, and the scores of the integer model with them.

    They are made once per network, where the machine-learning stack is, and read back after that.
    """
    network = digest_files([run.path / "model.keras", run.path / "vectors" / "stimulus.npz"], run.path)
    wanted = digest(run.config.seed, firmware["reloadable"], network)
    path = run.path / FILE
    if path.is_file():
        with np.load(path) as kept:
            if str(kept["digest"]) == wanted:
                return OtherWeights([int(word) for word in kept["registers"]], kept["scores"])
    from codesign.firmware.reloadable import other_weights, register_words, stages_of, with_words
    from codesign.firmware.rtl import trace
    from codesign.models.store import load_model

    part = firmware["reloadable"]
    model, fixed = load_model(run.path / "model.keras"), FixedPoint.parse(part["score_format"])
    trained = stages_of(model, contract)
    others = other_weights(trained, run.config.seed)
    found = trace(with_words(model, others), contract)
    scores = fixed.exact_int(found.score_format.from_int(found.predict(inputs)))
    registers = [word for stages in (trained, others) for word in register_words(stages, part["data_bits"])]
    np.savez_compressed(path, digest=wanted, registers=np.array(registers, dtype=np.int64), scores=scores)
    return OtherWeights(registers, scores)
