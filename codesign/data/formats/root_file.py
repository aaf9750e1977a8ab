"""Trees of ROOT files through uproot: what they hold, and their branches as numbers, with readable errors."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.data.reading import require_package
from codesign.errors import CodesignError, DataError
from codesign.naming import unknown_name

TREES = ("TTree", "TNtuple", "TNtupleD", "ROOT::RNTuple", "ROOT::Experimental::RNTuple")
NEAREST = 8  # branches named in a message; a NanoAOD file has thousands


class Lists(NamedTuple):
    """A branch with a list per event.

    Attributes:
        values: the lists one after the other, shape (total,).
        counts: length of each list, shape (n,).
    """

    values: NDArray[Any]
    counts: NDArray[np.int64]


class Tree:
    """An open TTree or RNTuple.

    Attributes:
        path: the file.
        rows: number of entries.
    """

    def __init__(self, tree: Any, path: Path) -> None:
        self._tree = tree
        self._names = tuple(tree.keys())
        self.path = path
        self.rows = int(tree.num_entries)

    def require(self, branch: str, *, listed: bool | None) -> None:
        """Check that a branch exists and holds numbers.

        Args:
            branch: its name.
            listed: whether it should have a list of numbers per event instead of one; ``None`` for either.

        Raises:
            DataError: it is missing (the message names the nearest), holds no numbers, or is a list and should not be.
        """
        kind = self._kind(branch)
        *lists, number = kind.split(" * ")
        if len(lists) > 1 or not _is_number(number):
            raise DataError(f"{self.path}: branch {branch}: expected numbers or lists of numbers, found {kind}")
        if listed is not None and bool(lists) != listed:
            wanted = "a list of numbers (objects, single)" if listed else "one number"
            raise DataError(f"{self.path}: branch {branch}: expected {wanted} per event, found {kind}")

    def is_list(self, branch: str) -> bool:
        """Return whether a branch has a list per event."""
        return " * " in self._kind(branch)

    def booleans(self, prefix: str) -> tuple[str, ...]:
        """Return the branches of booleans whose name begins with a prefix, in the order of the file.

        Raises:
            DataError: there is none.
        """
        names = [name for name in self._names if name.startswith(prefix)]
        found = tuple(name for name in names if self._kind(name) == "bool")
        if not found:
            raise DataError(f"{self.path}: expected branches of booleans whose name begins with {prefix}, found none")
        return found

    def read(self, branches: Iterable[str], start: int, stop: int) -> dict[str, NDArray[Any] | Lists]:
        """Read some rows of branches.

        Raises:
            DataError: the file is damaged.
        """
        import awkward as ak

        columns: dict[str, NDArray[Any] | Lists] = {}
        with damage_reported(self.path):
            for name in branches:
                array = self._tree[name].array(entry_start=start, entry_stop=stop, library="ak")
                if array.ndim == 1:
                    columns[name] = ak.to_numpy(array)
                else:
                    counts = np.asarray(ak.num(array, axis=1), np.int64)
                    columns[name] = Lists(ak.to_numpy(ak.flatten(array, axis=1)), counts)
        return columns

    def row_bytes(self, branches: Iterable[str]) -> float:
        """Return the size of a row, as far as the file tells."""
        sizes = (getattr(self._tree[name], "uncompressed_bytes", 0) for name in branches)
        return sum(sizes) / max(self.rows, 1)

    def _kind(self, branch: str) -> str:
        """Return the type of one event of a branch in the notation of Awkward Array, such as "var * float32"."""
        with damage_reported(self.path):
            # A branch of a split object ("L1Upgrade/egEt") is found under its own name too.
            if branch not in self._names and branch not in self._tree:
                close = difflib.get_close_matches(branch, self._names, NEAREST, cutoff=0.4)
                more = f", … ({len(self._names)} branches)" if len(self._names) > len(close) else ""
                raise DataError(f"{self.path}: {unknown_name('branch', branch, close)}{more}")
            return str(self._tree[branch].array(entry_start=0, entry_stop=0, library="ak").type.content)


@contextmanager
def open_tree(path: Path, name: str) -> Iterator[Tree]:
    """Open a tree of a file for the length of a ``with`` statement.

    Raises:
        DataError: no ROOT file, a damaged one, or no such tree (the message lists those that are there).
    """
    require_package("uproot", path)
    import uproot

    with damage_reported(path):
        file = uproot.open(path, array_cache=None)
    with file:
        with damage_reported(path):
            trees = [key for key, kind in file.classnames(cycle=False).items() if kind in TREES]
            if name not in trees:
                raise DataError(f"{path}: {unknown_name('tree', name, trees)}")
            tree = Tree(file[name], path)
        yield tree


@contextmanager
def damage_reported(path: Path) -> Iterator[None]:
    """Turn what uproot raises on damaged bytes into a DataError: errors of the file system, of itself, of codecs."""
    try:
        yield
    except (CodesignError, MemoryError):
        raise
    except Exception as error:  # uproot interprets bytes of the file, and raises whatever they lead to
        first_line = str(error).strip().split("\n")[0] or type(error).__name__
        raise DataError(f"{path}: no ROOT file, or damaged; copy or produce it again ({first_line})") from error


def same_counts(lists: Mapping[str, Lists], path: Path, block: str, first_row: int) -> NDArray[np.int64]:
    """Return the common number of objects per event.

    Raises:
        DataError: the branches disagree.
    """
    (first, expected), *others = [(name, column.counts) for name, column in lists.items()]
    for name, counts in others:
        wrong = np.flatnonzero(counts != expected)
        if wrong.size:
            row = int(wrong[0])
            raise DataError(
                f"{path}: row {first_row + row}: block {block}: expected as many objects in each branch, "
                f"found {expected[row]} in {first} and {counts[row]} in {name}"
            )
    return expected


def _is_number(kind: str) -> bool:
    try:
        return np.dtype(kind).kind in "fiub"
    except TypeError:
        return False
