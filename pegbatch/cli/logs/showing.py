"""Showing logs that are there: of a task, of a child, of all children of an array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, assert_never

from pegbatch.cli.logs.desk import Desk
from pegbatch.cli.logs.printing import LogPrinter
from pegbatch.cli.logs.wanted import Wanted, WantedArray, WantedChild
from pegbatch.cli.results import place
from pegbatch.cli.telling import echo_json, say
from pegbatch.engine.logs.parts import task_part
from pegbatch.engine.logs.tails import file_tails, last_words, record_log, task_records
from pegbatch.errors import InputError
from pegbatch.model.logs import AttemptLog, LoggedTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which tries and attempts are asked for."""

    number: int | None = None
    """The try; None: the newest that has anything."""
    attempt: int | None = None
    """None: the newest."""

    @property
    def is_any(self) -> bool:
        """Tell whether nothing is asked for."""
        return self.number is None and self.attempt is None

    def among(self, logs: Iterable[AttemptLog]) -> list[AttemptLog]:
        """Return the logs that fit, in their order."""
        return [log for log in logs if self.fits(log.number, log.attempt)]

    def fits(self, number: int, attempt: int) -> bool:
        """Tell whether one attempt is asked for."""
        return self.number in (None, number) and self.attempt in (None, attempt)


class Shown(NamedTuple):
    """One log, or a part of it."""

    log: AttemptLog
    blocks: Iterator[bytes]
    """Of whole lines."""
    prefix: str = ""


def show_logs(desk: Desk, wanted: Wanted, choice: Choice, printer: LogPrinter) -> None:
    """Print the newest log of what is wanted; of an array, of each of its children.

    Errors: InputError where there is no such try or attempt.
    """
    for shown in _select(desk, wanted, choice):
        if not shown.prefix:
            say(f"pegbatch: {_title(desk, shown.log)}")
        printer.write_all(shown.blocks, shown.prefix)


def show_json(desk: Desk, wanted: Wanted, choice: Choice) -> None:
    """Print the same as one JSON object.

    Errors: as show_logs.
    """
    rows = [
        {
            "array": desk.run.known_array(log.array),
            "bag": log.bag,
            "try": log.number,
            "attempt": log.attempt,
            "source": log.source,
            "running": log.running,
            "text": b"".join(blocks).decode("utf-8", "replace"),
        }
        for log, blocks, _ in _select(desk, wanted, choice)
    ]
    task = desk.run.known_id(wanted.id) if isinstance(wanted, LoggedTask) else None
    echo_json({"run": desk.state().run_url, "task": task, "logs": rows})


def _select(desk: Desk, wanted: Wanted, choice: Choice) -> Iterator[Shown]:
    match wanted:
        case WantedArray():
            logs = desk.book().of_array(wanted.array)
            newest = {log.bag: log for log in choice.among(logs)}
            for log, blocks in desk.reader.many(newest.values()):
                yield Shown(log, blocks, f"{desk.run.known_array(log.array)}:{log.bag} | ")
            _check(desk, desk.run.known_array(wanted.array), logs, choice)
        case WantedChild():
            logs = desk.book().of_child(wanted.array, wanted.bag)
            _check(desk, f"{desk.run.known_array(wanted.array)}:{wanted.bag}", logs, choice)
            for log in choice.among(logs)[-1:]:
                yield Shown(log, desk.reader.blocks(log))
        case LoggedTask():
            yield from _task(desk, wanted, choice)
        case _:
            assert_never(wanted)


def _task(desk: Desk, task: LoggedTask, choice: Choice) -> Iterator[Shown]:
    """Yield a task's part of the newest log in which it has one, or what its record keeps."""
    logs = desk.book().of_child(task.array, task.bag)
    for log in reversed(choice.among(logs)):
        part = task_part(task, desk.reader.blocks(log))
        first = next(part, None)
        if first is not None:
            yield Shown(log, chain((first,), part, _tails(desk, task, log)))
            return
    records = task_records(desk.store, desk.state().run_url, task)
    fitting = [record for record in records if choice.fits(record.try_, record.attempt)]
    if fitting:
        yield Shown(record_log(task, fitting[-1]), last_words(fitting[-1]))
        return
    known, array = desk.run.known_id(task.id), desk.run.known_array(task.array)
    _check(desk, known, logs, choice)
    if choice.among(logs):
        say(f"pegbatch: {known} has not run in what {array}:{task.bag} has said so far")


def _tails(desk: Desk, task: LoggedTask, log: AttemptLog) -> Iterator[bytes]:
    """Yield the ends of streams that went to files; records are read only where there are such."""
    if task.stdout is None and task.stderr is None:
        return
    records = task_records(desk.store, desk.state().run_url, task)
    for record in [one for one in records if (one.try_, one.attempt) == log.key][-1:]:
        yield from file_tails(task, record)


def _check(desk: Desk, what: str, logs: Sequence[AttemptLog], choice: Choice) -> None:
    """Say that there is nothing of a child that fits.

    Errors: InputError where a try or an attempt was named that there is not.
    """
    if choice.among(logs):
        return
    if logs and not choice.is_any:
        there = ", ".join(f"--try {log.number} --attempt {log.attempt}" for log in logs)
        raise InputError(f"{what} has no such attempt", hint=f"there are {there}")
    over = desk.state().outcome is not None
    hint = f": it did not run; pegbatch analyze {place(desk.run)} says why" if over else " yet"
    say(f"pegbatch: {what} has said nothing{hint}")


def _title(desk: Desk, log: AttemptLog) -> str:
    places = {
        "store": "",
        "cloudwatch": ", so far" if log.running else ", from CloudWatch Logs",
        "record": ", of which only the record is left",
    }
    number = f"try {log.number}, " if log.number > 1 else ""
    array = desk.run.known_array(log.array)
    return f"{array}:{log.bag}, {number}attempt {log.attempt}{places[log.source]}"
