"""Test vectors of the CMS Level-1 Global Trigger (µGT): one text line of hexadecimal words per bunch crossing.

The sums of recorded collisions agree with the jets: HTT is the sum of the jets above 30 GeV with |η| < 2.5 in 97 % of
the crossings of the 2024 files. Those of the simulated files do not (HTM is not even opposite to the jets), so that a
network must not compare the two; many recorded files before 2024 have no sums at all.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.data.formats.cms_ugt_objects import CmsUgtOptions, output_blocks, physical_inputs
from codesign.data.formats.cms_ugt_words import CROSSING, MUON, ORBIT, decode, parse_line
from codesign.data.reading import Batch, Format, Reading, Source
from codesign.errors import DataError

NAME = "cms-l1-ugt-testvectors"
DEFAULT_CLASS = "data"
LONGEST_LINE = 4096  # bytes; a line has 769, and a file that is no text may have no line at all


class Crossings(NamedTuple):
    """Consecutive bunch crossings of one file.

    Attributes:
        words: type `CROSSING`, shape (n,).
        bx: bunch crossing, 0 to 3563, shape (n,).
        final_or: 0 or 1, shape (n,).
        bytes_read: bytes of the file read up to here.
    """

    words: NDArray[Any]
    bx: NDArray[np.int64]
    final_or: NDArray[np.int64]
    bytes_read: int


def read(sources: Sequence[Source], options: CmsUgtOptions) -> Reading:
    """Open test vectors; several files follow one another.

    Args:
        sources: text files; the class of a row is that of its file, by default "data".
        options: what to write.
    """
    classes = tuple(dict.fromkeys(source.class_name or DEFAULT_CLASS for source in sources))
    repairs: Counter[str] = Counter()
    notes: dict[str, Any] = {"files_without_energy_sums": []}
    return Reading(
        name=NAME,
        origin=NAME,
        blocks=output_blocks(options),
        classes=classes,
        batches=_batches(sources, classes, options, repairs, notes),
        repairs=repairs,
        notes=notes,
    )


def read_crossings(source: Source, *, partial_orbit: bool = False) -> Iterator[Crossings]:
    """Read the words of a test vector, one orbit at a time.

    Args:
        source: text file.
        partial_orbit: accept a file that does not end with an orbit, or does not begin with one.

    Raises:
        DataError: a line is damaged, a bunch crossing is missing, or the last orbit is not complete.
    """
    count, expected = 0, None if partial_orbit else 0
    with source.path.open("rb") as file:
        numbered = enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1)
        while lines := list(islice(numbered, ORBIT)):
            parsed = []
            for number, line in lines:
                if not line.strip():
                    continue
                place = f"{source.path}, line {number}"
                crossing, words, final_or = parse_line(line, place)
                if crossing != (crossing % ORBIT if expected is None else expected):
                    wanted = f"0 to {ORBIT - 1}" if expected is None else expected
                    raise DataError(f"{place}: expected bunch crossing {wanted}, found {crossing}")
                expected = (crossing + 1) % ORBIT
                parsed.append((crossing, words, final_or))
            count += len(parsed)
            if parsed:
                yield _crossings(parsed, file.tell())
    if count % ORBIT and not partial_orbit:
        raise DataError(
            f"{source.path}: expected {ORBIT} lines (one orbit) or a multiple, found {count}; if it is complete, "
            "set partial_orbit = true"
        )


def _crossings(parsed: Sequence[tuple[int, bytes, int]], bytes_read: int) -> Crossings:
    bx, words, final_or = zip(*parsed, strict=True)
    return Crossings(np.frombuffer(b"".join(words), CROSSING), np.array(bx), np.array(final_or), bytes_read)


def _batches(
    sources: Sequence[Source],
    classes: Sequence[str],
    options: CmsUgtOptions,
    repairs: Counter[str],
    notes: dict[str, Any],
) -> Iterator[Batch]:
    bytes_before = 0
    for source in sources:
        label, has_sums = classes.index(source.class_name or DEFAULT_CLASS), False
        for crossings in read_crossings(source, partial_orbit=options.partial_orbit):
            has_sums |= bool(crossings.words["sums"].any())
            kept = _kept(crossings.words, options, repairs)
            _count_soft_muons(crossings.words[kept], repairs)
            inputs = physical_inputs(crossings.words[kept], crossings.bx[kept], crossings.final_or[kept], options)
            labels = np.full(int(kept.sum()), label)
            yield Batch(inputs, labels, consumed_bytes=bytes_before + crossings.bytes_read)
        if not has_sums:
            notes["files_without_energy_sums"].append(source.path.name)
        bytes_before += source.path.stat().st_size


def _kept(words: NDArray[Any], options: CmsUgtOptions, repairs: Counter[str]) -> NDArray[np.bool_]:
    """Return which crossings are written, bool of shape (n,)."""
    if options.empty_crossings == "keep":
        return np.ones(len(words), np.bool_)
    filled = np.zeros(len(words), np.bool_)
    for name in ("muons", "egammas", "taus", "jets", "sums"):
        filled |= words[name].any(axis=1)
    if not filled.all():
        repairs["crossings left out: neither objects nor sums"] += int((~filled).sum())
    return filled


def _count_soft_muons(words: NDArray[Any], repairs: Counter[str]) -> None:
    """Count rows with muons below 0.5 GeV: their lower edge is 0 GeV, which marks an empty slot."""
    soft = (decode(words["muons"], MUON)["pt"] == 1).any(axis=1)
    if soft.any():
        repairs["rows with muons left out: pT below 0.5 GeV"] += int(soft.sum())


FORMAT = Format(
    name="cms-ugt",
    summary="CMS Level-1 Global Trigger test vectors (text): muons, e/γ, τ, jets, sums, menu bits per bunch crossing",
    citation="CMS, JINST 15 (2020) P10017; repository cms-l1-globaltrigger/cms-l1-menu",
    read=read,
    options=CmsUgtOptions,
)
