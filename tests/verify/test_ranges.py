"""Ranges of inner values, proven for all inputs, against all inputs tried one by one."""

import itertools
import sys

import numpy as np
import pytest

from codesign.verify import programme
from codesign.verify.ranges import NEVER, Code, Numbers, Ranges

WIDTH = 4  # bits of each of three signed inputs, so that all can be tried


@pytest.fixture(scope="module")
def stages():
    """Three stages whose values depend on each other; all operations that the programme knows, and a product."""
    from alkaid.trace import FVArray, trace
    from alkaid.trace.passes import fuse_ternary_adders
    from alkaid.trace.pipeline import to_pipeline

    inputs = FVArray.from_kif(np.ones(3, bool), np.full(3, WIDTH - 1), np.zeros(3, int))
    a, b, c = inputs
    difference = a - b
    # The compiler takes both halves as independent: it allows 30, of which 15 exist.
    size = difference.relu() + (-difference).relu()
    halved = (size + c).quantize(1, 4, -1)
    wrapped = (3 * a + c).quantize(1, 4, 0)
    chosen = (halved - wrapped).msb_mux(wrapped + 5, size)
    clamped = (b + c).msb_mux(3, b - c + a + a)
    last = np.array([chosen - halved, -(size + wrapped), a * b, clamped])
    graph = trace(inputs, last)
    machine = to_pipeline(graph, n_stages=3, verbose=False)
    return [fuse_ternary_adders(machine.logic[f"logic{number}"]) for number in range(3)]


@pytest.fixture(scope="module")
def seen(stages):
    """Every value of every stage for all inputs."""
    found, given = [], np.array(list(itertools.product(range(-(2 ** (WIDTH - 1)), 2 ** (WIDTH - 1)), repeat=3)), float)
    for stage in stages:
        count = len(stage.ops)
        inside = stage._replace(
            shape=(stage.shape[0], count), out_idxs=[*range(count)], out_shifts=[0] * count, out_negs=[False] * count
        )
        found.append(np.asarray(inside.predict(given)))
        given = np.asarray(stage.predict(given))
    return found


def extremes(values, fractional):
    return values.min() * 2.0**fractional, values.max() * 2.0**fractional


def places(stages):
    return [(number, value) for number, stage in enumerate(stages) for value in range(len(stage.ops))]


def test_the_pipeline_holds_what_is_tested(stages):
    assert {op.opcode for stage in stages for op in stage.ops} >= {*Code}


def test_no_input_leaves_a_proven_range(stages, seen):
    known = Ranges(stages)
    for stage, value in places(stages):
        low, high = known.of(stage, value)
        least, most = extremes(seen[stage][:, value], known.bits[stage][value][2])
        assert low <= least <= most <= high, (stage, value, stages[stage].ops[value])


def test_ranges_are_exact_where_all_operations_are_known(stages, seen):
    known = Ranges(stages)
    narrower = 0
    for stage, value in places(stages):
        step = 2.0 ** -known.bits[stage][value][2]
        interval = stages[stage].ops[value].qint
        least, most = extremes(seen[stage][:, value], known.bits[stage][value][2])
        if stages[stage].ops[value].opcode in {*Code}:
            assert known.of(stage, value) == (least, most), (stage, value, stages[stage].ops[value])
        narrower += (least, most) != (interval.min / step, interval.max / step)
    assert narrower > 3, "the compiler knew them all"


def test_a_search_without_time_says_what_the_compiler_says(stages, seen, monkeypatch):
    known = Ranges(stages)
    monkeypatch.setattr(programme, "TIME_LIMIT_S", 0.0)
    for stage, value in places(stages):
        step = 2.0 ** -known.bits[stage][value][2]
        interval = stages[stage].ops[value].qint
        low, high = known.of(stage, value)
        least, most = extremes(seen[stage][:, value], known.bits[stage][value][2])
        assert interval.min / step <= low <= least <= most <= high <= interval.max / step


def test_the_solver_prints_nothing(stages, capfd):
    known = Ranges(stages)
    sys.stdout.write("before\n")
    for stage, value in places(stages):
        known.of(stage, value)
    sys.stdout.write("behind\n")
    assert capfd.readouterr().out == "before\nbehind\n"


def test_words_give_the_numbers_that_were_asked_for(stages, seen):
    """Every number of every third value of the last stage: a word that gives it, or no input does."""
    product = next(n for n, row in enumerate(seen[-1].T) if (row == seen[0][:, 0] * seen[0][:, 1]).all())
    known, last = Ranges(stages), len(stages) - 1
    rows = np.array(list(itertools.product(range(-(2 ** (WIDTH - 1)), 2 ** (WIDTH - 1)), repeat=3)))
    masks = (rows & (2**WIDTH - 1)) << (WIDTH * np.arange(3))
    numbers_of = {int(word): row for word, row in zip(masks.sum(axis=1), range(len(rows)), strict=True)}
    met = never = 0
    for value in (value for value in range(0, len(stages[last].ops), 3) if value != product):
        given = (seen[last][:, value] * 2.0 ** known.bits[last][value][2]).astype(int)
        for number in range(given.min() - 1, given.max() + 2):
            word = known.word_with(last, value, Numbers(number, number))
            if word == NEVER:
                assert number not in given
                never += 1
            else:
                assert given[numbers_of[word]] == number
                met += 1
        odd = known.word_with(last, value, Numbers(1, 1, every=2))
        assert (given[numbers_of[odd]] % 2 == 1) if odd != NEVER else (given % 2 == 0).all()
        top = sum(known.bits[last][value]) - 1
        for bit in (0, 1):
            word = known.word_with(last, value, Numbers(bit << top, ((bit + 1) << top) - 1, 2 << top))
            assert (given[numbers_of[word]] >> top & 1 == bit) if word != NEVER else (given >> top & 1 != bit).all()
    assert met > 20
    assert never > 4
