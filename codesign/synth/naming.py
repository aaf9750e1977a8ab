"""The part of an error message that helps with a mistyped name."""

import difflib
from collections.abc import Iterable


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Text such as ``unknown board 'mp8': nearest 'mp7'; known: mp7, ku115``.

    Args:
        kind: what the name stands for, for example ``board``.
        name: what the user wrote.
        known: every name there is.
    """
    names = list(known)
    near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    hint = f"nearest {' or '.join(map(repr, near))}; " if near else ""
    return f"unknown {kind} {name!r}: {hint}known: {', '.join(names)}"
