"""Which failure marks count."""

from __future__ import annotations

from itertools import permutations

from pegbatch.model.layout import complaint_key, parse_retry_key, retry_key
from pegbatch.model.marks import Mark, Restarts, read_failures, read_marks, read_restarts


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


def test_retry_marks_lie_beside_failure_marks_and_neither_is_taken_for_the_other() -> None:
    found = [retry_key("L0.t2", 4, 2, 3, lost=True), retry_key("L0", 5, 1, 2, lost=False)]
    assert found == ["failures/L0/4.2.3.lost", "failures/L0/5.1.2.again"]
    assert parse_retry_key(f"s3://b/run/{found[0]}") == ("L0", 4, 2, 3, True)
    found = keys("L0/1.1.1.0", "L0/4.2.3.lost", "L0/5.1.2.again", "L0/x.1.2.lost", "L0/1.2.lost")
    found += keys(f"L0/{'9' * 99}.1.2.lost")
    by_array = {("L0", 1): 1, ("L0", 2): 1}
    assert read_restarts(found) == Restarts(again=1, lost=1, by_array=by_array)
    assert read_restarts(found).all == 2
    assert read_marks(found) == read_marks(keys("L0/1.1.1.0"))


def test_complaint_marks_name_bags_and_are_neither_of_the_other_marks() -> None:
    key = complaint_key("L0.t2", 4, 2, 3)
    assert key == "failures/L0/4.2.3.complaint"
    found = read_failures(
        keys("L0/4.2.1.0", "L0/4.2.3.complaint", "L0/5.1.2.lost", "L0/x.complaint")
    )
    assert found.complaints() == {("L0", 4)}
    assert found.marks == {"L0": {4: Mark(2, 1, 0)}}
    assert found.restarts().all == 1
