"""Faults in look-up tables: one wrong bit of one entry."""

import re
from functools import partial

from codesign.verify.mutation.sites import Fault, Site, choose_value

ENTRY = re.compile(r"'h[0-9A-F]+: out = (?P<value>(?P<width>\d+)'h[0-9A-F]+);")


def table_sites(text: str) -> list[Site]:
    """One site per entry; none in text without tables."""
    return [_site(match) for match in ENTRY.finditer(text)]


def _site(match: re.Match[str]) -> Site:
    width = int(match["width"])
    faults = tuple(
        Fault("weight or shift", f"bit {bit} of a table entry", f"{match['value']} ^ {width}'d{1 << bit}")
        for bit in sorted({0, width - 1})
    )
    return Site(match.start("value"), match.end("value"), faults, partial(choose_value, match["value"]))
