"""Progress bars on a terminal."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console
from rich.progress import Progress

from pegbatch.cli.display import Bars
from pegbatch.engine.state import new_state
from pegbatch.engine.status import Findings, build_status
from pegbatch.model.run_status import ArrayStatus, RunStatus
from tests.fakes import FakeClock
from tests.plans import diamond


def status_of(*arrays: ArrayStatus) -> RunStatus:
    plan = diamond()
    return replace(build_status(plan, new_state(plan), Findings(), now=0.0), arrays=arrays)


def array(name: str, **children: int) -> ArrayStatus:
    size = max(1, sum(children.values()))
    return ArrayStatus(
        name=name, job_id="j", state="PENDING", reason="", size=size, children=children
    )


def shown(*arrays: ArrayStatus) -> list[tuple[str, float, float | None, str]]:
    with Progress(console=Console(file=StringIO()), disable=True) as progress:
        bars = Bars(diamond(), FakeClock(), progress)
        bars.tell(status_of(*arrays))
        bars.tell(status_of(*arrays))
        return [
            (task.description, task.completed, task.total, task.fields["note"])
            for task in progress.tasks
        ]


def test_each_array_has_one_bar_in_children() -> None:
    arrays = (array("L0", SUCCEEDED=3, FAILED=1), array("L1", RUNNING=2, RUNNABLE=2))
    assert shown(*arrays) == [
        ("L0", 4, 4, "[red]1 failed[/red]"),
        ("L1", 0, 4, "2 running"),
    ]


def test_beyond_a_screenful_one_bar_stands_for_all() -> None:
    assert shown(*(array(f"L{n}", SUCCEEDED=1, RUNNING=1) for n in range(100))) == [
        ("100 arrays", 100, 200, "100 running")
    ]
