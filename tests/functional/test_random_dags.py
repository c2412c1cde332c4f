"""Plans of invented and of public workflows, judged by the independent checker."""

from __future__ import annotations

import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.functional.commands import planned
from tests.plan_checker import problems_of
from tests.sketches import Sketch, SketchTask, sketches, write_dax, write_yaml
from tests.workflow_reader import read_workflow

SETTINGS = {
    "pegasus.clusters.size": ("1", "2", "5"),
    "pegasus.clusters.num": ("1", "3"),
    "pegasus.clusterer.job.aggregator": ("AWSBatch", "seqexec"),
    "pegbatch.pack.size": ("1", "2", "7"),
    "pegbatch.array.by": ("level", "cluster"),
    "pegbatch.pack.max_children": ("2", "5", "10000"),
}
LARGEST = 300_000
"""Bytes of a public file that is still planned here; larger ones are for the benchmarks."""
KINDS = ("dax-xml", "wf-yaml")

random_settings = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from(values) for key, values in SETTINGS.items()}
)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sketch=sketches(), properties=random_settings, as_yaml=st.booleans())
def test_a_random_workflow_is_planned_as_promised(
    sketch: Sketch, properties: dict[str, str], as_yaml: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        write = write_yaml if as_yaml else write_dax
        workflow = write(sketch, work / ("sketch.yml" if as_yaml else "sketch.dax"))
        options = [f"-D{key}={value}" for key, value in properties.items()]
        result = planned(workflow, work, *options, "--no-catalogs", "--cluster", "horizontal")
        assert problems_of(Path(result["submit_dir"]), workflow) == []


@pytest.mark.parametrize("parents", [19, 20, 21, 45, 401])
def test_a_task_may_wait_for_more_arrays_than_batch_lets_it(parents: int, tmp_path: Path) -> None:
    """Each parent asks for other memory, and so is a job of its own."""
    tasks = [
        SketchTask(id=f"p{i}", name="sift", memory=str(1000 + i), outputs=[f"p{i}.out"])
        for i in range(parents)
    ]
    inputs = {f"p{i}.out": False for i in range(parents)}
    tasks.append(SketchTask(id="sink", name="stack", memory="", inputs=inputs))
    workflow = write_dax(Sketch(tasks=tasks, edges=[]), tmp_path / "wide.dax")
    result = planned(workflow, tmp_path, "--no-catalogs")
    assert problems_of(Path(result["submit_dir"]), workflow) == []


def test_public_workflows_are_planned_as_promised(shared_data: Path, tmp_path: Path) -> None:
    """Those without a defect that an independent reader sees."""
    found: dict[str, list[str]] = {}
    sound = [path for path in public_workflows(shared_data) if is_sound(path)]
    for number, path in enumerate(sound):
        result = planned(path, tmp_path / str(number), "--no-catalogs", "--cluster", "horizontal")
        found[str(path.relative_to(shared_data))] = problems_of(Path(result["submit_dir"]), path)
    assert {path: problems for path, problems in found.items() if problems} == {}
    assert len(found) >= 40


def public_workflows(shared_data: Path) -> list[Path]:
    """Return the workflow files that the manifest lists, the largest left out."""
    rows = [line.split("\t") for line in (shared_data / "MANIFEST.tsv").read_text().splitlines()]
    paths = [shared_data / row[0] for row in rows if len(row) > 3 and row[3] in KINDS]
    return [path for path in paths if path.stat().st_size < LARGEST]


def is_sound(path: Path) -> bool:
    """Tell whether the independent reader can read a file and finds no defect in it."""
    try:
        return not read_workflow(path).defects
    except (ElementTree.ParseError, yaml.YAMLError, KeyError, TypeError):
        return False
