"""The task of a sub-workflow, as its worker sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pegbatch.errors import AccessDenied, StoreUnreachable
from pegbatch.model.manifest import FileUse
from pegbatch.worker.child import Child, read_child
from pegbatch.worker.nested import PlannerGaveUp, check_end, made_outputs
from pegbatch.worker.own_attempt import exit_code_of
from pegbatch.worker.process import Ended
from tests.fakes_store import MemoryStore
from tests.run_layout import Line, task
from tests.unit.worker.conftest import RUN, Bench


def nested_task(**more: Any) -> Line:
    told = {"file": "f.yml", "options": "", "inputs": [], "outputs": []}
    return task("s", "pegbatch", "sub-workflow", inputs=["f.yml"], sub_workflow=told, **more)


def child(attempt: int = 1) -> Child:
    told = {"AWS_BATCH_JOB_ATTEMPT": str(attempt), "PEGBATCH_ATTEMPTS": "3"}
    return read_child([RUN, "L0"], told)


def test_an_image_without_pegbatch_says_so_and_is_not_tried_again(
    bench: Bench, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    package = image / "pegbatch" / "cli" / "nesting"
    package.mkdir(parents=True)
    for folder in (package, package.parent, package.parent.parent):
        (folder / "__init__.py").touch()
    (package / "main.py").write_text("import a_package_that_is_not_there\n")
    bench.run.put("f.yml", b"workflow")
    bench.run.add_array("L0", [nested_task(tries=5)])
    assert bench.child(attempts="9", PYTHONPATH=str(image)) == 0
    (record,) = bench.run.records("L0", 0)
    assert (record.state, record.exit_code) == ("failed", 4)
    assert "lacks the Python package a_package_that_is_not_there: install" in record.stderr_tail
    assert bench.run.marks() == ["L0/0.1.1.0"]


def test_what_the_planner_is_told_lies_in_the_tasks_directory_and_its_words_in_the_record(
    bench: Bench, tmp_path: Path
) -> None:
    bench.run.put("f.yml", b"workflow")
    bench.run.add_array("L0", [nested_task()])
    assert bench.child(attempts="9", PEGBATCH_S3_DIRECTORY=str(tmp_path)) == 0
    (record,) = bench.run.records("L0", 0)
    assert (record.state, record.exit_code) == ("failed", 5)
    assert f"{RUN}/plan/run.json" in record.stderr_tail


@pytest.mark.parametrize("ended", [Ended(exit_code=75), Ended(signal=9)])
def test_a_planner_that_is_lost_is_started_again_while_there_are_attempts(ended: Ended) -> None:
    with pytest.raises(PlannerGaveUp) as raised:
        check_end(child(), ended)
    assert exit_code_of(raised.value, stopping=False) == 75
    check_end(child(attempt=3), ended)


@pytest.mark.parametrize("ended", [Ended(exit_code=1), Ended(signal=15, timed_out=True)])
def test_one_that_has_ended_has_ended(ended: Ended) -> None:
    check_end(child(), ended)
    assert not ended.checkpointed


def test_its_outputs_are_those_that_its_tasks_have_put() -> None:
    store = MemoryStore()
    store.write(f"{RUN}/data/a", b"12345")
    uses = [FileUse(lfn="a", url="data/a"), FileUse(lfn="b", url="data/b", optional=True)]
    (found,), trouble = made_outputs(child(), store, uses)
    assert trouble is None
    assert (found.url, found.size_bytes, len(found.sha256)) == (f"{RUN}/data/a", 5, 64)
    _, trouble = made_outputs(child(), store, [FileUse(lfn="b", url="data/b")])
    assert trouble is not None and trouble.reason == "output b was not made by the sub-workflow"


def test_a_store_that_says_no_is_a_failure_and_one_that_says_nothing_is_none() -> None:
    def refuse(operation: str, url: str) -> None:
        raise AccessDenied("no")

    def hang(operation: str, url: str) -> None:
        raise StoreUnreachable("nobody")

    uses = [FileUse(lfn="a", url="data/a")]
    _, trouble = made_outputs(child(), MemoryStore(refuse), uses)
    assert trouble is not None and trouble.reason == "output a: no"
    with pytest.raises(StoreUnreachable):
        made_outputs(child(), MemoryStore(hang), uses)


def test_clean_up_keeps_what_a_sub_workflow_without_a_success_reads(bench: Bench) -> None:
    line = nested_task()
    line["sub_workflow"]["inputs"] = [{"lfn": "data", "url": "data/data"}]
    bench.run.put("data", b"kept")
    bench.run.put("gone", b"deleted")
    bench.run.add_array("L0", [line])
    bench.store.write(f"{RUN}/failures/L0/0.1.1.0", b"")
    rows = {"id": "", "after": ["L0"], "delete": ["data/data", "data/gone"]}
    bench.run.add_array("clean-up-0", [rows])
    assert bench.child("clean-up-0", kind="clean-up") == 0
    assert bench.run.get("data") == b"kept"
    assert bench.run.get("gone") is None
