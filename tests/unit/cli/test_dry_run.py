"""`pegbatch run --dry-run`: all that would be sent, and nothing done."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from pegbatch.adapters.sqlite_runs import SqliteRuns
from pegbatch.batch.limits import OVERRIDES_MAX_CHARACTERS
from pegbatch.batch.requests import RunIdentity, build_requests
from pegbatch.cli.main import main
from pegbatch.cli.wiring import open_run
from pegbatch.model.events import RunEvent
from pegbatch.model.layout import PLAN_FILE
from pegbatch.model.plan import plan_to_json
from pegbatch.model.requests import with_job_ids
from tests.functional.commands import EXAMPLES, called, planned

AMAZON = {
    "pegasus.aws.region": "eu-west-1",
    "pegasus.aws.account": "123456789012",
    "pegasus.aws.batch.job_queue": "my-queue",
    "pegasus.aws.batch.job_definition": "my-definition:3",
}


@pytest.fixture
def submit_dir(tmp_path: Path) -> Path:
    """Plan the black diamond with an input of our own."""
    conf = EXAMPLES / "black-diamond" / "pegasus.properties"
    words = ("--conf", str(conf), "--output-dir", str(tmp_path / "out"))
    plan = planned(EXAMPLES / "black-diamond" / "diamond.dax", tmp_path, *words)
    return Path(plan["submit_dir"])


def dry(*words: str | Path) -> dict[str, Any]:
    code, out, talk = called("run", "--dry-run", "--json", *words)
    assert code == 0, talk
    found: dict[str, Any] = json.loads(out)
    return found


def change_plan(submit_dir: Path, **changes: Any) -> None:
    changed = replace(open_run(submit_dir).plan, **changes)
    (submit_dir / PLAN_FILE).write_text(json.dumps(plan_to_json(changed)))


def contents(folder: Path) -> dict[str, float]:
    return {
        os.path.join(where, name): os.stat(os.path.join(where, name)).st_mtime
        for where, _, names in os.walk(folder)
        for name in names
    }


def without_time(body: Mapping[str, Any]) -> str:
    environment = body["containerOverrides"]["environment"]
    kept = [one for one in environment if one["name"] != "PEGBATCH_RUN_STARTED"]
    overrides = {**body["containerOverrides"], "environment": kept}
    return json.dumps({**body, "containerOverrides": overrides}, sort_keys=True)


def test_the_bodies_are_those_that_a_run_sends_but_for_its_name_and_ids(submit_dir: Path) -> None:
    run = open_run(submit_dir)
    change_plan(submit_dir, properties={**run.plan.properties, **AMAZON})
    identity = RunIdentity(
        run_url=f"{run.plan.staging_url}/black-diamond-20260101T000000Z-0a1b2c3d",
        run_hex="0a1b2c3d",
        service="aws",
        started=5.0,
        job_queue="my-queue",
        job_definition="my-definition:3",
    )
    ids = {job.name: job.name for job in run.plan.jobs}
    sent = [with_job_ids(one, ids) for one in build_requests(run.plan, identity)]
    expected = [
        without_time(body)
        .replace("black-diamond-20260101T000000Z-0a1b2c3d", "RUN")
        .replace("0a1b2c3d", "RUN")
        for body in sent
    ]
    assert [without_time(body) for body in dry(submit_dir)["requests"]] == expected


def test_dependencies_are_shown_by_name(submit_dir: Path) -> None:
    requests = {body["jobName"]: body for body in dry(submit_dir)["requests"]}
    analyze = requests["black-diamond-RUN-L2-analyze"]
    assert analyze["dependsOn"] == [{"jobId": "L1-findrange"}]


def test_uploads_have_source_place_and_size(submit_dir: Path) -> None:
    uploads = {one["url"]: one for one in dry(submit_dir)["uploads"]}
    worker = uploads.pop("s3://pegbatch-examples/black-diamond/RUN/worker.pyz")
    assert worker == {"source": None, "url": worker["url"], "size_bytes": None}
    inputs = [one for url, one in uploads.items() if "/inputs/" in url]
    assert {Path(one["source"]).name for one in inputs} == {"f.a", "keg"}
    assert all(one["url"].endswith(one["sha256"]) for one in inputs)
    for one in uploads.values():
        assert Path(one["source"]).stat().st_size == one["size_bytes"]


def test_nothing_is_touched(submit_dir: Path, tmp_path: Path) -> None:
    before = contents(tmp_path)
    dry(submit_dir)
    assert contents(tmp_path) == before


def test_the_text_shows_every_request_and_upload(
    submit_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["run", "--dry-run", str(submit_dir)])
    told = capsys.readouterr()
    assert end.value.code == 0
    assert told.out.count("SubmitJob {") == len(open_run(submit_dir).plan.jobs)
    assert "the worker -> s3://pegbatch-examples/black-diamond/RUN/worker.pyz" in told.out
    assert "nothing was sent" in told.err


def test_limits_hold_for_the_name_that_the_run_will_have(submit_dir: Path) -> None:
    change_plan(submit_dir, staging_url="s3://bucket")
    overrides = [orjson.dumps(one["containerOverrides"]) for one in dry(submit_dir)["requests"]]
    slack = OVERRIDES_MAX_CHARACTERS - max(map(len, overrides))
    # The URL of the run is in there twice: as `RUN` it would just fit.
    change_plan(submit_dir, staging_url="s3://bucket/" + "x" * (slack // 2 - 2))
    code, out, talk = called("run", "--dry-run", submit_dir)
    assert (code, out) == (4, "")
    assert "at most 8192 are run" in talk


def test_missing_files_are_all_named(submit_dir: Path) -> None:
    (submit_dir / "verdict.json").unlink()
    plan = open_run(submit_dir).plan
    for name in ("L0-preprocess", "L2-analyze"):
        assert name in {job.name for job in plan.jobs}
        (submit_dir / "arrays" / f"{name}.index").unlink()
    code, _, talk = called("run", "--dry-run", submit_dir)
    assert code == 3
    assert "L0-preprocess.index" in talk and "L2-analyze.index" in talk


def test_an_input_that_is_gone_is_bad_input(tmp_path: Path) -> None:
    example = tmp_path / "copy"
    (example / "inputs").mkdir(parents=True)
    (example / "bin").mkdir()
    source = EXAMPLES / "black-diamond"
    for name in ("diamond.dax", "pegasus.properties", "sites.yml", "transformations.yml",
                 "replicas.yml", "bin/keg", "inputs/f.a"):  # fmt: skip
        (example / name).write_bytes((source / name).read_bytes())
    words = ("--conf", str(example / "pegasus.properties"), "--output-dir", str(tmp_path / "out"))
    plan = planned(example / "diamond.dax", tmp_path / "base", *words)
    (example / "inputs" / "f.a").unlink()
    code, out, talk = called("run", "--dry-run", plan["submit_dir"])
    assert (code, out) == (3, "")
    assert "f.a" in talk


def test_a_plan_without_catalogs_cannot_be_rehearsed(submit_dir: Path) -> None:
    change_plan(submit_dir, runnable=False)
    code, _, talk = called("run", "--dry-run", submit_dir)
    assert code == 4
    assert "made without catalogs" in talk


def test_of_a_run_that_has_begun_the_first_try_is_shown_and_that_is_said(submit_dir: Path) -> None:
    body = {"try": 1, "run_url": "s3://b/r", "service": "local", "job_prefix": "black-diamond-0a"}
    SqliteRuns(submit_dir).append(RunEvent(1.0, "run-started", body))
    code, out, talk = called("run", "--dry-run", "--json", submit_dir)
    assert code == 0, talk
    assert "the run has begun already; this is what its first try sends" in talk
    assert len(json.loads(out)["requests"]) == len(open_run(submit_dir).plan.jobs)
