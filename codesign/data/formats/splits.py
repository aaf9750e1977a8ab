"""The split of rows where a record gives it by file and not by row."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from codesign.data.reading import DRAW, TEST, TRAIN, VALIDATION

SplitChoice = Literal["draw", "train", "validation", "test"]
CODES: dict[SplitChoice, int] = {"draw": DRAW, "train": TRAIN, "validation": VALIDATION, "test": TEST}


def chosen_split(choice: SplitChoice, rows: int) -> NDArray[np.uint8]:
    """Return the code of a chosen split for each of ``rows`` rows, shape (rows,)."""
    return np.full(rows, CODES[choice], np.uint8)
