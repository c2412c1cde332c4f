"""SIGKILL of the client at every step outside, exactly: of a plan, of a submission, of a fetch."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pegbatch.adapters.sqlite_runs import SqliteRuns
from pegbatch.emulator.background import local_folder
from pegbatch.engine.submission import FIND_SECONDS
from tests.functional.commands import embedded_aws, planned
from tests.functional.killed_at import Attempt, attempt
from tests.functional.workflow_texts import shell_workflow

JOBS = """\
jobs:
  - {type: job, id: a, name: sh, arguments: ["-c", "'echo a > a'"], uses: [{lfn: a, type: output}]}
  - {type: job, id: b, name: sh, arguments: ["-c", "'echo b > b'"], uses: [{lfn: b, type: output}]}
  - type: job
    id: c
    name: sh
    arguments: ["-c", "'cat a b > c'"]
    uses: [{lfn: a, type: input}, {lfn: b, type: input}, {lfn: c, type: output, stageOut: true}]
"""
ARRAYS = 3
"""Two children side by side, one job, the verdict."""
OPTIONS = ("--sites", "here", "--cleanup", "none")
AT_ONCE = 12
"""Attempts between two looks at whether one came to its end."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with embedded_aws(tmp_path_factory.mktemp("killed") / "work") as folder:
        yield folder


def planned_once(base: Path) -> Path:
    """Return a new submit directory below base."""
    workflow = base.parent / "steps.yml"
    workflow.write_text(shell_workflow("steps", JOBS))
    options = (*OPTIONS, "--output-dir", str(base / "outputs"))
    return Path(planned(workflow, base, *options)["submit_dir"])


def jobs_of(base: Path, submit_dir: Path) -> Counter[str]:
    """Return how often each job name of a run was submitted, as the embedded AWS tells."""
    run = SqliteRuns(submit_dir).events()[0].body["job_prefix"]
    lines = (local_folder(base) / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    ids = {event["job"]: event["name"] for event in events if event["child"] is None}
    return Counter(name for name in ids.values() if name.startswith(f"{run}-"))


def a_minute_passes(submit_dir: Path) -> None:
    """Make the log a minute older, so that an open intent is not waited for."""
    database = sqlite3.connect(submit_dir / "run.db")
    with database:
        database.execute("UPDATE events SET time = time - ?", (FIND_SECONDS,))
    database.close()


def copies(template: Path, first: int, count: int) -> list[Path]:
    """Return copies of a submit directory: a plan has no identity."""
    made = [template.with_name(f"run{1000 + first + number}") for number in range(count)]
    for copy in made:
        shutil.copytree(template, copy)
    return made


@pytest.mark.slow
def test_a_client_killed_at_any_step_of_a_submission_leaves_no_array_out_and_none_twice(
    base: Path,
) -> None:
    template = planned_once(base)
    runs: list[Path] = []
    codes: list[int] = []
    while 0 not in codes:
        some = copies(template, len(runs), AT_ONCE)
        codes += attempt(
            [
                Attempt(words=("run", str(run), "--detach"), step=step, needle=run.name)
                for step, run in enumerate(some, len(runs) + 1)
            ],
            cwd=base,
        )
        runs += some
    assert set(codes) == {0, -signal.SIGKILL}
    assert codes.index(0) > 4 * ARRAYS, "there are intent, call and answer of each array"
    for run in runs:
        if SqliteRuns(run).events():
            a_minute_passes(run)
    again = attempt([Attempt(words=("run", str(run))) for run in runs], cwd=base)
    assert set(again) == {0}
    for run in runs:
        assert sorted(jobs_of(base, run).values()) == [1] * ARRAYS


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, but for the one that says when and where it was planned."""
    files = (
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "braindump.yml"
    )
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.slow
def test_a_planner_killed_at_any_step_leaves_a_whole_plan_or_none_and_the_next_one_sweeps(
    tmp_path: Path,
) -> None:
    base = tmp_path / "work"
    base.mkdir()
    whole = planned_once(base)
    place = whole.parent
    words = ("plan", "--dir", str(base), *OPTIONS, "--output-dir", str(base / "outputs"))
    codes: list[int] = []
    while 0 not in codes:
        codes += attempt(
            [
                Attempt(words=(*words, str(base.parent / "steps.yml")), step=step, needle="steps/")
                for step in range(len(codes) + 1, len(codes) + 1 + AT_ONCE)
            ],
            cwd=base,
        )
    assert set(codes) == {0, -signal.SIGKILL}
    assert codes.index(0) > AT_ONCE, "there are more steps than that"
    made = [path for path in place.glob("run0*") if path != whole]
    assert len(made) >= codes.count(0)
    for submit_dir in made:
        assert not (submit_dir / "run.db").exists()
        assert content(submit_dir) == content(whole)
    assert attempt([Attempt(words=(*words, str(base.parent / "steps.yml")))], cwd=base) == [0]
    assert not [path.name for path in place.iterdir() if path.name.startswith(".")]
