from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pegbatch.engine.statistics.timeline import lay_out, span, tasks_by_attempt
from pegbatch.engine.statistics.timeline_grid import COLUMNS, ROWS, coarsen
from pegbatch.model.history import ChildAttempt, History
from pegbatch.model.run_view import Timeline
from tests.invented_histories import invented_history
from tests.sketched_histories import STARTED, job

TIMES = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 30)), min_size=1, max_size=30
)  # start and length


def attempt(bag: int, start: float | None, end: float | None, **changes: object) -> ChildAttempt:
    one = ChildAttempt(
        array="L0-step",
        bag=bag,
        try_=1,
        attempt=1,
        state="succeeded" if end is not None else "running",
        start=None if start is None else STARTED + start,
        end=None if end is None else STARTED + end,
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def history_of(*attempts: ChildAttempt, **changes: object) -> History:
    run = invented_history(levels=1, children=2)
    jobs = (job("L0-step", 2), job("L1-step", 2))
    changed = {"jobs": jobs, "attempts": attempts, "ended": None, **changes}
    return replace(run, **changed)  # type: ignore[arg-type]


def lanes_of(timeline: Timeline, history: History) -> list[tuple[int, float]]:
    return [
        (lane, (history.attempts[bar].start or 0) - STARTED)
        for lane, bar in zip(timeline.lanes, timeline.bars, strict=True)
    ]


def test_a_lane_is_taken_again_when_it_is_free() -> None:
    history = history_of(attempt(0, 0, 10), attempt(1, 5, 15), attempt(2, 10, 12))
    timeline = lay_out(history, now=STARTED + 20)
    assert lanes_of(timeline, history) == [(0, 0), (0, 10), (1, 5)]
    assert [(band.array, band.count, band.lanes) for band in timeline.bands] == [("L0-step", 3, 2)]


@given(TIMES)
def test_bars_of_a_lane_never_overlap_and_lanes_are_no_more_than_ran_at_once(
    times: list[tuple[float, float]],
) -> None:
    history = history_of(
        *(attempt(bag, start, start + length) for bag, (start, length) in enumerate(times))
    )
    timeline = lay_out(history, now=STARTED + 200)
    assert sorted(timeline.bars) == list(range(len(times)))
    free_at: dict[int, float] = {}
    for lane, bar in zip(timeline.lanes, timeline.bars, strict=True):
        one = history.attempts[bar]
        assert one.start is not None and one.end is not None
        assert free_at.get(lane, 0.0) <= one.start
        free_at[lane] = one.end
    # Times since the epoch are coarser than those that were drawn.
    spans = [(one.start or 0.0, one.end or 0.0) for one in history.attempts]
    at_once = max(
        sum(start <= other < end or other == start for start, end in spans) for other, _ in spans
    )
    assert timeline.bands[0].lanes <= at_once


def test_what_runs_lasts_until_now_and_what_left_no_word_has_no_place() -> None:
    history = history_of(attempt(0, 1, None), attempt(1, None, None, state="lost"))
    history = replace(history, status=replace(history.status, state="running"))
    timeline = lay_out(history, now=STARTED + 60)
    assert timeline.seconds == 60
    assert list(timeline.bars) == [0]
    assert list(timeline.unplaced) == [1]


def test_clocks_of_hosts_that_go_before_or_after_lie_within_the_picture() -> None:
    history = history_of(attempt(0, -5, 2), attempt(1, 3, 99), ended=STARTED + 50)
    assert span(history, now=STARTED + 1000) == (STARTED - 5, STARTED + 99)


def test_a_run_of_which_nothing_has_begun_has_an_empty_timeline() -> None:
    history = history_of(started=None)
    timeline = lay_out(history, now=STARTED)
    assert (timeline.bands, timeline.seconds) == ((), 0.0)


def test_arrays_of_later_tries_are_bands_of_their_own_arrays() -> None:
    history = history_of(attempt(0, 5, 6, array="L1-step"), attempt(0, 0, 1))
    bands = lay_out(history, now=STARTED).bands
    assert [band.array for band in bands] == ["L0-step", "L1-step"]


def test_each_attempt_knows_its_tasks_and_how_many_of_them_did_not_succeed() -> None:
    history = invented_history(levels=2, children=30, failing=0.3)
    ran = tasks_by_attempt(history)
    assert sum(one.tasks for one in ran.values()) == len(history.executions)
    assert (
        sum(one.not_succeeded for one in ran.values())
        == history.status.tasks.failed + history.status.tasks.skipped
    )


def test_a_grid_holds_every_band_in_a_bounded_number_of_cells() -> None:
    history = invented_history(levels=4, children=3000, vcpus=1200)
    timeline = lay_out(history, now=STARTED)
    grid = coarsen(history, timeline)
    assert [band.array for band in grid.bands] == [band.array for band in timeline.bands]
    assert sum(band.lanes for band in grid.bands) <= ROWS
    assert sum(band.count for band in grid.bands) == len(grid.cells)
    assert all(0 <= cell.column < cell.column + cell.length <= COLUMNS for cell in grid.cells)
    assert max(cell.most for cell in grid.cells) <= 600


def test_one_failure_among_thousands_is_seen_in_the_grid() -> None:
    history = invented_history(levels=1, children=4000, vcpus=8000, failing=0.0)
    attempts = list(history.attempts)
    middle = len(attempts) // 2
    attempts[middle] = replace(attempts[middle], state="failed")
    history = replace(history, attempts=attempts)
    states = [cell.state for cell in coarsen(history, lay_out(history, now=STARTED)).cells]
    assert states.count("failed") == 1


def test_few_failures_leave_a_grid_mostly_as_the_rest_is() -> None:
    history = invented_history(levels=1, children=20_000, vcpus=4000, failing=0.05)
    length = {"failed": 0, "succeeded": 0, "lost": 0}
    for cell in coarsen(history, lay_out(history, now=STARTED)).cells:
        length[cell.state] += cell.length
    assert 0 < length["failed"] + length["lost"] < length["succeeded"] / 4
