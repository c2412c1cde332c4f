"""All logs of a run, or of a part of it, in one file and in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pegbatch.adapters.files import write_pieces
from pegbatch.cli.logs.desk import Desk
from pegbatch.cli.logs.showing import Choice
from pegbatch.cli.logs.wanted import Wanted, WantedArray, WantedChild
from pegbatch.cli.telling import echo_json, say
from pegbatch.engine.logs.parts import task_part
from pegbatch.engine.looking.status import all_jobs
from pegbatch.errors import UsageError
from pegbatch.model.logs import AttemptLog, LoggedTask
from pegbatch.report.status import size_text

_TITLE = "==> "
"""What the line before each log begins with, and so the file."""


@dataclass(slots=True)
class _Merged:
    logs: int = 0
    size_bytes: int = 0

    def counted(self, piece: bytes) -> bytes:
        self.size_bytes += len(piece)
        return piece


def merge_logs(
    desks: Sequence[Desk], wanted: Wanted | None, choice: Choice, path: Path, *, as_json: bool
) -> None:
    """Write the logs of what is wanted (None: of all these runs) into a file, as they are.

    Shapes: runs in their order, arrays in plan order, in them bags, tries and attempts; a title
    line before each. The file is there whole or not at all.
    Errors: UsageError where something else is there; OutsideError naming the file.
    """
    _refuse_other_files(path)
    merged = _Merged()
    pieces = (_pieces(desk, wanted, choice, merged) for desk in desks)
    write_pieces(path, chain.from_iterable(pieces))
    if as_json:
        echo_json({"file": str(path), "logs": merged.logs, "bytes": merged.size_bytes})
    else:
        say(f"pegbatch: {path}: {merged.logs:,} logs, {size_text(merged.size_bytes)}")


def _wanted_logs(desk: Desk, wanted: Wanted | None, choice: Choice) -> Iterator[AttemptLog]:
    book = desk.book()
    match wanted:
        case None:
            for job in all_jobs(desk.run.plan, desk.state()):
                yield from choice.among(book.of_array(job.name))
        case WantedArray():
            yield from choice.among(book.of_array(wanted.array))
        case WantedChild() | LoggedTask():
            yield from choice.among(book.of_child(wanted.array, wanted.bag))


def _pieces(desk: Desk, wanted: Wanted | None, choice: Choice, merged: _Merged) -> Iterator[bytes]:
    """Yield each log that says anything, after its title; count them."""
    for log, blocks in desk.reader.many(_wanted_logs(desk, wanted, choice)):
        part = task_part(wanted, blocks) if isinstance(wanted, LoggedTask) else blocks
        array = desk.run.known_array(log.array)
        title = f"{_TITLE}{array}:{log.bag}, try {log.number}, attempt {log.attempt} <==\n"
        for number, block in enumerate(part):
            if not number:
                merged.logs += 1
                yield merged.counted(title.encode())
            yield merged.counted(block)


def _refuse_other_files(path: Path) -> None:
    """Refuse to replace what is no merged log: a file of the run, or an input, named by mistake.

    Errors: UsageError; OSError where it cannot be read.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        start = file.read(len(_TITLE))
    if start and start != _TITLE.encode():
        message = "--merge would replace this file, which is no merged log"
        raise UsageError(message, where=str(path), hint="name another file, or remove this one")
