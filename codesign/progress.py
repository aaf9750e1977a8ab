"""How long work tells how far it is."""

from collections.abc import Callable

# progress(what is being done, amount done, amount in all); an amount in all of 0 means "not known".
Progress = Callable[[str, int, int], None]


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody asked for."""
