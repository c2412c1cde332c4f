"""Failures that are alike are one, and what could not run is counted under its root cause."""

from __future__ import annotations

from typing import Any

import pytest

from pegbatch.engine.analysis.grouping import IDS_SHOWN, analyse, tell_task
from pegbatch.engine.analysis.roots import named_files
from pegbatch.model.analysis import analysis_to_json, story_to_json
from pegbatch.model.history import Execution
from pegbatch.model.plan import JobLink, LinkType
from tests.invented_histories import invented_history
from tests.sketched_histories import attempt, history, job, ran, task

GONE = "there is no such object"


def bad(name: str, bag: int = 0, said: str = "block {} is wrong", **more: Any) -> Execution:
    known = {"reason": "exit code 4", "exit_code": 4, "stderr_tail": said.format(bag), **more}
    return ran(name, bag=bag, state="failed", **known)


def skipped(name: str, reason: str, array: str = "L1", bag: int = 0) -> Execution:
    return ran(name, array, bag, state="skipped", reason=reason)


def test_nine_hundred_failures_alike_are_one_group_with_the_first_ids_and_one_example() -> None:
    names = [f"t{number}" for number in range(900)]
    found = analyse(
        history(
            [job("L0", 900)],
            [task(name, bag=bag) for bag, name in enumerate(names)],
            [bad(name, bag) for bag, name in enumerate(names)],
        ),
        {},
    )
    (group,) = found.groups
    assert (group.tasks, group.ids) == (900, tuple(names[:IDS_SHOWN]))
    assert group.cause.sentence == "exit code 4: block 0 is wrong"
    assert (group.arrays, group.example.id, found.failed) == (("L0",), "t0", 900)


def test_other_codes_messages_and_transformations_are_other_groups() -> None:
    tasks = [task("a"), task("b"), task("c"), task("d", transformation="u"), task("e")]
    executions = [
        bad("a"),
        bad("b", said="disk {} is wrong"),
        bad("c", exit_code=5, reason="exit code 5"),
        bad("d"),
        bad("e", 9),
    ]
    found = analyse(history([job("L0", 5)], tasks, executions), {})
    assert [group.ids for group in found.groups] == [("a", "e"), ("b",), ("c",), ("d",)]


def test_missing_outputs_are_alike_whatever_the_files_are_called() -> None:
    names = {"a": "alpha.txt", "b": "beta.dat"}
    tasks = [task(name, bag=bag) for bag, name in enumerate(names)]
    executions = [
        bad(name, exit_code=0, reason=f"output {lfn} was not made") for name, lfn in names.items()
    ]
    (group,) = analyse(history([job("L0", 2)], tasks, executions), {}).groups
    assert (group.tasks, group.cause.kind) == (2, "missing-output")


def test_what_could_not_run_is_counted_under_the_failure_that_it_goes_back_to() -> None:
    jobs = [job("L0", 2), job("L1", 2), job("L2")]
    tasks = [task("a"), task("b", bag=1), task("c", "L1"), task("d", "L1", 1), task("e", "L2")]
    executions = [
        bad("a"),
        ran("b", bag=1),
        skipped("c", f"input a: b.txt: s3://b/r/data/a: b.txt: {GONE}"),
        ran("d", "L1", 1),
        skipped("e", "parent c was skipped, so there is no c.txt", "L2"),
    ]
    run = history(jobs, tasks, executions)
    assert "a: b.txt" in named_files(run)[""]
    found = analyse(run, {"a: b.txt": "a"})
    (group,) = found.groups
    assert (group.skipped, group.skipped_ids) == (2, ("c", "e"))
    assert (found.skipped, found.unexplained) == (2, 0)


def test_a_group_that_took_more_along_comes_first() -> None:
    tasks = [task("a"), task("b", bag=1), task("c", "L1"), task("d", "L1", 1)]
    executions = [
        bad("a", said="one"),
        bad("b", 1, said="two"),
        skipped("c", "parent b failed"),
        skipped("d", "parent b failed"),
    ]
    found = analyse(history([job("L0", 2), job("L1", 2)], tasks, executions), {})
    assert [(group.ids, group.skipped) for group in found.groups] == [(("b",), 2), (("a",), 0)]


def test_parents_that_name_each_other_are_no_endless_search() -> None:
    tasks = [task("a"), task("b", bag=1)]
    executions = [skipped("a", "parent b failed", "L0"), skipped("b", "parent a failed", "L0", 1)]
    found = analyse(history([job("L0", 2)], tasks, executions), {})
    assert [group.cause.kind for group in found.groups] == ["dependency", "dependency"]


def test_a_file_that_was_deleted_is_told_with_its_producer() -> None:
    tasks = [task("a"), task("c", "L1")]
    executions = [ran("a"), skipped("c", f"input f: s3://b/r/data/f: {GONE}")]
    (group,) = analyse(history([job("L0"), job("L1")], tasks, executions), {"f": "a"}).groups
    assert (group.tasks, group.skipped, group.cause.kind) == (0, 1, "missing-input")
    assert group.cause.sentence == (
        "input f is not there: its producer a has made it, so it was deleted since"
    )


def test_a_file_whose_producer_is_to_run_again_says_so() -> None:
    tasks = [task("a"), task("c", "L1")]
    undone = ran("a", state="undone", reason="f is lost", attempt=0)
    executions = [ran("a"), undone, skipped("c", f"input f: s3://b/r/data/f: {GONE}")]
    found = tell_task(history([job("L0"), job("L1")], tasks, executions), {"f": "a"}, "c")
    assert found.cause is not None
    assert "its producer a is to be run again" in found.cause.sentence
    assert found.cause.advice == "see to a first"


def test_child_by_child_the_way_leads_through_children_that_never_began() -> None:
    links = [(JobLink(f"L{level}", LinkType.N_TO_N),) for level in range(2)]
    jobs = [job("L0", 2), job("L1", 2, depends_on=links[0]), job("L2", 2, depends_on=links[1])]
    tasks = [task(f"t{level}{bag}", f"L{level}", bag) for level in range(3) for bag in (0, 1)]
    lost = [attempt(bag=bag, state="lost", reason="Host EC2 x", exit_code=None) for bag in (0, 1)]
    run = history(jobs, tasks, (), lost)
    assert tell_task(run, {}, "t21").root == "t01"
    assert tell_task(history(jobs, tasks, ()), {}, "t21").root is None


def test_a_lost_child_fails_the_tasks_of_its_bag_that_have_no_record_and_what_hangs_on_it() -> None:
    below = (JobLink("L0", LinkType.ALL),)
    jobs = [job("L0", 2, tasks=3), job("barrier", kind="barrier", depends_on=below)]
    jobs.append(job("L1", depends_on=(JobLink("barrier", LinkType.ALL),)))
    tasks = [task("a"), task("b"), task("c", bag=1), task("d", "L1")]
    lost = attempt(
        bag=0, state="lost", reason="CannotPullContainerError: x", exit_code=None, log_stream="s/1"
    )
    run = history(jobs, tasks, [ran("a"), ran("c", bag=1)], [lost, attempt(bag=1)])
    found = analyse(run, {})
    (group,) = found.groups
    assert (group.ids, group.cause.kind, group.log_stream) == (("b",), "image-pull", "s/1")
    assert (group.skipped_ids, found.unexplained) == (("d",), 0)


def test_child_by_child_the_lost_one_of_the_same_bag_is_to_blame() -> None:
    links = (JobLink("L0", LinkType.N_TO_N),)
    jobs = [job("L0", 2), job("L1", 2, depends_on=links)]
    tasks = [task("a"), task("b", bag=1), task("c", "L1"), task("d", "L1", 1)]
    lost = [attempt(bag=bag, state="lost", reason="Host EC2 x", exit_code=None) for bag in (0, 1)]
    found = tell_task(history(jobs, tasks, (), lost), {}, "d")
    assert (found.state, found.root) == ("skipped", "b")


def test_a_child_that_was_mended_or_may_be_started_again_is_no_failure() -> None:
    tasks = [task("a")]
    lost = attempt(state="lost", reason="Host EC2 (instance) terminated.", exit_code=None)
    again = analyse(history([job("L0")], tasks, (), [lost], state="running"), {})
    assert (again.groups, again.skipped) == ((), 0)
    first = bad("a")
    mended = analyse(history([job("L0")], tasks, [first, ran("a", attempt=2)], [lost]), {})
    assert (mended.groups, mended.mended) == ((), 1)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("cancelled by pegbatch cancel", None),
        ("ended by SIGTERM; what is recorded stays", 75),
        ("Essential container in task exited", 137),
        ("", None),
    ],
)
def test_what_a_cancel_ended_is_no_failure(reason: str, code: int | None) -> None:
    lost = attempt(state="lost", reason=reason, exit_code=code)
    found = analyse(history([job("L0")], [task("a")], (), [lost], state="cancelled"), {})
    assert (found.groups, found.skipped, found.unexplained) == ((), 1, 1)


def test_what_was_lost_for_a_reason_is_a_failure_though_the_run_was_cancelled() -> None:
    lost = attempt(state="lost", reason="CannotPullContainerError: x", exit_code=None)
    found = analyse(history([job("L0")], [task("a")], (), [lost], state="cancelled"), {})
    assert [group.cause.kind for group in found.groups] == ["image-pull"]


def test_one_array_can_be_asked_for() -> None:
    tasks = [task("a"), task("b", "L1")]
    executions = [bad("a"), ran("b", "L1", state="failed", reason="exit code 9", exit_code=9)]
    run = history([job("L0"), job("L1")], tasks, executions)
    assert [group.ids for group in analyse(run, {}, array="L1").groups] == [("b",)]


def test_a_transfer_that_failed_is_told_without_a_transformation() -> None:
    jobs = [job("stage-in-1", kind="stage-in"), job("L0")]
    executions = [
        ran("f", "stage-in-1", state="failed", reason=f"input f: https://x/f: {GONE}"),
        skipped("a", f"input f: s3://b/r/data/f: {GONE}", "L0"),
    ]
    (group,) = analyse(history(jobs, [task("a")], executions), {"f": "f"}).groups
    assert (group.transformation, group.ids, group.skipped_ids) == ("", ("f",), ("a",))


def test_the_story_of_a_task_has_every_execution_and_what_is_behind_it() -> None:
    tasks = [task("a"), task("c", "L1")]
    executions = [bad("a"), bad("a", attempt=2), skipped("c", "parent a failed")]
    run = history([job("L0"), job("L1")], tasks, executions)
    story = tell_task(run, {}, "a")
    assert (story.state, len(story.executions), story.skipped) == ("failed", 2, 1)
    told = story_to_json(tell_task(run, {}, "c"))
    assert (told["root"], told["root_cause"]["kind"]) == ("a", "exit-code")


def test_the_json_of_an_analysis_has_all_that_the_text_has() -> None:
    run = history([job("L0")], [task("a")], [bad("a")])
    told = analysis_to_json(analyse(run, {}))
    (failure,) = told["failures"]
    assert (told["failed"], failure["kind"], failure["tasks"]) == (1, "exit-code", 1)
    assert failure["example"]["log"] == "s3://bucket/runs/sketch-1/logs/L0/0.1.1.log"


def test_thirty_thousand_tasks_half_of_which_failed_are_a_handful_of_groups() -> None:
    run = invented_history(levels=3, children=10_000, vcpus=2_000, failing=0.5)
    found = analyse(run, {})
    counts = run.status.tasks
    assert (found.failed, found.skipped) == (counts.failed, counts.skipped)
    assert 0 < len(found.groups) < 20


def test_a_lost_child_of_transfers_is_the_root_of_what_waited_for_it() -> None:
    below = (JobLink("stage-in", LinkType.ALL),)
    jobs = [job("stage-in", 2, kind="stage-in", tasks=0), job("L0", depends_on=below)]
    reason = "CannotPullContainerError: no such image"
    lost = attempt("stage-in", 1, state="lost", reason=reason, exit_code=None)
    found = analyse(history(jobs, [task("a")], (), [attempt("stage-in"), lost]), {})
    (group,) = found.groups
    assert (group.ids, group.tasks, group.skipped_ids) == (("stage-in:1",), 1, ("a",))
    assert (group.cause.kind, group.transformation) == ("image-pull", "")
    assert (found.unexplained, found.skipped) == (0, 1)
