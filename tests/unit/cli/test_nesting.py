"""What the planner of a sub-workflow is told, and what it makes of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pegbatch.cli.nesting.host import read_host
from pegbatch.cli.nesting.orders import read_orders
from pegbatch.errors import InputError, UsageError
from pegbatch.model.known_run import KnownRun
from pegbatch.model.sub_workflows import NESTING_MAX

OUTER = KnownRun(
    run_url="s3://b/run",
    service="local",
    wire=False,
    job_prefix="w-0a1b2c3d",
    started=1.0,
    number=1,
    queues=("q",),
    local_folder="/base/local-aws",
)
TOLD = {
    "PEGBATCH_NESTING": "1",
    "PEGBATCH_JOB_QUEUE": "q",
    "PEGBATCH_JOB_DEFINITION": "d:1",
    "AWS_ENDPOINT_URL_BATCH": "http://127.0.0.1:9",
}


def test_every_attempt_of_a_task_drives_the_same_run_and_no_two_tasks_do() -> None:
    first, again = read_host(OUTER, "s", TOLD), read_host(OUTER, "s", TOLD)
    assert first == again
    assert first.run_url == "s3://b/run/nested/s"
    assert len(first.run_hex) == 8
    other = read_host(OUTER, "t", TOLD)
    assert (other.run_hex, other.run_url) != (first.run_hex, first.run_url)


def test_its_jobs_go_where_the_job_itself_was_told_to_be() -> None:
    host = read_host(OUTER, "s", TOLD)
    assert (host.job_queue, host.job_definition, host.nesting) == ("q", "d:1", 1)
    assert (host.local_folder, host.batch_url) == (Path("/base/local-aws"), "http://127.0.0.1:9")


def test_on_amazon_there_is_no_embedded_aws() -> None:
    amazon = replace(OUTER, service="aws", local_folder="")
    host = read_host(amazon, "s", {**TOLD, "AWS_ENDPOINT_URL_BATCH": ""})
    assert (host.local_folder, host.batch_url) == (None, "")


@pytest.mark.parametrize("name", sorted(TOLD))
def test_a_job_that_was_not_told_something_says_what(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        read_host(OUTER, "s", {key: value for key, value in TOLD.items() if key != name})


def test_a_workflow_that_contains_itself_comes_to_an_end() -> None:
    told = {**TOLD, "PEGBATCH_NESTING": str(NESTING_MAX + 1)}
    with pytest.raises(InputError, match=f"nested {NESTING_MAX + 1} deep"):
        read_host(OUTER, "s", told)


USE = {"lfn": "a", "url": "s3://b/run/data/a", "sha256": None, "optional": False}


def test_orders_name_files_with_all_their_places(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    orders = {
        "run": "s3://b/run",
        "task": "s",
        "file": "f.yml",
        "options": "--force",
        "inputs": [{**USE, "others": ["s3://c/a"], "deliver": []}],
        "outputs": [{**USE, "others": [], "deliver": ["s3://out/a"]}],
    }
    path.write_text(json.dumps(orders))
    found = read_orders(path)
    assert found.inputs[0].urls == ("s3://b/run/data/a", "s3://c/a")
    assert found.outputs[0].urls == ("s3://b/run/data/a", "s3://out/a")
    path.write_text("[]")
    with pytest.raises(InputError, match="not the orders of a sub-workflow"):
        read_orders(path)
