"""Invented workflows in workflows, three levels deep, judged by an independent checker."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.functional.commands import called
from tests.nested_checker import has_cycle, nested_problems

POOL = tuple("abcdef")
"""Few names, so that workflows have files of equal names."""
LEVELS = 3
TECHNIQUES = ("", "", "horizontal", "chain")

Files = dict[str, dict[str, Any]]
Draw = st.DrawFn


@st.composite
def nestings(draw: Draw) -> Files:
    """Return workflow files by name; `0-0.yml` is the one that is planned."""
    files: Files = {}
    below: list[str] = []
    for level in reversed(range(LEVELS)):
        names = [
            f"{level}-{number}.yml" for number in range(draw(st.integers(1, 2)) if level else 1)
        ]
        files |= {name: draw(workflows(name, files, tuple(below))) for name in names}
        below = names
    return files


@st.composite
def workflows(draw: Draw, name: str, files: Files, below: tuple[str, ...]) -> dict[str, Any]:
    """Return one workflow; some of its jobs stand for those below."""
    jobs: list[dict[str, Any]] = []
    made: set[str] = set()
    for number in range(draw(st.integers(1, 4))):
        inside = draw(st.sampled_from(("", *below)))
        can_make = made_in(files[inside]) - made if inside else set(POOL) - made
        outputs = (
            draw(st.sets(st.sampled_from(sorted(can_make)), max_size=2)) if can_make else set()
        )
        made |= outputs
        jobs.append(draw(one_job(f"j{number}", inside, outputs)))
    for number, job in enumerate(jobs):
        later = {use["lfn"] for other in jobs[number:] for use in other["uses"]}
        inputs = draw(some_of(set(POOL) - later))
        job["inputs"] = [{"lfn": lfn, "type": "input"} for lfn in sorted(inputs)]
    for job in jobs:
        job["uses"] += job.pop("inputs")
    ids = [job["id"] for job in jobs]
    pairs = [(parent, child) for at, parent in enumerate(ids) for child in ids[at + 1 :]]
    edges = draw(st.sets(st.sampled_from(pairs), max_size=3)) if pairs else set()
    return {
        "pegasus": "5.0",
        "name": name.removesuffix(".yml"),
        "jobs": jobs,
        "jobDependencies": [{"id": parent, "children": [child]} for parent, child in sorted(edges)],
    }


@st.composite
def one_job(draw: Draw, id_: str, inside: str, outputs: set[str]) -> dict[str, Any]:
    """Return one job with what it makes."""
    uses = [
        {"lfn": lfn, "type": "output", "stageOut": draw(st.booleans())} for lfn in sorted(outputs)
    ]
    if not inside:
        label = draw(st.sampled_from(("", "x")))
        profiles = {"pegasus": {"label": label}} if label else {}
        return {"type": "job", "id": id_, "name": "t", "uses": uses, "profiles": profiles}
    technique = draw(st.sampled_from(TECHNIQUES))
    arguments = ["--cluster", technique] if technique else []
    kind = "pegasusWorkflow"
    return {"type": kind, "id": id_, "file": inside, "uses": uses, "arguments": arguments}


def some_of(names: set[str]) -> st.SearchStrategy[set[str]]:
    """Return up to two of some names."""
    return st.sets(st.sampled_from(sorted(names)), max_size=2) if names else st.just(set())


def made_in(workflow: dict[str, Any]) -> set[str]:
    """Return the names of what the jobs of one workflow make."""
    uses = (use for job in workflow["jobs"] for use in job["uses"])
    return {use["lfn"] for use in uses if use["type"] == "output"}


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(files=nestings(), by=st.sampled_from(("level", "cluster", "auto")))
def test_random_workflows_in_workflows_are_planned_as_promised(files: Files, by: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name, data in files.items():
            (work / name).write_text(json.dumps(data))
        workflow = work / "0-0.yml"
        options = ("--no-catalogs", f"-Dpegbatch.array.by={by}", "--dir", str(work))
        code, printed, said = called("plan", "--json", *options, str(workflow))
        if has_cycle(workflow):
            assert code == 3, printed + said
            assert "cycle" in printed + said
        else:
            assert code == 0, printed + said
            submit_dir = Path(json.loads(printed)["submit_dir"])
            assert nested_problems(submit_dir, workflow) == []
