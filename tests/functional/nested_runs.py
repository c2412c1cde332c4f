"""Runs with sub-workflows that are planned in the run, made once for tests that look at them.

The runs are made by hand: what a planner would begin is planned and begun at its place below the
outer run, and its submit directory is removed, since a planner's own goes with its container.
"""

from __future__ import annotations

import gzip
import json
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pegbatch.adapters.sqlite_runs import SqliteRuns
from pegbatch.model.events import RunEvent
from pegbatch.model.layout import nested_key
from tests.functional.seen_runs import fenced_base, lab_job, planned_in, ran_to


class NestedDesk(NamedTuple):
    """A run with nested runs, and where its embedded AWS lies."""

    base: Path
    submit_dir: Path

    @property
    def url(self) -> str:
        """Return the run's URL."""
        return run_url(self.submit_dir)

    @property
    def buckets(self) -> Path:
        """Return the folder of the embedded AWS's buckets."""
        return self.base / "local-aws" / "s3"


def run_url(submit_dir: Path) -> str:
    """Return the URL of a run, as its log has it."""
    events = SqliteRuns(submit_dir).events()
    return next(str(one.body["run_url"]) for one in events if one.kind == "run-started")


def mark_sub_workflows(submit_dir: Path, files: Mapping[str, str]) -> None:
    """Say in a plan that tasks of it run sub-workflows: task id to the workflow's file."""
    path = submit_dir / "plan.json"
    plan = json.loads(path.read_bytes())
    found = []
    for job in plan["jobs"]:
        if job["kind"] == "compute":
            with gzip.open(submit_dir / "arrays" / f"{job['name']}.bags.jsonl.gz") as lines:
                rows = [json.loads(line) for line in lines]
            found += [
                {"id": row["id"], "array": job["name"], "bag": row["bag"], "file": files[row["id"]]}
                for row in rows
                if row["id"] in files
            ]
    path.write_text(json.dumps({**plan, "sub_workflows": found}, indent=1))


def begin_at(submit_dir: Path, url: str) -> None:
    """Have a plan begin at a URL, as the planner of a sub-workflow does."""
    name = f"inner-{secrets.token_hex(4)}"
    body = {"try": 1, "run_url": url, "service": "local", "job_prefix": name}
    SqliteRuns(submit_dir).append(RunEvent(time.time(), "run-started", body))


def nest(
    desk: NestedDesk,
    outer_url: str,
    task: str,
    jobs: Sequence[dict[str, Any]],
    *,
    expected: int = 0,
    within: Mapping[str, str] | None = None,
    detached: bool = False,
) -> str:
    """Run jobs as the nested run of a task, or have them run; return its URL."""
    submit_dir = planned_in(desk.base, f"inner-of-{task}", jobs, "-Ddagman.retry=0")
    if within:
        mark_sub_workflows(submit_dir, within)
    url = f"{outer_url}/{nested_key(task)}"
    begin_at(submit_dir, url)
    ran_to(desk.base, submit_dir, *(["--detach"] if detached else []), expected=expected)
    shutil.rmtree(submit_dir)
    shutil.rmtree(desk.base / "out", ignore_errors=True)
    return url


def _outer_jobs(*, fails: bool) -> list[dict[str, Any]]:
    end = "echo the workflow has failed >&2; exit 1" if fails else "echo joined > joined.txt"
    return [
        lab_job("lead", "lead", "echo {} > follow.yml", [], ["follow.yml"]),
        lab_job("sub", "planner", end, ["follow.yml"], ["joined.txt"]),
        lab_job("calm", "calm", "echo calm > calm.txt", ["follow.yml"], ["calm.txt"]),
        lab_job("idle", "planner", "exit 4", ["follow.yml"], ["idle.txt"])
        if fails
        else lab_job("idle", "planner", "echo > idle.txt", ["follow.yml"], ["idle.txt"]),
        lab_job("last", "last", "cat j* > last.txt", ["joined.txt"], ["last.txt"], delivered=True),
    ]


def _healthy_jobs() -> list[dict[str, Any]]:
    return [
        lab_job("t1", "count", "echo 1 > one.txt", [], ["one.txt"]),
        lab_job("t2", "count", "echo 2 > two.txt", [], ["two.txt"]),
        lab_job(
            "t3", "sum", "cat one.txt two.txt > three.txt", ["one.txt", "two.txt"], ["three.txt"],
            delivered=True,
        ),
    ]  # fmt: skip


def _half_failed_jobs() -> list[dict[str, Any]]:
    bad = "echo sensor 2 is not calibrated >&2; exit 3"
    return [
        lab_job("t1", "count", "echo 1 > one.txt", [], ["one.txt"], delivered=True),
        lab_job("t2", "measure", bad, [], ["two.txt"]),
        lab_job("t3", "sum", "cat two.txt > three.txt", ["two.txt"], ["three.txt"], delivered=True),
        lab_job("deep", "planner", "echo a run within >&2; exit 1", [], ["deep.txt"]),
        lab_job("t4", "sum", "cat deep.txt > four.txt", ["deep.txt"], ["four.txt"]),
    ]


def _deep_jobs() -> list[dict[str, Any]]:
    return [
        lab_job("d1", "count", "echo 1 > d1.txt", [], ["d1.txt"], delivered=True),
        lab_job("d2", "drill", "echo the drill broke >&2; exit 7", ["d1.txt"], ["d2.txt"]),
    ]


FILES = {"sub": "follow.yml", "idle": "follow.yml"}


@pytest.fixture(scope="session")
def nested_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NestedDesk]:
    """Return a run that has succeeded: `sub` has a nested run of three tasks; that of `idle` has
    left nothing.
    """
    with fenced_base(tmp_path_factory, "nested") as base:
        desk = NestedDesk(base, planned_in(base, "outer", _outer_jobs(fails=False)))
        mark_sub_workflows(desk.submit_dir, FILES)
        ran_to(base, desk.submit_dir, expected=0)
        nest(desk, desk.url, "sub", _healthy_jobs(), expected=0)
        yield desk


@pytest.fixture(scope="session")
def half_failed_nested_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NestedDesk]:
    """Return a failed run: in the nested run of `sub`, `t2` has failed and `t3` was skipped; in
    that of `deep` within it `d2` has failed, and `t4` was skipped. `idle` failed by itself.
    """
    with fenced_base(tmp_path_factory, "half-nested") as base:
        options = ("-Ddagman.retry=0",)
        desk = NestedDesk(base, planned_in(base, "outer", _outer_jobs(fails=True), *options))
        mark_sub_workflows(desk.submit_dir, FILES)
        ran_to(base, desk.submit_dir, expected=1)
        within = {"deep": "deeper.yml"}
        url = nest(desk, desk.url, "sub", _half_failed_jobs(), expected=1, within=within)
        nest(desk, url, "deep", _deep_jobs(), expected=1)
        yield desk
