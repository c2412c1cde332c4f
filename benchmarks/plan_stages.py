"""Say where the time of planning goes: processor seconds of each step, in one process.

Usage: python -m benchmarks.plan_stages [--tasks N] [--shape SHAPE] [--yaml] [--repeat N] [FILE]

The least of several times; what Python takes to start and import is not in it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.generate_workflow import SHAPES, write_workflow
from benchmarks.plan_time import OPTIONS
from pegbatch.adapters.plan_writer import PlannedWith, write_submit_directory
from pegbatch.cli import planning
from pegbatch.cli.plan_request import PlanRequest
from pegbatch.planner.pipeline import REFINEMENTS, finish
from pegbatch.planner.stages import Given

Steps = dict[str, float]


@contextmanager
def _step(steps: Steps, name: str) -> Iterator[None]:
    start = time.process_time()
    yield
    steps[name] = min(steps.get(name, 1e9), time.process_time() - start)


def _request(workflow: Path, base: Path, shape: str) -> PlanRequest:
    options = OPTIONS.get(shape, ())
    return PlanRequest(
        workflow=workflow,
        conf=None,
        definitions=tuple(word[2:] for word in options if word.startswith("-D")),
        base_dir=base,
        sites=(),
        output_sites=(),
        output_dir=None,
        staging_sites={},
        cluster=("chain",) if shape == "chain" else (),
        catalogs=False,
    )


def plan_once(workflow: Path, shape: str, steps: Steps) -> None:
    """Plan the file, step by step."""
    refinements: tuple[Callable[[Any], Any], ...] = REFINEMENTS
    with tempfile.TemporaryDirectory() as name, planning.without_collection():
        base = Path(name)
        with _step(steps, "read"):
            given: Given = planning.read_given(_request(workflow, base, shape), lambda _: None)[0]
        stage: Any = given
        for refinement in refinements:
            with _step(steps, refinement.__name__):
                stage = refinement(stage)
        planned = finish(stage)
        with _step(steps, "write"):
            origin = PlannedWith(user="x", base_dir=base, workflow_file=workflow, catalogs=())
            write_submit_directory(planned, origin)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Say where the time of planning goes.")
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--shape", choices=SHAPES, default="two-level")
    parser.add_argument("--yaml", action="store_true", help="write YAML instead of XML")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("workflow", type=Path, nargs="?", help="plan this file instead")
    options = parser.parse_args()
    steps: Steps = {}
    with tempfile.TemporaryDirectory() as folder:
        workflow = options.workflow
        if workflow is None:
            workflow = Path(folder) / ("workflow.yml" if options.yaml else "workflow.dax")
            write_workflow(workflow, options.tasks, options.shape)
        for _ in range(options.repeat):
            plan_once(workflow.resolve(), options.shape, steps)
    total = sum(steps.values())
    for name, seconds in steps.items():
        print(f"{name:20} {seconds:8.3f} s {100 * seconds / total:5.1f} %")
    print(f"{'all':20} {total:8.3f} s")


if __name__ == "__main__":
    main()
