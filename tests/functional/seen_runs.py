"""Runs that have ended, for the tests of commands that look back: made once, and only looked at.

A test that would change a run (resume it, cancel it, remove files of it) makes one of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.functional.commands import embedded_aws, pegbatch

PARTS = 8
"""Tasks of the second level of the healthy run; the first has one, the third four."""
SAMPLES = 12
"""Tasks of the first level of the half-failed run: children of one array."""
BAD_SAMPLES = ("m1", "m3", "m5", "m7", "m9", "m11")
"""Those of its tasks that fail in the first try: exit code 3 (m1, m5), exit code 7 (m3, in two
attempts), SIGKILL (m7), no output (m9), no such program (m11)."""
MENDED = "m1"
"""The one that its second try mends."""

_TRANSFORMATIONS = """\
transformationCatalog:
  pegasus: "5.0"
  transformations:
"""


@pytest.fixture(scope="session")
def healthy_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the submit directory of a run that has succeeded.

    Shapes: `split` (1 task), `work` (PARTS tasks, each in a child of its own), `join` (4 tasks in
    2 bags); a vCPU each; expected runtimes throughout, outputs of some bytes.
    """
    with fenced_base(tmp_path_factory, "healthy") as base:
        submit_dir = planned_in(
            base,
            "healthy",
            _healthy_jobs(),
            "--cluster",
            "horizontal",
            "-Dpegasus.clusterer.job.aggregator=seqexec",
        )
        ran_to(base, submit_dir, expected=0)
        yield submit_dir


@pytest.fixture(scope="session")
def half_failed_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the submit directory of a run of two tries that has failed.

    Shapes: `measure` (SAMPLES tasks, one array), of which BAD_SAMPLES failed in the first try and
    all of these but MENDED in the second; `refine` reads one of them each, `gather` all that
    `refine` makes, so that what stands behind a failure was skipped.
    """
    with fenced_base(tmp_path_factory, "half") as base:
        submit_dir = planned_in(base, "half-failed", _half_failed_jobs(base), "-Ddagman.retry=0")
        ran_to(base, submit_dir, expected=1)
        (base / "mended").touch()
        ran_to(base, submit_dir, expected=1)
        yield submit_dir


@pytest.fixture(scope="session")
def lost_children_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the submit directory of a failed run with a child that was killed without a word.

    Shapes: `doomed` (3 tasks, one array): d1 kills the worker that runs it, which nobody starts
    again; `after` waits for all three.
    """
    with fenced_base(tmp_path_factory, "lost") as base:
        submit_dir = planned_in(base, "lost-children", _lost_jobs())
        ran_to(base, submit_dir, expected=1)
        yield submit_dir


def _healthy_jobs() -> list[dict[str, Any]]:
    parts = [f"part{number}" for number in range(PARTS)]
    split = "for n in " + " ".join(parts) + "; do echo $0 $n > $n; done"
    jobs = [lab_job("split", "split", split, [], parts, words=["lines of"], runtime=1)]
    for number, part in enumerate(parts):
        made = f"count{number}"
        script = f"cat {part} {part} > {made}"
        jobs.append(lab_job(f"work{number}", "work", script, [part], [made], runtime=2))
    for number in range(4):
        read = [f"count{number}", f"count{number + 4}"]
        made = f"whole{number}"
        script = f"cat {' '.join(read)} > {made}; echo joined {made}"
        one = lab_job(f"join{number}", "join", script, read, [made], runtime=0.5, delivered=True)
        one["profiles"]["pegasus"]["clusters.size"] = 2
        jobs.append(one)
    return jobs


def _half_failed_jobs(base: Path) -> list[dict[str, Any]]:
    ends = {
        "m1": f"test -e {base}/mended || {{ echo sample 1 is not calibrated >&2; exit 3; }}; ",
        "m3": "echo reading block 7 >&2; echo checksum of block 7 is wrong >&2; exit 7; ",
        "m5": "echo sample 5 is not calibrated >&2; exit 3; ",
        "m7": "kill -KILL $$; ",
        "m9": "exit 0; ",
        "m11": "exec ./no-such-program; ",
    }
    jobs = []
    for number in range(SAMPLES):
        name, made = f"m{number}", f"sample{number}.txt"
        script = f"{ends.get(name, '')}echo sample {number} > {made}"
        jobs.append(lab_job(name, "measure", script, [], [made], runtime=1))
    jobs[3]["profiles"]["dagman"] = {"retry": "1"}
    fine = [f"fine{number}.txt" for number in range(SAMPLES)]
    for number, made in enumerate(fine):
        read = f"sample{number}.txt"
        jobs.append(
            lab_job(
                f"r{number}", "refine", f"cat {read} {read} > {made}", [read], [made], runtime=1
            )
        )
    jobs.append(
        lab_job("gather", "gather", "cat fine* > all.txt", fine, ["all.txt"], delivered=True)
    )
    return jobs


def _lost_jobs() -> list[dict[str, Any]]:
    jobs = []
    for number in range(3):
        script = "kill -KILL $PPID; sleep 60" if number == 1 else f"echo {number} > d{number}.txt"
        jobs.append(lab_job(f"d{number}", "doomed", script, [], [f"d{number}.txt"]))
    made = [f"d{number}.txt" for number in range(3)]
    return [*jobs, lab_job("after", "after", "cat d* > d.txt", made, ["d.txt"], delivered=True)]


def lab_job(
    name: str,
    transformation: str,
    script: str,
    reads: Sequence[str],
    makes: Sequence[str],
    *,
    words: Sequence[str] = (),
    runtime: float | None = None,
    delivered: bool = False,
) -> dict[str, Any]:
    """Return a job that runs a script of the shell."""
    uses = [{"lfn": lfn, "type": "input"} for lfn in reads]
    made = [{"lfn": lfn, "type": "output", "stageOut": delivered} for lfn in makes]
    return {
        "type": "job",
        "id": name,
        "namespace": "lab",
        "name": transformation,
        "version": "1.0",
        "arguments": ["-c", f"'{script}'", *(f"'{word}'" for word in words)],
        "uses": [*uses, *made],
        "profiles": {"pegasus": {} if runtime is None else {"runtime": runtime}},
    }


def planned_in(base: Path, name: str, jobs: Sequence[dict[str, Any]], *options: str) -> Path:
    """Plan jobs below a base directory; return the submit directory."""
    path = base / "workflow.yml"
    path.write_text(_workflow(name, jobs))
    words = ("--dir", base, "--output-dir", base / "out", "--sites", "here", "--json")
    planned = pegbatch("plan", *words, *options, path, cwd=base)
    assert planned.returncode == 0, planned.stderr
    return Path(json.loads(planned.stdout)["submit_dir"])


def _workflow(name: str, jobs: Sequence[dict[str, Any]]) -> str:
    known = sorted({job["name"] for job in jobs})
    transformations = [
        {
            "namespace": "lab",
            "name": one,
            "version": "1.0",
            "sites": [{"name": "here", "pfn": "/bin/sh", "type": "installed"}],
        }
        for one in known
    ]
    whole = {
        "pegasus": "5.0",
        "name": name,
        "siteCatalog": {"pegasus": "5.0", "sites": [{"name": "here", "directories": []}]},
        "transformationCatalog": {"pegasus": "5.0", "transformations": transformations},
        "jobs": list(jobs),
    }
    return json.dumps(whole, indent=1)


def ran_to(base: Path, submit_dir: Path, *options: str, expected: int) -> None:
    """Run a submit directory, which must end with this code."""
    ran = pegbatch("run", *options, submit_dir, cwd=base)
    assert ran.returncode == expected, ran.stdout + ran.stderr


@contextmanager
def fenced_base(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """Lend a folder for one run, fenced as each test is, which the session is not."""
    with pytest.MonkeyPatch.context() as patch, embedded_aws(factory.mktemp(name)) as base:
        for variable in list(os.environ):
            if variable.startswith(("AWS_", "PEGBATCH_", "_PEGASUS")):
                patch.delenv(variable)
        patch.setenv("HOME", str(base / "no-home"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield base
