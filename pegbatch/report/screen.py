"""A run on one screen: how far each level is, how fast, until when, at what cost, what is amiss.

The same lines are printed once by `status`, and drawn again and again by `status --watch`, `run`
and `wait`; then they are no more than the terminal has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pegbatch.model.plain import plain_line
from pegbatch.model.run_look import CostSoFar, RunLook
from pegbatch.model.run_status import ArrayStatus, RunStatus
from pegbatch.report.array_rows import array_table
from pegbatch.report.cost_text import hours, money
from pegbatch.report.estimate_text import duration
from pegbatch.report.level_rows import level_table
from pegbatch.report.lines import Line, Piece, fitted, labelled
from pegbatch.report.nested_rows import SHOWN as NESTED_SHOWN
from pegbatch.report.nested_rows import nested_table
from pegbatch.report.status import clock_line

TABLE_LEAST = 2
"""Rows of the table that stay, however low the screen is."""
BOTH_LEAST = 7
"""Rows in which levels and arrays find room beside each other."""
NESTED_LEAST = 3
"""Rows of sub-workflows, where there are any: a head, one, and how many more."""
FACTS_LEAST = 3
"""Lines below the table for which there is room as long as there is any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What there is to draw on."""

    width: int | None = None
    """Columns; None: lines may be as long as they are."""
    height: int | None = None
    """Rows; None: as many as it takes."""
    unicode: bool = True
    """False: bars are drawn with ASCII alone."""
    arrays: bool = False
    """Whether each array has a row, too."""


def screen(look: RunLook, sheet: Sheet) -> list[Line]:
    """Return the lines of a screen: never more than the sheet has rows, nor wider than it is.

    Shapes: where it is low, levels share rows first, and then the last facts are left out.
    """
    top, nested = _top(look.status), _nested(look, sheet)
    pressing, facts = _waiting(look, sheet.width), _facts(look, sheet.width)
    if sheet.height is None:
        tables = _tables(look.status, sheet, None)
    else:
        left = sheet.height - len(top) - 1 - len(nested)
        kept = min(len(pressing) + min(len(facts), FACTS_LEAST) + 1, left // 2)
        tables = _tables(look.status, sheet, max(TABLE_LEAST, left - kept))
    lines = [*top, (), *tables, *nested]
    if pressing or facts:
        lines += [(), *pressing, *facts]
    fit = fitted(lines, sheet.width)
    return fit if sheet.height is None else fit[: sheet.height]


def since(look: RunLook, now: float) -> RunLook:
    """Return a look as it is shown some time after it was taken: the clock goes on."""
    status = look.status
    if status.state not in ("submitting", "running") or not status.run:
        return look
    older = max(0.0, now - look.time)
    return replace(look, status=replace(status, seconds=status.seconds + older))


def _top(status: RunStatus) -> list[Line]:
    lines: list[Line] = [(Piece(clock_line(status), "bold"),)]
    if status.run:
        lines.append((Piece(f"run:   {plain_line(status.run)}"),))
    return lines


def _tables(status: RunStatus, sheet: Sheet, room: int | None) -> list[Line]:
    """Return the levels, and with them the arrays where these are asked for."""
    both = sheet.arrays and (room is None or room >= BOTH_LEAST)
    levels_room = room
    if room is not None and both:
        levels_room = min(len(status.levels) + 2, room // 2)
    levels = level_table(status.levels, width=sheet.width, rows=levels_room, unicode=sheet.unicode)
    if not both:
        return levels
    left = None if room is None else room - len(levels) - 1
    return [*levels, (), *array_table(status.arrays, rows=left)]


def _nested(look: RunLook, sheet: Sheet) -> list[Line]:
    """Return the sub-workflows that are planned in the run, after an empty line."""
    room: int | None = NESTED_SHOWN
    if sheet.height is not None:
        room = min(NESTED_SHOWN, max(NESTED_LEAST, sheet.height // 3))
    elif sheet.arrays:
        room = None
    rows = nested_table(look.sub_workflows or (), rows=room)
    return [(), *rows] if rows else []


def _waiting(look: RunLook, width: int | None) -> list[Line]:
    """Return why nothing starts, and what to do: each cause once, however many arrays it has."""
    causes: dict[tuple[str, str], list[str]] = {}
    for one in look.waiting_for:
        causes.setdefault((one.why, one.next), []).append(one.array)
    lines: list[Line] = []
    for (why, what), arrays in causes.items():
        more = f" and {len(arrays) - 1} more" if len(arrays) > 1 else ""
        lines += labelled("waiting", plain_line(f"{arrays[0]}{more}: {why}"), width, "yellow")
        lines += labelled("  do", plain_line(what), width)
    return lines


def _facts(look: RunLook, width: int | None) -> list[Line]:
    """Return what is worth a line besides the tables."""
    lines: list[Line] = []
    for label, text in (
        ("jobs", _jobs_text(look.status)),
        ("speed", _speed_text(look)),
        ("end", _end_text(look)),
        ("retries", _retries_text(look)),
        ("cost", _cost_text(look)),
    ):
        if text:
            lines += labelled(label, text, width)
    return lines


def _jobs_text(status: RunStatus) -> str:
    """Say how many array jobs have ended; where all have, there is nothing to say."""
    total = len(status.arrays)
    ended = sum(array.state in ("SUCCEEDED", "FAILED") for array in status.arrays)
    if status.state not in ("submitting", "running") or ended == total:
        return ""
    unsubmitted = sum(array.state == "UNSUBMITTED" for array in status.arrays)
    parts = [f"{ended:,} of {total:,} array jobs have ended"]
    parts += [f"{unsubmitted:,} are not submitted yet"] if unsubmitted else []
    others = _at_work(status.arrays) if not status.tasks.running else ""
    return ", ".join([*parts, others] if others else parts)


def _at_work(arrays: Sequence[ArrayStatus]) -> str:
    """Name an array that runs while no task does: it brings files, or cleans up."""
    active = ("STARTING", "RUNNING")
    found = [one.name for one in arrays if any(one.children.get(state) for state in active)]
    return f"{plain_line(found[0])} runs" if found else ""


def _speed_text(look: RunLook) -> str:
    if look.throughput is None:
        return ""
    rate = look.throughput.tasks_per_minute
    text = f"{rate:,.1f}" if rate < 100 else f"{rate:,.0f}"
    return f"{text} tasks/min over the last {duration(look.throughput.over_seconds)}"


def _end_text(look: RunLook) -> str:
    if look.estimated_end is None:
        return ""
    left = look.estimated_end - look.time
    clock = datetime.fromtimestamp(look.estimated_end)
    when = clock.strftime("%H:%M" if left < 86_400 else "%d %b %H:%M")
    about = f"{max(1, round(left))} s" if left < 60 else duration(left)
    # Before anything has ended no pace is known: the plan's runtimes alone say the least it takes.
    known = f"in about {about}" if look.throughput else f"in {about} at the earliest"
    return f"{known}, at {when}"


def _retries_text(look: RunLook) -> str:
    parts = []
    if look.retries:
        noun = "child was" if look.retries == 1 else "children were"
        parts.append(f"{look.retries:,} {noun} started again")
    if look.lost_children:
        parts.append(f"{look.lost_children:,} lost (host or Spot reclaimed, killed, no image)")
    return ", ".join(parts)


def _cost_text(look: RunLook) -> str:
    over = look.status.state not in ("submitting", "running")
    return "" if look.cost is None else cost_text(look.cost, so_far=not over)


def cost_text(cost: CostSoFar, *, so_far: bool) -> str:
    """Return what a run has cost, or would have cost."""
    verb = "about" if cost.is_paid else "would have cost about"
    amount = money(cost.amount, cost.currency)
    return (
        f"{verb} {amount}{' so far' if so_far else ''}: {hours(cost.vcpu_hours)} vCPU h on "
        f"{cost.machine} in {cost.region}, prices of {cost.date}"
    )
