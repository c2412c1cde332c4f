"""The bag line of a task that plans and runs a workflow, and the request of its job."""

from __future__ import annotations

from dataclasses import replace

from pegbatch.batch.requests import RunIdentity, build_requests
from pegbatch.model.manifest import task_files_from_json, task_from_json
from pegbatch.planner.pipeline import plan_workflow
from tests.sub_workflow_plans import lines_of, with_sub_workflows
from tests.workflows import T, make_given

LEAD = T(id="lead", name="lead", kept=["f.yml", "data", "my.conf", "sites.yml"])
OTHER = T(id="other", name="other", kept=["more"])
SUB = T(
    id="s",
    name="sub",
    arguments="--conf my.conf --force",
    inputs=["f.yml", "data", "my.conf", "sites.yml", "more"],
    optional_inputs=["nowhere"],
    outputs=["out"],
    kept=["kept"],
)
LAST = T(id="last", name="last", inputs=["kept"])
RUN = RunIdentity(
    run_url="s3://b/run",
    run_hex="0a1b2c3d",
    service="local",
    started=1.0,
    job_queue="q",
    job_definition="d:1",
    nesting=2,
)


def planned():
    tasks = [LEAD, OTHER, SUB, LAST]
    workflow = with_sub_workflows(tasks, {"s": "f.yml"}, for_planning=frozenset({"sites.yml"}))
    return plan_workflow(make_given(workflow))


def test_only_what_its_planning_reads_is_fetched_and_the_rest_is_handed_on() -> None:
    line = lines_of(planned())["s"]
    assert line["argv"] == ["pegbatch", "sub-workflow"]
    assert [use["lfn"] for use in line["inputs"]] == ["f.yml", "my.conf", "sites.yml"]
    assert line["outputs"] == []
    assert line["sub_workflow"]["file"] == "f.yml"
    assert line["sub_workflow"]["options"] == "--conf my.conf --force"
    handed = [(use["lfn"], use["url"]) for use in line["sub_workflow"]["inputs"]]
    assert handed[:2] == [("data", "data/data"), ("more", "data/more")]
    assert {use["lfn"] for use in line["sub_workflow"]["outputs"]} == {"out", "kept"}


def test_a_parent_whose_files_are_not_fetched_is_looked_up() -> None:
    line = lines_of(planned())["s"]
    assert [parent["id"] for parent in line["after"]] == ["other"]


def test_the_worker_and_a_resume_read_what_the_line_says() -> None:
    line = lines_of(planned())["s"]
    task = task_from_json(line)
    assert task.sub_workflow is not None
    assert task.sub_workflow.options == "--conf my.conf --force"
    assert {use.lfn for use in task.sub_workflow.outputs} == {"out", "kept"}
    files = task_files_from_json(line)
    assert {"data/f.yml", "data/data", "data/more"} <= set(files.inputs)
    assert set(files.outputs) == {"data/out", "data/kept"}
    assert files.elsewhere == ()
    line["sub_workflow"]["outputs"] = [{"lfn": "a", "url": "s3://b/a", "deliver": ["s3://c/a"]}]
    assert task_files_from_json(line).elsewhere == ("s3://b/a", "s3://c/a")
    assert task_from_json(lines_of(planned())["last"]).sub_workflow is None


def test_what_another_task_writes_last_and_what_it_saves_are_not_its_outputs() -> None:
    own = T(id="s", name="sub", inputs=["f.yml"], kept=["out", "twice"], checkpoints={"c": False})
    tasks = [LEAD, own, T(id="other", name="other", kept=["twice"])]
    workflow = with_sub_workflows(tasks, {"s": "f.yml"})
    line = lines_of(plan_workflow(make_given(workflow)))["s"]
    assert [use["lfn"] for use in line["sub_workflow"]["outputs"]] == ["out"]
    assert line["sub_workflow"]["inputs"] == []


def test_a_job_of_such_tasks_is_told_where_the_jobs_of_its_runs_go() -> None:
    requests = {one.array: one.body for one in build_requests(planned().plan, RUN)}
    variables = {
        one["name"]: one["value"]
        for one in requests["L1-sub-workflow"]["containerOverrides"]["environment"]
    }
    assert variables["PEGBATCH_SUB_WORKFLOWS"] == "1"
    assert variables["PEGBATCH_NESTING"] == "2"
    assert variables["PEGBATCH_JOB_QUEUE"] == "q"
    assert variables["PEGBATCH_JOB_DEFINITION"] == "d:1"
    others = [one for name, one in requests.items() if name != "L1-sub-workflow"]
    assert "PEGBATCH_SUB_WORKFLOWS" not in str(others)


def test_a_run_that_is_part_of_no_other_has_nesting_1() -> None:
    plan = planned().plan
    (body,) = (
        one.body
        for one in build_requests(plan, replace(RUN, nesting=1))
        if one.array == "L1-sub-workflow"
    )
    assert {"name": "PEGBATCH_NESTING", "value": "1"} in body["containerOverrides"]["environment"]
