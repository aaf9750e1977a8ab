import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from codesign.objects import arrange, count_unsorted

EVENTS = st.integers(1, 5).flatmap(
    lambda n: st.lists(
        st.lists(st.tuples(st.integers(0, 4), st.integers(-9, 9)), min_size=n, max_size=n),
        min_size=1,
        max_size=4,
    )
)


@given(EVENTS, st.integers(1, 7))
def test_the_hardest_objects_are_kept_in_order_and_the_rest_is_padding(events, count):
    objects = np.array(events, np.int64)
    arranged = arrange(objects, 0, count)
    assert arranged.shape == (len(events), count, 2)
    for before, after in zip(objects, arranged, strict=True):
        filled = sorted((tuple(o) for o in before if o[0]), key=lambda o: -o[0])[:count]  # sorted() is stable too
        assert [tuple(o) for o in after] == filled + [(0, 0)] * (count - len(filled))


@given(EVENTS)
def test_arranging_twice_changes_nothing(events):
    objects = np.array(events, np.float32)
    once = arrange(objects, 0, 5)
    assert (arrange(once, 0, 5) == once).all()
    assert count_unsorted(once, 0) == 0


def test_unsorted_events_are_counted_once_each():
    pt = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [2.0, 2.0, 0.0], [0.0, 5.0, 0.0]])
    assert count_unsorted(pt[..., None], 0) == 2


def test_the_input_is_left_alone():
    objects = np.array([[[1.0, 7.0], [2.0, 8.0], [0.0, 9.0]]])
    before = objects.copy()
    assert arrange(objects, 0, 2).tolist() == [[[2.0, 8.0], [1.0, 7.0]]]
    assert (objects == before).all()
