"""What a report is made of: sections of paragraphs, tables, plots and listings; how they look is the page's matter."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from matplotlib.figure import Figure

State = Literal["plain", "good", "bad", "warn", "missing"]


@dataclass(frozen=True)
class Cell:
    """One entry of a table.

    Attributes:
        text: what it says.
        state: what it means for the verdict; never shown by colour alone.
    """

    text: str
    state: State = "plain"


LONG = 30  # rows of a table, beyond which few read it to its end


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        caption: its title.
        header: column titles.
        rows: cells, as many in each row as columns.
        align: one letter per column: l left, r right (numbers).
        note: how to read it.
        half: takes half the width of a wide page, beside what follows or precedes.
    """

    kind: ClassVar[str] = "table"
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    align: str
    note: str = ""
    half: bool = False

    def __post_init__(self) -> None:
        widths = {len(self.header), len(self.align), *(len(row) for row in self.rows)}
        assert len(widths) == 1, f"table {self.caption!r}: rows of different lengths {widths}"

    @property
    def is_long(self) -> bool:
        """Whether a page folds it away."""
        return len(self.rows) > LONG

    @property
    def needs_a_look(self) -> bool:
        """Whether a cell is marked as bad or doubtful, so that it is not folded away."""
        return any(cell.state in ("bad", "warn") for row in self.rows for cell in row)


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text."""

    kind: ClassVar[str] = "paragraph"
    text: str
    state: State = "plain"


@dataclass(frozen=True)
class Listing:
    """Text kept as it is, such as a configuration file; ``language`` is for syntax colouring in Markdown."""

    kind: ClassVar[str] = "listing"
    caption: str
    text: str
    language: str = ""


@dataclass(frozen=True)
class Plot:
    """A drawn figure.

    Attributes:
        name: file name without suffix.
        caption: what it shows, also for those who cannot see it.
        figure: the figure.
        wide: takes the whole width of the page.
    """

    kind: ClassVar[str] = "plot"
    name: str
    caption: str
    figure: Figure
    wide: bool = False


Block = Table | Paragraph | Listing | Plot


@dataclass(frozen=True)
class Section:
    """A chapter of the report.

    Attributes:
        identifier: anchor, also prefix of plot names.
        title: heading.
        blocks: content in reading order.
    """

    identifier: str
    title: str
    blocks: tuple[Block, ...]

    @property
    def plots(self) -> tuple[Plot, ...]:
        """The plots among the blocks."""
        return tuple(block for block in self.blocks if isinstance(block, Plot))


def table(
    caption: str,
    header: Iterable[str],
    align: str,
    rows: Iterable[Iterable[Cell | str]],
    note: str = "",
    *,
    half: bool = False,
) -> Table:
    """A table from plain texts and cells."""
    cells = tuple(tuple(entry if isinstance(entry, Cell) else Cell(entry) for entry in row) for row in rows)
    return Table(caption, tuple(header), cells, align, note, half)


def facts(caption: str, rows: Iterable[tuple[str, Cell | str]], note: str = "", *, half: bool = False) -> Table:
    """A two-column table of quantities and values."""
    return table(caption, ("quantity", "value"), "ll", rows, note, half=half)


def check_mark(passed: bool) -> Cell:
    """``pass`` in green or ``FAIL`` in red."""
    return Cell("pass", "good") if passed else Cell("FAIL", "bad")
