"""What the convolutional networks share: the check that their layers fit the input."""

from collections.abc import Sequence

from codesign.errors import ConfigError


def require_fitting_layers(
    extents: Sequence[int],
    filters: Sequence[int],
    kernel: Sequence[Sequence[int]],
    strides: Sequence[Sequence[int]],
) -> None:
    """Refuse convolutions without padding that do not fit their input.

    Args:
        extents: length of the input along each axis that the kernels move on.
        filters: channels of each layer.
        kernel: length of the kernel along each axis, by layer.
        strides: step along each axis, by layer.

    Raises:
        ConfigError: the lists differ in length, or a kernel is longer than what the layers before it leave.
    """
    if not len(filters) == len(kernel) == len(strides):
        raise ConfigError(
            f"model: expected as many entries in kernel and strides as in filters, got {len(filters)} filters, "
            f"{len(kernel)} kernel, {len(strides)} strides"
        )
    left = list(extents)
    for index, (window, step) in enumerate(zip(kernel, strides, strict=True), start=1):
        if any(wanted > length for wanted, length in zip(window, left, strict=True)):
            raise ConfigError(
                f"model.kernel: convolution {index} gets {_times(left)} values, smaller than its kernel of "
                f"{_times(window)}; shorten kernel or strides"
            )
        left = [(length - wanted) // by + 1 for length, wanted, by in zip(left, window, step, strict=True)]


def _times(lengths: Sequence[int]) -> str:
    return " × ".join(str(length) for length in lengths)
