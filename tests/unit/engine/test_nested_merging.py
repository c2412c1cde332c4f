"""Histories of nested runs within that of the run around them."""

from __future__ import annotations

from dataclasses import replace

from pegbatch.engine.analysis.grouping import analyse, tell_task
from pegbatch.engine.analysis.roots import file_key, named_files
from pegbatch.engine.history.failed_tasks import failed_tasks
from pegbatch.engine.nested.merging import InnerHistory, merge
from pegbatch.engine.statistics.overall import array_rows, summarize
from pegbatch.engine.statistics.sub_workflows import count_sub_workflows
from pegbatch.model.analysis import log_url
from pegbatch.model.history import History, jobs_of, scope_of
from pegbatch.model.plan import JobLink, LinkType, layers_of
from tests.sketched_histories import attempt, history, job, ran, task

FAILED = {"state": "failed", "reason": "exit code 3", "exit_code": 3}
SKIPPED = {"state": "skipped", "reason": "input f.txt: s3://b/data/f.txt: there is no such object"}


def outer(state: str = "failed", **planner: object) -> History:
    """Return a run of a sub-workflow and a task behind it."""
    after = job("L1", depends_on=(JobLink("L0", LinkType.ALL),))
    return history(
        [job("L0"), after],
        [task("sub"), task("last", "L1")],
        [ran("sub", state=state, seconds=100.0, **planner), ran("last", "L1", **SKIPPED)]
        if state == "failed"
        else [ran("sub", seconds=100.0), ran("last", "L1")],
        [attempt("L0", state=state, seconds=100.0), attempt("L1")],
    )


def inner(**changes: object) -> History:
    """Return a nested run of which a task has failed, and one was skipped."""
    seen = history(
        [job("L0", size=2), job("L1", depends_on=(JobLink("L0", LinkType.ALL),))],
        [task("t1"), task("t2", bag=1), task("t3", "L1")],
        [ran("t1"), ran("t2", bag=1, **FAILED), ran("t3", "L1", **SKIPPED)],
        [attempt("L0"), attempt("L0", 1, state="failed"), attempt("L1")],
        run="s3://bucket/runs/sketch-1/nested/sub",
    )
    return replace(seen, **changes)


def nested(task_id: str, seen: History | None) -> InnerHistory:
    return InnerHistory(task=task_id, file="w.yml", run="s3://b/nested", history=seen)


def test_tasks_and_arrays_of_a_nested_run_get_the_names_of_their_planner() -> None:
    whole = merge(outer(), [nested("sub", inner())])
    assert list(whole.tasks) == ["sub", "last", "sub.t1", "sub.t2", "sub.t3"]
    assert [one.name for one in whole.jobs] == ["L0", "sub/L0", "sub/L1", "L1"]
    assert whole.tasks["sub.t2"].array == "sub/L0"
    assert {one.array for one in whole.attempts} == {"L0", "L1", "sub/L0", "sub/L1"}
    assert whole.newest["sub.t2"] in whole.executions
    assert layers_of(whole.jobs) == {"L0": 0, "sub/L0": 1, "sub/L1": 2, "L1": 1}
    assert [one.name for one in jobs_of(whole, "sub")] == ["L0", "L1"]
    assert (scope_of("sub/L0"), scope_of("L0")) == ("sub", "")


def test_nothing_changes_without_nested_runs() -> None:
    whole = outer()
    assert merge(whole, []) is whole


def test_a_failure_goes_back_to_the_innermost_task() -> None:
    deep = history([job("L0")], [task("d")], [ran("d", **FAILED)], [attempt(state="failed")])
    middle = history([job("L0")], [task("mid")], [ran("mid", **FAILED)], [attempt(state="failed")])
    whole = merge(outer(), [nested("sub", merge(middle, [nested("mid", deep)]))])
    assert whole.nested["sub"].blamed == "sub.mid.d"
    assert whole.nested["sub.mid"].outer == "sub"
    found = analyse(whole, {"f.txt": "sub"})
    assert [(one.ids, one.skipped_ids) for one in found.groups] == [(("sub.mid.d",), ("last",))]
    assert [one.id for one in failed_tasks(whole)] == ["sub.mid.d"]
    story = tell_task(whole, {}, "sub")
    assert story.root == "sub.mid.d" and story.root_cause is not None
    url = log_url(whole.run_urls, whole.newest["sub.mid.d"])
    assert url == "s3://b/nested/logs/L0/0.1.1.log"


def test_a_planner_that_failed_by_itself_is_told_itself() -> None:
    fine = history([job("L0")], [task("t")], [ran("t")], [attempt()])
    whole = merge(outer(), [nested("sub", fine)])
    assert [one.ids for one in analyse(whole, {"f.txt": "sub"}).groups] == [("sub",)]
    unbegun = merge(outer(), [nested("sub", None)])
    assert [one.ids for one in analyse(unbegun, {"f.txt": "sub"}).groups] == [("sub",)]
    assert unbegun.status.tasks.total == 2


def test_files_of_nested_runs_are_told_apart_from_those_of_the_run() -> None:
    whole = merge(outer(), [nested("sub", inner())])
    assert {scope: sorted(names)[0] for scope, names in named_files(whole).items()} == {
        "": "f.txt", "sub": "f.txt",
    }  # fmt: skip
    makers = {"f.txt": "sub", file_key("sub", "f.txt"): "sub.t2"}
    (group,) = analyse(whole, makers).groups
    assert (group.ids, group.skipped_ids) == (("sub.t2",), ("last", "sub.t3"))


def test_tasks_stand_as_their_own_run_does() -> None:
    going = history([job("L0")], [task("w")], state="running")
    over = outer()
    whole = merge(over, [nested("sub", going)])
    assert whole.states["sub.w"] == "waiting"
    lost_record = history([job("L0")], [task("w")], state="succeeded")
    assert merge(over, [nested("sub", lost_record)]).states["sub.w"] == "succeeded"


def test_ids_that_clash_are_told_apart() -> None:
    taken = history([job("L0", size=2)], [task("a"), task("a.t1", bag=1)], [ran("a")], [attempt()])
    seen = history([job("L0")], [task("t1")], [ran("t1")], [attempt()])
    whole = merge(taken, [nested("a", seen)])
    assert list(whole.tasks) == ["a", "a.t1", "a/t1"]
    assert whole.tasks["a.t1"].array == "L0" and whole.tasks["a/t1"].array == "a/L0"


def test_counts_are_those_of_tasks_and_planners_count_as_sub_workflows() -> None:
    whole = merge(outer(), [nested("sub", inner())])
    assert (whole.status.tasks.total, whole.status.tasks.failed) == (1 + 3, 1)
    summary = summarize(whole)
    assert (summary.tasks.total, summary.tasks.failed, summary.skipped) == (4, 1, 2)
    assert (summary.jobs.total, summary.jobs.failed) == (4, 1)
    assert (summary.sub_workflows.total, summary.sub_workflows.failed) == (1, 1)
    assert (summary.planner_seconds, summary.job_seconds) == (100.0, 4 * 12.0)
    assert summary.task_seconds == 10.0 + 10.0
    assert [row.array for row in array_rows(whole)] == ["sub/L0", "sub/L1", "L1"]


def test_a_planner_that_was_started_again_is_a_retry_of_its_sub_workflow() -> None:
    whole = outer("succeeded")
    again = replace(whole, attempts=(attempt("L0", state="lost"), *whole.attempts))
    counted = count_sub_workflows(merge(again, [nested("sub", None)]))
    assert (counted.succeeded, counted.retries, counted.all_runs) == (1, 1, 2)


def test_sub_workflows_that_are_planned_in_are_counted_by_their_tasks() -> None:
    seen = history(
        [job("L0", size=5)],
        [task(name, bag=bag) for bag, name in enumerate(("a.t", "a.b.t", "c.t", "d.t", "dd.t"))],
        [ran("a.t"), ran("a.b.t", bag=1, **FAILED), ran("c.t", bag=2), ran("dd.t", bag=4)],
    )
    counted = count_sub_workflows(replace(seen, planned_in=("a", "a.b", "c", "d")))
    assert (counted.total, counted.failed, counted.succeeded, counted.incomplete) == (4, 2, 1, 1)


def test_planned_in_sub_workflows_of_nested_runs_are_counted_too() -> None:
    seen = history([job("L0")], [task("p.t")], [ran("p.t")], [attempt()])
    whole = merge(outer("succeeded"), [nested("sub", replace(seen, planned_in=("p",)))])
    assert whole.planned_in == ("sub.p",)
    assert count_sub_workflows(whole).succeeded == 2


def test_lost_children_of_nested_runs_are_lost_in_the_whole() -> None:
    seen = history(
        [job("L0")], [task("t")], (), [attempt(state="lost", reason="Host EC2 terminated")]
    )
    whole = merge(outer(), [nested("sub", seen)])
    assert list(whole.lost) == ["sub.t"]
    assert whole.nested["sub"].blamed == "sub.t"
    (group,) = analyse(whole, {"f.txt": "sub"}).groups
    assert (group.ids, group.skipped_ids) == (("sub.t",), ("last",))
