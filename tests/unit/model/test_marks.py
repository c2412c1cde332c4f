"""Which failure marks count."""

from __future__ import annotations

from itertools import permutations

from pegbatch.model.marks import Mark, read_marks


def keys(*names: str) -> list[str]:
    return [f"s3://b/run/failures/{name}" for name in names]


def test_the_mark_of_the_highest_try_of_a_bag_counts() -> None:
    marks = read_marks(keys("L0/4.1.3.2", "L0/4.2.1.0", "L0/5.1.0.7", "L0/readme"))
    assert marks == {"L0": {4: Mark(2, 1, 0), 5: Mark(1, 0, 7)}}


def test_a_bag_that_a_later_try_has_done_has_no_mark() -> None:
    marks = read_marks(keys("L0/4.1.3.2", "L0/4.2.0.0", "L0/5.2.0.0", "L0/5.3.1.0"))
    assert marks == {"L0": {5: Mark(3, 1, 0)}}


def test_of_one_try_the_mark_that_says_done_counts_in_any_order_of_the_list() -> None:
    for order in permutations(keys("L0/4.1.1.2", "L0/4.1.0.0", "L0/4.1.0.3")):
        assert read_marks(order) == {"L0": {}}
