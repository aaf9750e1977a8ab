"""Branch maps: which branches of a ROOT file become which blocks of a data set, written in TOML."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from codesign.data.schema import Block, Column
from codesign.errors import ConfigError
from codesign.naming import unknown_name
from codesign.sections import Section, read_section

MAPS = Path(__file__).parent / "maps"
GEV, RAD = ("pt", "et", "energy", "mass", "sdmass", "px", "py", "pz", "ht"), ("phi", "delta_phi")
UNITS = dict.fromkeys(GEV, "GeV") | dict.fromkeys(RAD, "rad")

Branch = str | tuple[str, str]


class BlockMap(Section):
    """How a block is made.

    Attributes:
        columns: column → branch; a pair of branches (px, py) is the transverse momentum.
        objects: number of slots of a block made from branches with a list per event.
        single: the branches hold at most one object per event (after ``where``), which becomes one row without slots.
        order_by: column of decreasing order, by default ``pt`` if there is one; without, the order of the file stays.
        where: branch → value: objects with another value are left out.
        minimum: column → least value: objects below are left out.
        units: column → unit where the name does not tell.
        bits: prefix of branches of booleans (``"L1_"``): one column for each.
    """

    columns: dict[str, Branch] = Field(default_factory=dict)
    objects: Annotated[int, Field(ge=1)] | None = None
    single: bool = False
    order_by: str | None = None
    where: dict[str, float] = Field(default_factory=dict)
    minimum: dict[str, float] = Field(default_factory=dict)
    units: dict[str, str] = Field(default_factory=dict)
    bits: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.columns) == (self.bits is not None):
            raise ValueError("a block with either columns or bits")
        if self.single and self.objects is not None:
            raise ValueError("a block with either single or objects")
        if (self.where or self.minimum) and not self.listed:
            raise ValueError("where and minimum only in a block with objects or single")
        for name in (*self.minimum, *self.units, *([self.order_by] if self.order_by else [])):
            if name not in self.columns:
                raise ValueError(f"a known column ({unknown_name('column', name, self.columns)})")
        return self

    @property
    def listed(self) -> bool:
        """Whether the branches hold a list per event."""
        return self.single or self.objects is not None

    @property
    def order_column(self) -> str | None:
        """Column in whose decreasing order the objects stand."""
        if self.objects is None:
            return None
        return self.order_by or ("pt" if "pt" in self.columns else None)

    @property
    def branches(self) -> tuple[str, ...]:
        """Every branch it needs, those of ``bits`` excepted."""
        pairs = ((branch,) if isinstance(branch, str) else branch for branch in self.columns.values())
        return tuple(dict.fromkeys([*(name for pair in pairs for name in pair), *self.where]))

    def block(self) -> Block:
        """Return what the block holds."""
        columns = (
            Column(name, self.units.get(name, UNITS.get(name, "")), f"branch {_text(branch)}")
            for name, branch in self.columns.items()
        )
        return Block(tuple(columns), self.objects, self.order_column)


class BranchMap(Section):
    """How a tree becomes a data set.

    Attributes:
        tree: path of the TTree or RNTuple in the file.
        name: name of the data set.
        label: branch that tells the class of an event; ``classes`` then gives the value of each class.
        classes: class → value of ``label``; without ``label``, class → branch that is one for this class only.
        weight: branch with the weight of an event.
        blocks: block → how it is made.
    """

    tree: str
    name: str
    label: str | None = None
    classes: dict[str, int | str] = Field(default_factory=dict)
    weight: str | None = None
    blocks: dict[str, BlockMap]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.label is not None and not self.classes:
            raise ValueError("classes with the value of each class, since label is given")
        wanted = str if self.label is None else int
        for name, value in self.classes.items():
            if not isinstance(value, wanted):
                raise ValueError(f"{'a branch' if wanted is str else 'a value of label'} for class {name!r}")
        if len(set(self.classes.values())) != len(self.classes):
            raise ValueError("a different value for each class")
        if not self.blocks:
            raise ValueError("at least one block")
        return self

    @property
    def class_branches(self) -> tuple[str, ...]:
        """The branches that tell the class."""
        return (self.label,) if self.label is not None else tuple(str(value) for value in self.classes.values())

    def with_blocks(self, names: tuple[str, ...]) -> Self:
        """Return the map with only some of its blocks, all if none is named.

        Raises:
            ConfigError: there is no such block.
        """
        for name in names:
            if name not in self.blocks:
                raise ConfigError(f"blocks: {unknown_name('block', name, self.blocks)}")
        return self.model_copy(update={"blocks": {name: self.blocks[name] for name in names}}) if names else self


def shipped_maps() -> dict[str, Path]:
    """Return the branch maps that come with the package: name → file."""
    return {path.stem: path for path in sorted(MAPS.glob("*.toml"))}


def load_map(name: str) -> BranchMap:
    """Read a branch map.

    Args:
        name: name of one that comes with the package, or path of a TOML file.

    Raises:
        ConfigError: there is none of that name, or it is wrong.
    """
    shipped = shipped_maps()
    if not name.endswith(".toml") and name not in shipped:
        raise ConfigError(f"map: {unknown_name('branch map', name, shipped)}; or give the path of a .toml file")
    return read_section(BranchMap, shipped.get(name, Path(name)), "branch map")


def _text(branch: Branch) -> str:
    return branch if isinstance(branch, str) else f"hypotenuse of {branch[0]} and {branch[1]}"
