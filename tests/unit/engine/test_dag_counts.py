"""Runs in DAGMan's words, as Pegasus's own client reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from Pegasus.client._client import Client
from Pegasus.client.status import Status

from pegbatch.engine.looking.dag_counts import count_dag
from pegbatch.engine.looking.job_queue import queue_of
from pegbatch.engine.state import new_state
from pegbatch.model.dag import DagCounts, dag_name, dagman_file
from pegbatch.model.run_status import RunPhase, RunStatus, TaskCounts
from pegbatch.report.dagman_out import dagman_text
from pegbatch.report.pegasus_status import status_json, status_text
from tests.plans import Bench, diamond, job
from tests.run_looks import array, run_status

NUMBER = "00000000-0000-4000-8000-000000000001"


def status(state: RunPhase = "running", **counts: int) -> RunStatus:
    wide = array("wide", RUNNABLE=1, STARTING=1, RUNNING=2)
    return run_status(state, tasks=TaskCounts(**counts), arrays=(wide,))


def counted(one: RunStatus, *, settled: bool) -> DagCounts:
    return count_dag(one, (job("wide", size=4, tasks=8),), settled=settled)


def read_by_client(counts: DagCounts, folder: Path) -> dict[str, Any]:
    """Write the file and have Pegasus's client read it."""
    (folder / dagman_file("my.wf-0")).write_text(dagman_text(counts, now=1_700_000_000.0))
    found: dict[str, Any] = Status().get_progress(str(folder))["dags"]["root"]
    return found


def test_children_that_wait_for_a_machine_alone_are_ready() -> None:
    found = counted(
        status(total=20, succeeded=6, running=4, waiting=8, failed=1, skipped=1), settled=False
    )
    assert (found.done, found.queued, found.ready, found.unready, found.failed) == (6, 4, 4, 5, 1)
    assert found.state == "Running"


@pytest.mark.parametrize("state", ["submitting", "running", "succeeded", "failed", "cancelled"])
def test_the_parts_add_up_and_a_run_that_is_not_settled_is_running(state: RunPhase) -> None:
    found = counted(status(state, total=9, succeeded=9), settled=False)
    parts = (found.done, found.queued, found.post, found.ready, found.unready, found.failed)
    assert sum(parts) == found.total == 9
    assert (found.state, found.post) == ("Running", 1)


def test_the_client_takes_a_run_for_over_only_when_its_outputs_are_fetched(tmp_path: Path) -> None:
    ended = status("succeeded", total=3, succeeded=3)
    assert read_by_client(counted(ended, settled=False), tmp_path)["state"] == "Running"
    found = read_by_client(counted(ended, settled=True), tmp_path)
    assert (found["state"], found["percent_done"], found["total"]) == ("Success", 100.0, 3)
    assert found["dagname"] == "my.wf-0.dag"


def test_the_client_takes_a_failure_for_the_end_only_when_the_rest_has_run(tmp_path: Path) -> None:
    counts = {"total": 4, "succeeded": 1, "failed": 1, "skipped": 2}
    going_on = status("running", total=4, succeeded=1, failed=1, running=2)
    assert read_by_client(counted(going_on, settled=False), tmp_path)["state"] == "Running"
    found = read_by_client(counted(status("failed", **counts), settled=True), tmp_path)
    assert (found["state"], found["failed"], found["unready"]) == ("Failure", 1, 2)


def test_a_run_that_failed_with_every_task_done_is_a_failure(tmp_path: Path) -> None:
    found = read_by_client(counted(status("failed", total=2, succeeded=2), settled=True), tmp_path)
    assert found["state"] == "Failure"


@pytest.mark.parametrize("settled", [False, True])
def test_the_client_can_divide_by_the_nodes_of_a_workflow_without_tasks(
    settled: bool, tmp_path: Path
) -> None:
    found = read_by_client(counted(status("succeeded"), settled=settled), tmp_path)
    assert (found["total"], found["state"]) == (1, "Success" if settled else "Running")


def test_the_line_of_pegasus_status_is_the_one_that_older_clients_look_for() -> None:
    counts = counted(status("failed", total=4, succeeded=1, failed=1, skipped=2), settled=True)
    told = status_text(counts, dag_name("sketch"), (), now=0.0, long=True)
    found = Client._parse_status_output(told, "sketch")
    assert found is not None
    assert found["dags"]["root"]["state"] == "Failure"
    assert found["totals"]["failed"] == 1


@pytest.mark.parametrize("label", ["../../etc/passwd", "a\nb", "å" * 300, "", "x" * 5_000])
def test_no_label_leads_out_of_the_submit_directory(label: str) -> None:
    name = dagman_file(dag_name(label))
    assert Path(name).name == name
    assert name.isprintable() and len(name.encode()) < 200


def test_the_client_shows_the_queue_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    plan = diamond()
    state = new_state(plan)
    names = {"name": "sketch-0", "number": NUMBER, "submit_dir": "/runs/run0001"}
    assert queue_of(plan.jobs, state, **names) == []
    bench = Bench(plan)
    bench.start()
    queue = queue_of(plan.jobs, bench.context().state, **names)
    shower = Status()
    shower.submit_dir_entered, shower.root_wf_uuid = True, NUMBER
    shower.show_condor_jobs([dict(one) for one in queue], long=True, legend=True)
    told = capsys.readouterr().out
    assert "sketch-0 (/runs/run0001)" in told
    assert all(array in told for array in ("first", "middle", "last", "verdict"))
    shower.root_wf_name = "sketch-0"
    shower.get_condor_q_dict([dict(one) for one in queue])
    ours = status_json(counted(status(total=1, running=1), settled=False), "sketch-0", queue)
    assert ours["condor_jobs"][NUMBER]["DAG_NAME"] == "root"
    assert shower.status_output["condor_jobs"][NUMBER]["DAG_NAME"] == "root"
