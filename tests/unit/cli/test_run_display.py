"""What is told of a run while it goes on: a screen on a terminal, lines elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from pegbatch.adapters.sqlite_runs import SqliteRuns
from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.cli.commands.status import with_number
from pegbatch.cli.display import Display, Drawing, Lines, draw_once, rich_text
from pegbatch.cli.wiring import OpenRun
from pegbatch.engine import loop
from pegbatch.model.plan import plan_to_json
from pegbatch.model.run_look import RunLook, WaitingFor
from pegbatch.report.lines import Piece
from tests.fakes import FakeClock
from tests.plans import Bench, diamond
from tests.run_looks import array, level, look

LEVELS = tuple(level(number, succeeded=5, waiting=1) for number in range(60))
STUCK = (WaitingFor("L0", "the queue is gone", "make it again"),)


def open_run(base: Path, clock: FakeClock) -> OpenRun:
    folder = base / "me" / "pegasus" / "sketch" / "run0001"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(json.dumps(plan_to_json(diamond())))
    return OpenRun(
        directory=SubmitDirectory(folder), plan=diamond(), runs=SqliteRuns(folder), clock=clock
    )


def drawn(drawing: Drawing, width: int, height: int) -> list[str]:
    out = StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=True, color_system=None)
    console.print(drawing)
    return out.getvalue().splitlines()


def test_lines_come_at_each_turn_and_every_so_many_seconds(tmp_path: Path) -> None:
    clock, told = FakeClock(), []
    lines = Lines(open_run(tmp_path, clock), write=told.append, seconds=10.0)

    def tell(found: RunLook) -> None:
        lines.tell(found)
        clock.time += 6

    submitting = look([level(0, waiting=4)], state="submitting", arrays=[array("a", "UNSUBMITTED")])
    for found in (
        submitting,
        look([level(0, waiting=4)]),
        look([level(0, waiting=3, running=1)]),  # too soon
        look([level(0, waiting=2, running=1, failed=1)]),
        look([level(0, waiting=2, running=1, failed=1)]),  # nothing new
        look([level(0, succeeded=3, failed=1)], state="failed"),
    ):
        tell(found)
    assert told == [
        "submitting: 0 of 1 array jobs",
        "running: 0 of 4 tasks done",
        "running: 1 of 4 tasks done, 1 running, 1 failed",
        "failed: 4 of 4 tasks done, 1 failed",
    ]


def test_why_nothing_starts_is_a_line_said_once(tmp_path: Path) -> None:
    told: list[str] = []
    lines = Lines(open_run(tmp_path, FakeClock()), write=told.append)
    for waiting in (STUCK, STUCK, (), STUCK):
        lines.tell(look([level(0, waiting=1)], waiting_for=waiting))
    assert [line for line in told if line.startswith("waiting")] == [
        "waiting: L0: the queue is gone; make it again"
    ] * 2


def test_a_run_is_looked_at_while_it_goes_on(tmp_path: Path) -> None:
    bench, told = Bench(diamond()), []
    bench.start()
    lines = Lines(open_run(tmp_path, bench.clock), write=told.append, seconds=0.0)
    bench.clock.on_sleep = bench.end_all
    loop.wait(bench.context(on_change=lines.show))
    assert told[0] == "submitting: 0 of 4 array jobs"
    assert told[-1] == "succeeded: 4 of 4 tasks done"


def test_who_tells_nobody_looks_at_nothing() -> None:
    bench = Bench(diamond())
    bench.start()
    context = bench.context()
    Display().show(context)
    assert bench.store.calls == [] and bench.jobs.described == []


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (40, 10)])
def test_a_drawing_fits_the_terminal_as_it_is_at_that_moment(
    width: int, height: int, tmp_path: Path
) -> None:
    drawing = Drawing(open_run(tmp_path, FakeClock()), arrays=True)
    assert drawn(drawing, width, height) == []
    arrays = [array(f"a{number}", RUNNING=2) for number in range(1_000)]
    drawing.tell(look(LEVELS, arrays=arrays, waiting_for=STUCK))
    drawing.hear("AWS Batch does not answer; " * 20)
    lines = drawn(drawing, width, height)
    assert len(lines) < height and max(map(len, lines)) <= width
    assert lines[-1].startswith("AWS Batch does not answer")
    assert any(line.startswith("waiting     L0") for line in lines)


def test_when_the_terminal_changes_its_size_it_is_cleared_but_where_the_drawing_is_alone(
    tmp_path: Path,
) -> None:
    for alone, cleared in ((False, 1), (True, 0)):
        drawing = Drawing(open_run(tmp_path, FakeClock()), alone=alone)
        drawing.tell(look(LEVELS))
        sizes = [(80, 24), (80, 24), (60, 20)]
        shown = ["\n".join(drawn(drawing, *size)) for size in sizes]
        assert [text.count("\x1b[2J") for text in shown] == [0, 0, cleared]


def test_the_clock_of_a_drawing_goes_on_between_two_looks(tmp_path: Path) -> None:
    clock = FakeClock()
    drawing = Drawing(open_run(tmp_path, clock))
    drawing.tell(look(LEVELS))
    clock.time += 6
    assert "12 min 40 s" in drawn(drawing, 80, 24)[0]


def test_styles_are_the_terminals_and_words_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    text = rich_text([(Piece("[red]x", "red"), Piece(" y")), ()])
    assert text.plain == "[red]x y\n"
    assert [str(span.style) for span in text.spans] == ["red"]
    found = look(LEVELS)
    draw_once(replace(found, status=replace(found.status, workflow="[bold]w\x1b[2J")), arrays=False)
    out = capsys.readouterr().out
    assert out.startswith("[bold]w\\u001b[2J: running on Amazon")
    assert len(out.splitlines()) == 3 + 1 + 60 + 1


@pytest.mark.parametrize(
    ("words", "full"),
    [
        (["-w", "run0001"], ["-w", "0", "run0001"]),
        (["--watch", "2.5", "run0001"], ["--watch", "2.5", "run0001"]),
        (["run0001", "-lw"], ["run0001", "-lw", "0"]),
        (["--watch=3", "-l"], ["--watch=3", "-l"]),
        (["-w", "-5"], ["-w", "0", "-5"]),
        (["run0001"], ["run0001"]),
    ],
)
def test_watch_takes_a_number_or_none(words: list[str], full: list[str]) -> None:
    assert with_number(words) == full
