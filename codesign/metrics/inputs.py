"""Checks of the arrays that metrics are computed from: what cannot be judged is refused, nothing is repaired."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.errors import DataError

Weights = NDArray[np.float64] | None

_LARGEST_INTEGER = 2**62  # leaves room for the integer above the largest score


def checked_scores(name: str, scores: ArrayLike) -> NDArray[Any]:
    """Return scores as int64 if they are integers, else in the floating-point type that they have.

    Args:
        name: what they are, for messages.
        scores: shape (n,), n > 0.

    Raises:
        DataError: no scores, not one number per event, NaN or infinite.
    """
    values = _array(name, scores)
    if values.ndim != 1 or values.dtype.kind not in "iuf" or values.dtype.itemsize > 8:
        raise DataError(f"{name}: expected one number of at most 64 bits per event, found {_found(values)}")
    if not values.size:
        raise DataError(f"{name}: expected at least one event, found none")
    if values.dtype.kind == "f":
        _require_finite(name, values)
        if values.max() == np.finfo(values.dtype).max:
            raise DataError(f"{name}: expected numbers with one above them, found the largest {values.dtype}")
        return values
    if max(-int(values.min()), int(values.max())) > _LARGEST_INTEGER:
        raise DataError(f"{name}: expected integers within ±2^62, found {values.min()} to {values.max()}")
    return values.astype(np.int64)


def checked_weights(name: str, weights: ArrayLike | None, events: int) -> Weights:
    """Return event weights as float64, or None where every event counts as one.

    Args:
        name: what they weigh, for messages.
        weights: shape (events,), or None.
        events: number of events.

    Raises:
        DataError: a wrong shape, NaN, infinite or negative weights, or all of them zero.
    """
    if weights is None:
        return None
    values = _numbers(f"{name}: weights", weights, (events,))
    if (values < 0).any():
        index = int(np.argmax(values < 0))
        raise DataError(f"{name}: weights: expected none below 0, found {values[index]:g} at event {index}")
    if events and not values.any():
        raise DataError(f"{name}: weights: expected some above 0, found only zeros")
    return values


def weights_of(weights: Weights, chosen: NDArray[np.bool_]) -> Weights:
    """Return the weights of chosen events."""
    return None if weights is None else weights[chosen]


def checked_variable(name: str, values: ArrayLike, events: int) -> NDArray[np.float64]:
    """Return one finite number per event as float64 of shape (events,).

    Raises:
        DataError: a wrong shape, NaN or infinite.
    """
    return _numbers(name, values, (events,))


def checked_mask(name: str, mask: ArrayLike, events: int | None = None) -> NDArray[np.bool_]:
    """Return one yes or no per event, bool of shape (n,), from booleans or from integers 0 and 1.

    Args:
        name: what it says, for messages.
        mask: shape (n,), n > 0.
        events: n if it is known.

    Raises:
        DataError: a wrong shape, no events, or other values than 0 and 1.
    """
    values = checked_bits(name, mask)
    if values.ndim != 1 or not values.size or (events is not None and values.size != events):
        expected = "at least one event" if events is None else f"shape ({events},)"
        raise DataError(f"{name}: expected one value per event, {expected}, found shape {values.shape}")
    return values


def checked_bits(name: str, bits: ArrayLike) -> NDArray[np.bool_]:
    """Return booleans, or integers 0 and 1, as bool of the same shape.

    Raises:
        DataError: other values.
    """
    values = _array(name, bits)
    if values.size and not _zero_or_one(values):
        raise DataError(f"{name}: expected true and false, or 0 and 1, found {_found(values)}")
    return values.astype(np.bool_)


def checked_signal(is_signal: ArrayLike, events: int, fewest: int = 1) -> NDArray[np.bool_]:
    """Return which events are signal, bool of shape (events,).

    Raises:
        DataError: a wrong shape, or fewer than ``fewest`` signal or background events.
    """
    signal = checked_mask("is_signal", is_signal, events)
    for name, count in (("signal", int(signal.sum())), ("background", int((~signal).sum()))):
        if count < fewest:
            raise DataError(f"{name}: expected at least {fewest} {_plural(fewest)}, found {count}")
    return signal


def checked_pair(
    scores: ArrayLike, is_signal: ArrayLike, weights: ArrayLike | None, fewest: int = 1
) -> tuple[NDArray[Any], NDArray[np.bool_], Weights]:
    """Return scores, which of them are signal, and weights, each of shape (n,).

    Raises:
        DataError: NaN, wrong shapes, fewer than ``fewest`` signal or background events, weights that are no weights.
    """
    values = checked_scores("scores", scores)
    signal = checked_signal(is_signal, values.size, fewest)
    checked = checked_weights("scores", weights, values.size)
    for name, kind in (("signal", signal), ("background", ~signal)):
        checked_weights(name, weights_of(checked, kind), int(kind.sum()))
    return values, signal, checked


def checked_table(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return one number per event and class, float64 of shape (n, classes).

    Raises:
        DataError: another shape, no classes, NaN or infinite.
    """
    array = _array(name, values)
    if array.ndim != 2 or not array.shape[1]:
        raise DataError(f"{name}: expected shape (n, classes), found {array.shape}")
    return _numbers(name, array, array.shape)


def checked_classes(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return class indices, shape (n,), and scores, shape (n, classes), n > 0.

    Raises:
        DataError: wrong shapes, no events, scores that are NaN or infinite, or an index without a score.
    """
    values, index = checked_table("scores", scores), _array("labels", labels)
    if not len(values):
        raise DataError("scores: expected at least one event, found none")
    if index.shape != values.shape[:1] or index.dtype.kind not in "iu":
        raise DataError(f"labels: expected class indices of shape ({len(values)},), found {_found(index)}")
    if not 0 <= index.min() <= index.max() < values.shape[1]:
        last = values.shape[1] - 1
        raise DataError(f"labels: expected class indices 0 to {last}, found {index.min()} to {index.max()}")
    return index.astype(np.int64), values


def checked_rising(name: str, values: ArrayLike, fewest: int) -> NDArray[Any]:
    """Return numbers that rise, int64 if they are integers, else float64, of shape (k,).

    Raises:
        DataError: another shape, fewer than ``fewest``, NaN, infinite, or not rising.
    """
    array = _array(name, values)
    if array.ndim != 1 or array.size < fewest or array.dtype.kind not in "iuf":
        raise DataError(f"{name}: expected at least {fewest} numbers, found {_found(array)}")
    _require_finite(name, array)
    if (array[1:] <= array[:-1]).any():
        raise DataError(f"{name}: expected rising numbers, each once, found {array.tolist()[:8]}")
    return array.astype(np.float64 if array.dtype.kind == "f" else np.int64)


def checked_fraction(name: str, value: float) -> float:
    """Return a number between 0 and 1, both excluded.

    Raises:
        DataError: it is not.
    """
    if not 0.0 < value < 1.0:
        raise DataError(f"{name}: expected a number between 0 and 1, both excluded, found {value:g}")
    return float(value)


def _array(name: str, values: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise DataError(f"{name}: expected an array of numbers: {error}") from None


def _numbers(name: str, values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    array = _array(name, values)
    if array.shape != shape or array.dtype.kind not in "biuf":
        raise DataError(f"{name}: expected numbers of shape {shape}, found {_found(array)}")
    _require_finite(name, array)
    return array.astype(np.float64, copy=False)


def _require_finite(name: str, values: NDArray[Any]) -> None:
    bad = ~np.isfinite(values)
    if bad.any():
        index = int(np.argwhere(bad)[0][0])
        raise DataError(f"{name}: expected finite numbers, found {int(bad.sum())} NaN or infinite, first at {index}")


def _zero_or_one(values: NDArray[Any]) -> bool:
    return values.dtype.kind == "b" or (values.dtype.kind in "iu" and bool(0 <= values.min() <= values.max() <= 1))


def _found(values: NDArray[Any]) -> str:
    return f"{values.dtype} of shape {values.shape}"


def _plural(count: int) -> str:
    return "event" if count == 1 else "events"
