"""The LHC bunch clock."""

import math

BUNCH_CLOCK_MHZ = 40.0789  # at top energy; one bunch crossing is 24.95 ns


def bunch_crossings(latency_ns: float) -> int:
    """Bunch crossings a latency takes, rounded up.

    A thousandth of a crossing (25 ps) is forgiven: the clocks are multiples of the bunch clock, stated with few digits.
    """
    return math.ceil(latency_ns * BUNCH_CLOCK_MHZ / 1000.0 - 1e-3)
