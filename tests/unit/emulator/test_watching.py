"""DescribeJobs, ListJobs and what a stuck queue says: reference 4.7."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.emulator.bench import Bench, Refused, override


def listed(bench: Bench, **body: Any) -> list[Any]:
    """Return one page of ListJobs."""
    return list(bench.call("ListJobs", **body)["jobSummaryList"])


def names(bench: Bench, **body: Any) -> list[str]:
    return [entry["jobName"] for entry in listed(bench, jobQueue="q", **body)]


def by(name: str, *values: str) -> dict[str, Any]:
    return {"filters": [{"name": name, "values": list(values)}]}


def test_unknown_ids_are_left_out(bench: Bench) -> None:
    job = bench.submit()
    array = bench.submit(size=2)
    ids = [job, "nonsense", f"{array}:2", f"{job}:0", "9f6ea4b5-93ef-4ed3-a78e-5e71f7ba6d7a"]
    assert [entry["jobId"] for entry in bench.call("DescribeJobs", jobs=ids)["jobs"]] == [job]


def test_told_so_a_fresh_job_is_not_shown_for_a_while(tmp_path: Path) -> None:
    bench = Bench(tmp_path, late_seconds=3)
    bench.set_up()
    job = bench.submit("late")
    assert bench.call("DescribeJobs", jobs=[job])["jobs"] == []
    assert names(bench) == []
    bench.wait(3)
    assert bench.status(job) == "RUNNING"
    assert names(bench) == ["late"]


def test_a_job_that_is_not_shown_yet_can_be_depended_on_and_terminated(tmp_path: Path) -> None:
    bench = Bench(tmp_path, late_seconds=3)
    bench.set_up()
    job = bench.submit()
    child = bench.submit(dependsOn=[{"jobId": job}])
    bench.call("TerminateJob", jobId=job, reason="enough")
    bench.wait(4)
    assert [bench.status(job), bench.status(child)] == ["FAILED", "FAILED"]


@pytest.mark.parametrize(
    "body", [{}, {"jobQueue": "q", "arrayJobId": "x"}, {"jobQueue": "q", "multiNodeJobId": "x"}]
)
def test_list_jobs_takes_exactly_one_selector(bench: Bench, body: dict[str, str]) -> None:
    with pytest.raises(Refused, match="exactly one"):
        listed(bench, **body)


def test_list_jobs_shows_running_jobs_unless_asked(bench: Bench) -> None:
    running = [bench.submit(f"r{n}") for n in range(8)]
    bench.submit("waiting")
    bench.finish(running[0])
    assert sorted(names(bench)) == [f"r{n}" for n in range(1, 8)] + ["waiting"]
    assert names(bench, jobStatus="SUCCEEDED") == ["r0"]
    assert names(bench, jobStatus="RUNNABLE") == []


def test_list_jobs_shows_parents_and_no_children_in_a_queue(bench: Bench) -> None:
    array = bench.submit("array", size=3)
    found = listed(bench, jobQueue="q", jobStatus="PENDING")
    assert [entry["jobId"] for entry in found] == [array]
    assert found[0]["arrayProperties"]["size"] == 3
    assert names(bench) == []


def test_list_jobs_shows_the_children_of_an_array_in_one_state(bench: Bench) -> None:
    array = bench.submit(size=4)
    bench.finish(f"{array}:1", 3)
    bench.finish(f"{array}:2", 0)
    running = listed(bench, arrayJobId=array)
    assert [entry["arrayProperties"]["index"] for entry in running] == [0, 3]
    failed = listed(bench, arrayJobId=array, jobStatus="FAILED")
    assert [entry["arrayProperties"]["index"] for entry in failed] == [1]
    assert failed[0]["container"]["exitCode"] == 3
    assert failed[0]["statusReason"] == "Essential container in task exited"


def test_filters_do_not_apply_to_array_children(bench: Bench) -> None:
    array = bench.submit(size=2)
    with pytest.raises(Refused, match="don't apply"):
        listed(bench, arrayJobId=array, **by("JOB_NAME", "x"))


def test_list_jobs_of_a_plain_job_as_array_is_refused(bench: Bench) -> None:
    with pytest.raises(Refused, match="no array job"):
        listed(bench, arrayJobId=bench.submit())


def test_only_one_filter_can_be_used(bench: Bench) -> None:
    both = [*by("JOB_NAME", "a")["filters"], *by("JOB_DEFINITION", "d")["filters"]]
    with pytest.raises(Refused, match="only one filter"):
        listed(bench, jobQueue="q", filters=both)


def test_unknown_filters_are_refused(bench: Bench) -> None:
    with pytest.raises(Refused, match="'job_name' is none of"):
        listed(bench, jobQueue="q", **by("job_name", "a"))


def test_the_name_filter_ignores_case_and_takes_a_star_at_its_end(bench: Bench) -> None:
    for name in ("test1", "Test1", "Test10", "other"):
        bench.submit(name)
    assert sorted(names(bench, **by("JOB_NAME", "TEST1"))) == ["Test1", "test1"]
    assert sorted(names(bench, **by("JOB_NAME", "test1*"))) == ["Test1", "Test10", "test1"]


def test_a_filter_ignores_the_status(bench: Bench) -> None:
    bench.finish(bench.submit("done"))
    assert names(bench, jobStatus="RUNNING", **by("JOB_NAME", "done")) == ["done"]


def test_the_definition_filter_takes_names_and_arns(bench: Bench) -> None:
    bench.define("d")
    bench.submit("one", jobDefinition="d:1")
    bench.submit("two", jobDefinition="d:2")
    arn = "arn:aws:batch:us-east-1:123456789012:job-definition/d:2"
    assert sorted(names(bench, **by("JOB_DEFINITION", "d"))) == ["one", "two"]
    assert names(bench, **by("JOB_DEFINITION", arn)) == ["two"]
    assert names(bench, **by("JOB_DEFINITION", "D")) == []


def test_the_created_filters_take_milliseconds(bench: Bench) -> None:
    bench.submit("old")
    bench.wait(10)
    middle = str(int(bench.time * 1000))
    bench.wait(10)
    bench.submit("new")
    assert names(bench, **by("BEFORE_CREATED_AT", middle)) == ["old"]
    assert names(bench, **by("AFTER_CREATED_AT", middle)) == ["new"]
    with pytest.raises(Refused, match="milliseconds"):
        names(bench, **by("AFTER_CREATED_AT", "yesterday"))


def test_the_share_filter_goes_with_a_status(bench: Bench) -> None:
    policy = bench.call("CreateSchedulingPolicy", name="fair")["arn"]
    bench.queue("fair", "ce", schedulingPolicyArn=policy)
    for number, share in enumerate("aab"):
        job = bench.submit(f"{share}{number}", jobQueue="fair", shareIdentifier=share)
        if number == 0:
            bench.finish(job)
    query = {"jobQueue": "fair", **by("SHARE_IDENTIFIER", "a")}
    assert [e["jobName"] for e in listed(bench, **query)] == ["a1", "a0"]
    assert [e["jobName"] for e in listed(bench, **query, jobStatus="SUCCEEDED")] == ["a0"]


def test_filtered_jobs_come_newest_first(bench: Bench) -> None:
    for name in ("x1", "x2", "x3"):
        bench.submit(name)
        bench.wait(1)
    assert names(bench, **by("JOB_NAME", "x*")) == ["x3", "x2", "x1"]


def pages(bench: Bench, **body: Any) -> list[list[str]]:
    """Return the ids of all pages."""
    found = []
    while True:
        answer = bench.call("ListJobs", **body)
        found.append([entry["jobId"] for entry in answer["jobSummaryList"]])
        if "nextToken" not in answer:
            return found
        body["nextToken"] = answer["nextToken"]


def test_pages_by_status_have_up_to_1000_jobs(bench: Bench) -> None:
    array = bench.submit(size=2108)
    found = pages(bench, arrayJobId=array, jobStatus="RUNNABLE")
    assert [len(page) for page in found] == [1000, 1000, 100]
    assert len({job for page in found for job in page}) == 2100


def test_pages_by_filter_have_up_to_100_jobs(bench: Bench) -> None:
    for _ in range(150):
        bench.submit("many")
    found = pages(bench, jobQueue="q", maxResults=1000, **by("JOB_NAME", "many"))
    assert [len(page) for page in found] == [100, 50]


def test_a_job_that_leaves_the_state_between_two_pages_shifts_nothing(bench: Bench) -> None:
    array = bench.submit(size=8)
    first = bench.call("ListJobs", arrayJobId=array, maxResults=3)
    bench.finish(f"{array}:0")
    second = bench.call("ListJobs", arrayJobId=array, maxResults=3, nextToken=first["nextToken"])
    indices = [entry["arrayProperties"]["index"] for entry in second["jobSummaryList"]]
    assert indices == [3, 4, 5]


@pytest.mark.parametrize("body", [{"maxResults": 0}, {"nextToken": "nonsense"}])
def test_wrong_pages_are_refused(bench: Bench, body: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"maxResults|nextToken"):
        listed(bench, jobQueue="q", **body)


def test_the_log_stream_is_known_from_running_and_named_by_definition_and_task(
    bench: Bench,
) -> None:
    bench.submit(size=8)
    job = bench.submit()
    assert "logStreamName" not in bench.describe(job)["container"]
    bench.finish_all()
    found = bench.describe(job)["container"]
    task = found["taskArn"].rpartition("/")[2]
    assert found["logStreamName"] == f"d/default/{task}"


def test_a_job_larger_than_its_environments_runs_capped_with_a_warning(bench: Bench) -> None:
    job = bench.submit(**override(resourceRequirements=[{"type": "VCPU", "value": "16"}]))
    assert bench.status(job) == "RUNNING"
    warnings = [text for effects in bench.effects for text in effects.warnings]
    assert len(warnings) == 1 and "asks for 16 vCPUs" in warnings[0]


def test_told_to_be_strict_such_a_job_stays_runnable_and_says_why(tmp_path: Path) -> None:
    bench = Bench(tmp_path, strict=True)
    bench.set_up()
    job = bench.submit(**override(resourceRequirements=[{"type": "VCPU", "value": "16"}]))
    behind = bench.submit()
    found = bench.describe(job)
    assert found["status"] == "RUNNABLE"
    assert found["statusReason"].startswith("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE")
    assert bench.status(behind) == "RUNNABLE"


def test_a_time_limit_of_the_queue_cancels_a_stuck_head(tmp_path: Path) -> None:
    bench = Bench(tmp_path, strict=True)
    bench.environment("ce")
    limit = {
        "reason": "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        "state": "RUNNABLE",
        "maxTimeSeconds": 600,
        "action": "CANCEL",
    }
    bench.queue("q", "ce", jobStateTimeLimitActions=[limit])
    bench.define("d")
    job = bench.submit(**override(resourceRequirements=[{"type": "VCPU", "value": "16"}]))
    behind = bench.submit()
    bench.wait(599)
    assert bench.status(job) == "RUNNABLE"
    bench.wait(2)
    assert [bench.status(job), bench.status(behind)] == ["FAILED", "RUNNING"]


def test_a_queue_snapshot_shows_the_first_100_runnable_jobs_in_order(bench: Bench) -> None:
    first = bench.submit(size=9)
    second = bench.submit(size=200)
    front = bench.call("GetJobQueueSnapshot", jobQueue="q")["frontOfQueue"]["jobs"]
    ids = [entry["jobArn"].rpartition("/")[2] for entry in front]
    assert ids == [f"{first}:8", *(f"{second}:{n}" for n in range(99))]
