"""One wording for "this name is not known": what was found, what was meant, what there is."""

import difflib
from collections.abc import Iterable


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Describe an unknown name with the nearest known one and the full list.

    Args:
        kind: What the name names, for example ``"column"``.
        name: What the user wrote.
        known: The names that exist, in the order in which they are listed.

    Returns:
        One line without a trailing full stop, to be completed by the caller with the place.
    """
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else ";"
    return f"unknown {kind} {name!r}{hint} known: {', '.join(names) or 'none'}"
