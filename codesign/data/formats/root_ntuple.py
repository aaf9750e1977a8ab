"""Trees of ROOT files (TTree, RNTuple) with a branch map that tells which branches become which blocks."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.data.formats.labels import one_hot_indices, refuse_class_names
from codesign.data.formats.root_file import Lists, Tree, open_tree, same_counts
from codesign.data.formats.root_map import BlockMap, Branch, BranchMap, load_map
from codesign.data.formats.slots import Account, fill_slots
from codesign.data.reading import BATCH_BYTES, Batch, Format, Reading, Source, batch_rows
from codesign.data.schema import Block, Column
from codesign.errors import DataError
from codesign.sections import Section

DEFAULT_CLASS = "data"

Columns = Mapping[str, NDArray[Any] | Lists]


class RootOptions(Section):
    """Options of ROOT files.

    Attributes:
        map: name of a branch map that comes with the package, or path of one in TOML.
        blocks: which blocks of the map to write, by default all.
    """

    map: str
    blocks: tuple[str, ...] = ()


def read(sources: Sequence[Source], options: RootOptions) -> Reading:
    """Open ROOT files; several follow one another.

    Args:
        sources: files with the same tree.
        options: branch map and blocks.
    """
    branch_map = load_map(options.map).with_blocks(options.blocks)
    return read_mapped(sources, branch_map, origin=branch_map.name)


def read_mapped(sources: Sequence[Source], branch_map: BranchMap, *, origin: str) -> Reading:
    """Open ROOT files with a branch map.

    Args:
        sources: files with the same tree.
        branch_map: what to read.
        origin: which data set the rows belong to.

    Raises:
        DataError: a file is damaged, or lacks the tree or a branch.
    """
    classes = _classes(sources, branch_map)
    rows, blocks = 0, dict[str, Block]()
    for source in sources:
        with open_tree(source.path, branch_map.tree) as tree:
            found = {name: _checked_block(tree, block) for name, block in branch_map.blocks.items()}
            for branch in (*branch_map.class_branches, *_weights(branch_map)):
                tree.require(branch, listed=False)
            rows += tree.rows
        blocks = blocks or found
        _require_same(source, blocks, found)
    account = Account()
    return Reading(
        name=branch_map.name,
        origin=origin,
        blocks=blocks,
        classes=classes,
        batches=_batches(sources, branch_map, blocks, classes, account),
        rows=rows,
        weighted=branch_map.weight is not None,
        repairs=account.repairs,
        notes={
            "branch_map": branch_map.model_dump(mode="json", exclude_defaults=True),
            "rows_with_more_objects": account.longer,
        },
    )


def _classes(sources: Sequence[Source], branch_map: BranchMap) -> tuple[str, ...]:
    """Return the class names: those of the map, or else those of the files."""
    if branch_map.classes:
        refuse_class_names(sources, branch_map.name)
        return tuple(branch_map.classes)
    return tuple(dict.fromkeys(source.class_name or DEFAULT_CLASS for source in sources))


def _weights(branch_map: BranchMap) -> tuple[str, ...]:
    return () if branch_map.weight is None else (branch_map.weight,)


def _checked_block(tree: Tree, block: BlockMap) -> Block:
    """Check the branches of a block and return what it holds."""
    if block.bits is not None:
        names = tree.booleans(block.bits)
        return Block(tuple(Column(name, "", f"branch {name}") for name in names))
    # One object per event may also be stored without a list.
    listed = tree.is_list(block.branches[0]) if block.single else block.listed
    for branch in block.branches:
        tree.require(branch, listed=listed)
    return block.block()


def _require_same(source: Source, expected: Mapping[str, Block], found: Mapping[str, Block]) -> None:
    """Check that a file has the same bits as the first one."""
    for name, block in expected.items():
        if found[name] != block:
            here, there = ({column.name for column in side.columns} for side in (block, found[name]))
            differing = sorted(here ^ there)
            some = ", ".join(differing[:3]) + (f" and {len(differing) - 3} more" if len(differing) > 3 else "")
            others = json.dumps([other for other in expected if other != name])
            raise DataError(
                f"{source.path}: block {name}: expected the branches of the first file, found "
                f"{some or 'another order'} in only one of them; leave the block out (--option blocks={others})"
            )


def _batches(
    sources: Sequence[Source],
    branch_map: BranchMap,
    blocks: Mapping[str, Block],
    classes: Sequence[str],
    account: Account,
) -> Iterator[Batch]:
    needed = [name for block in branch_map.blocks.values() for name in block.branches]
    bits = [c.name for name, block in branch_map.blocks.items() if block.bits for c in blocks[name].columns]
    branches = tuple(dict.fromkeys([*needed, *bits, *branch_map.class_branches, *_weights(branch_map)]))
    with ExitStack() as stack:
        for source in sources:
            tree = stack.enter_context(open_tree(source.path, branch_map.tree))
            values = sum(int(np.prod(block.row_shape)) for block in blocks.values())
            step = max(1, min(batch_rows(values), int(BATCH_BYTES / max(tree.row_bytes(branches), 1))))
            for start in range(0, tree.rows, step):
                columns = tree.read(branches, start, min(start + step, tree.rows))
                inputs = {
                    name: _block_values(columns, name, block, blocks[name], tree, start, account)
                    for name, block in branch_map.blocks.items()
                }
                rows = len(next(iter(inputs.values())))
                yield Batch(
                    inputs,
                    _labels(columns, branch_map, classes, source, rows, start),
                    None if branch_map.weight is None else _numbers(columns, branch_map.weight),
                )
            stack.pop_all().close()


def _block_values(
    columns: Columns, name: str, mapped: BlockMap, block: Block, tree: Tree, first_row: int, account: Account
) -> NDArray[Any]:
    """Return the values of a block, shape (n, columns) or (n, objects, columns)."""
    if mapped.bits is not None:
        return np.stack([_numbers(columns, column.name) for column in block.columns], axis=-1)
    if not isinstance(columns[mapped.branches[0]], Lists):
        return np.stack([_combined(columns, branch) for branch in mapped.columns.values()], axis=-1)
    lists = {branch: column for branch in mapped.branches if isinstance(column := columns[branch], Lists)}
    counts = same_counts(lists, tree.path, name, first_row)
    values = np.stack([_combined(columns, branch) for branch in mapped.columns.values()], axis=-1)
    values, counts = _selected(values, counts, mapped, lists)
    if mapped.single:
        _require_single(counts, tree, name, first_row)
        return fill_slots(values, counts, None, 1)[0][:, 0]
    assert mapped.objects is not None
    order = None if mapped.order_column is None else list(mapped.columns).index(mapped.order_column)
    filled, moved = fill_slots(values, counts, order, mapped.objects)
    if moved:
        account.repairs[f"rows reordered: {name} by decreasing {mapped.order_column}"] += moved
    if (counts > mapped.objects).any():
        account.longer[name] += int((counts > mapped.objects).sum())
    return filled


def _selected(
    values: NDArray[Any], counts: NDArray[np.int64], mapped: BlockMap, lists: Mapping[str, Lists]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Leave out objects as ``where`` and ``minimum`` ask; NaN stays, so that it is found."""
    kept = np.ones(len(values), np.bool_)
    for branch, wanted in mapped.where.items():
        kept &= lists[branch].values == wanted
    for column, least in mapped.minimum.items():
        kept &= ~(values[:, list(mapped.columns).index(column)] < least)
    rows = np.repeat(np.arange(len(counts)), counts)
    return values[kept], np.bincount(rows[kept], minlength=len(counts)).astype(np.int64)


def _require_single(counts: NDArray[np.int64], tree: Tree, name: str, first_row: int) -> None:
    several = np.flatnonzero(counts > 1)
    if several.size:
        row = int(several[0])
        raise DataError(
            f"{tree.path}: row {first_row + row}: block {name}: expected at most one object (single = true), "
            f"found {counts[row]}; choose one with where, or give objects"
        )


def _combined(columns: Columns, branch: Branch) -> NDArray[Any]:
    if isinstance(branch, str):
        return _numbers(columns, branch)
    momentum: NDArray[Any] = np.hypot(_numbers(columns, branch[0]), _numbers(columns, branch[1]))
    return momentum


def _numbers(columns: Columns, branch: str) -> NDArray[Any]:
    column = columns[branch]
    return column.values if isinstance(column, Lists) else column


def _labels(
    columns: Columns, branch_map: BranchMap, classes: Sequence[str], source: Source, rows: int, first_row: int
) -> NDArray[Any]:
    """Return the class of each row.

    Raises:
        DataError: a row has no class, or several.
    """
    if not branch_map.classes:
        return np.full(rows, classes.index(source.class_name or DEFAULT_CLASS))
    if branch_map.label is None:
        flags = np.stack([_numbers(columns, branch) for branch in branch_map.class_branches], axis=-1)
        return one_hot_indices(flags, branch_map.class_branches, source.path, first_row)
    values = _numbers(columns, branch_map.label)
    matches = np.stack([values == value for value in branch_map.classes.values()], axis=-1)
    wrong = np.flatnonzero(~matches.any(axis=1))
    if wrong.size:
        row = int(wrong[0])
        known = ", ".join(f"{value} ({name})" for name, value in branch_map.classes.items())
        raise DataError(
            f"{source.path}: row {first_row + row}: {branch_map.label}: expected {known}, found {values[row]}"
        )
    labels: NDArray[np.int64] = matches.argmax(axis=1)
    return labels


FORMAT = Format(
    name="root",
    summary="any TTree or RNTuple with a branch map: NanoAOD, L1 ntuples, Phase-2 nano, or your own in TOML",
    citation="uproot: J. Pivarski et al., doi:10.5281/zenodo.4340632; cite the data set of the files",
    read=read,
    options=RootOptions,
)
