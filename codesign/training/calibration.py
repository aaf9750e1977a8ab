"""Ranges of activations from rows."""

from hgq.utils import trace_minmax

from codesign.models.network import Network
from codesign.training.sample import Sample

TRACE_BATCH = 4096


def calibrate(network: Network, train: Sample, *, reset: bool = True) -> float:
    """Give every wrapping activation the range of the training rows.

    Args:
        network: the network.
        train: training rows, with the saturated ones.
        reset: forget earlier ranges; otherwise they only grow.

    Returns:
        EBOPs of the deployed network.
    """
    for score in network.scores.values():
        if score is not network.deployed:
            trace_minmax(score, train.values, reset=reset, batch_size=TRACE_BATCH)
    return float(trace_minmax(network.deployed, train.values, reset=reset, batch_size=TRACE_BATCH))
