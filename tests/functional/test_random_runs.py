"""Invented workflows run for real, eight children at once: order of starts, and every byte."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.functional.commands import embedded_aws, pegbatch, planned
from tests.plan_checker import SubmitDirectory, problems_of
from tests.workflow_reader import ReadWorkflow, read_workflow

TASKS = 40
NAMES = ("sift", "weigh", "stack")
PROGRAM = """\
#!/bin/sh
# digest OUTPUT WORD [INPUT ...]: what comes out depends on the word and on every input.
output=$1
word=$2
shift 2
{ echo "$word"; cat /dev/null "$@"; } | sha256sum | cut -c 1-64 >"$output"
"""
SETTINGS: dict[str, tuple[str, ...]] = {
    "as it comes": (),
    "three tasks in a bag": ("-Dpegbatch.pack.size=3",),
    "clusters one after another": (
        *("--cluster", "horizontal"),
        "-Dpegasus.clusterer.job.aggregator=seqexec",
        "-Dpegasus.clusters.size=2",
    ),
    "an array for each transformation": ("-Dpegbatch.array.by=cluster",),
}


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    """Lend a folder for files and runs."""
    with embedded_aws(tmp_path / "random runs") as folder:
        yield folder


def write_files(folder: Path, seed: int) -> Path:
    """Write a random workflow that can run, with its catalogs inside."""
    program = folder / "digest"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    place = {"name": "local", "type": "stageable", "pfn": str(program)}
    jobs, edges = random_jobs(random.Random(seed))
    document = {
        "pegasus": "5.0.4",
        "name": "random",
        "siteCatalog": {"sites": [{"name": "aws-batch"}]},
        "transformationCatalog": {
            "transformations": [{"name": name, "sites": [place]} for name in NAMES]
        },
        "jobs": jobs,
        "jobDependencies": edges,
    }
    workflow = folder / "random.yml"
    workflow.write_text(yaml.safe_dump(document, sort_keys=False))
    return workflow


def random_jobs(source: random.Random) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return jobs in random order, tied by files, and some edges without a file."""
    jobs: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    for number in range(TASKS):
        parents = source.sample(range(number), min(number, source.randint(0, 3)))
        loose = source.sample(range(number), min(number, source.randint(0, 1)))
        inputs = [f"{parent}.out" for parent in parents]
        uses = [{"lfn": lfn, "type": "input"} for lfn in inputs]
        uses.append({"lfn": f"{number}.out", "type": "output", "stageOut": True})
        arguments = [f"{number}.out", f"word{number}", *inputs]
        job = {"type": "job", "id": f"t{number}", "name": source.choice(NAMES)}
        jobs.append(job | {"arguments": arguments, "uses": uses})
        edges += [{"id": f"t{parent}", "children": [f"t{number}"]} for parent in loose]
    source.shuffle(jobs)
    return jobs, edges


def expected_outputs(workflow: Path) -> dict[str, str]:
    """Compute what the program makes of every task, without running anything."""
    jobs = {job["id"]: job for job in yaml.safe_load(workflow.read_text())["jobs"]}
    made: dict[str, str] = {}
    for number in range(TASKS):
        output, word, *inputs = jobs[f"t{number}"]["arguments"]
        text = f"{word}\n" + "".join(made[lfn] for lfn in inputs)
        made[output] = sha256(text.encode()).hexdigest() + "\n"
    return made


def times_of_children(base: Path) -> dict[tuple[str, int], dict[str, float]]:
    """Return, by array and child, when it first ran and when it had succeeded."""
    found: dict[tuple[str, int], dict[str, float]] = defaultdict(dict)
    for line in (base / "local-aws" / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        key = (event["name"].split("-", 2)[2], event["child"] or 0)
        if event["state"] in ("STARTING", "RUNNING", "SUCCEEDED"):
            found[key].setdefault(event["state"], event["time"])
    return found


def started_too_early(base: Path, submit_dir: Path, abstract: ReadWorkflow) -> list[str]:
    """Return the edges whose child started before its parent had succeeded."""
    times, places = times_of_children(base), SubmitDirectory(submit_dir).places
    return [
        f"{child} before {parent}"
        for parent, child in sorted(abstract.edges())
        if places[parent] != places[child]
        and times[places[child]]["STARTING"] < times[places[parent]]["SUCCEEDED"]
    ]


@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
def test_a_random_workflow_runs_in_order_to_the_right_bytes(
    options: tuple[str, ...], base: Path
) -> None:
    workflow = write_files(base, seed=len(options))
    outputs = base / "outputs"
    plan = planned(workflow, base, "--output-dir", str(outputs), *options)
    submit_dir = Path(plan["submit_dir"])
    assert problems_of(submit_dir, workflow) == []
    result = pegbatch("run", "--vcpus", "8", submit_dir, cwd=base)
    assert result.returncode == 0, result.stdout + result.stderr
    assert {path.name: path.read_text() for path in outputs.iterdir()} == expected_outputs(workflow)
    assert started_too_early(base, submit_dir, read_workflow(workflow)) == []
