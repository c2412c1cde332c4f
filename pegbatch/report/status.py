"""A run in words: what `status` prints, and what `run` and `wait` print at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pegbatch.model.plain import plain, plain_line
from pegbatch.model.run_status import RunStatus
from pegbatch.report.estimate_text import duration

SERVICES = {"local": "the embedded AWS", "aws": "Amazon"}
SHOWN_OUTPUTS = 20
SHOWN_FAILURES = 5
LONGEST_LINE = 500
"""Characters of a line that a task printed."""
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def headline(status: RunStatus) -> str:
    """Return the run's state in one line, with what has become of its tasks."""
    return f"{_state_text(status)}, {_counts_text(status)}, {duration(status.seconds)}"


def clock_line(status: RunStatus) -> str:
    """Return the same with the time first: the rest stands below it, too, and may be cut off."""
    return f"{_state_text(status)}, {duration(status.seconds)}, {_counts_text(status)}"


def _state_text(status: RunStatus) -> str:
    where = f" on {SERVICES[status.service]}" if status.service in SERVICES else ""
    which = f", try {status.number}" if status.number > 1 else ""
    return f"{plain_line(status.workflow)}: {status.state}{where}{which}"


def _counts_text(status: RunStatus) -> str:
    tasks = status.tasks
    parts = [f"{tasks.succeeded} of {tasks.total} tasks succeeded"]
    parts += [f"{tasks.failed} failed"] if tasks.failed else []
    parts += [f"{tasks.skipped} skipped"] if tasks.skipped else []
    return ", ".join(parts)


def outputs_text(outputs: Sequence[tuple[str, int | None, str]], total: int) -> str:
    """Return the list of outputs, the first SHOWN_OUTPUTS of them.

    Shapes: outputs are (LFN, size in bytes or None where it was not made, place).
    """
    if not total:
        return "no outputs to deliver"
    shown = outputs[:SHOWN_OUTPUTS]
    width = max((len(lfn) for lfn, _, _ in shown), default=0)
    lines = [
        f"  {plain_line(lfn):<{width}}  {'not made' if size is None else size_text(size):>10}"
        f"  {plain_line(place)}"
        for lfn, size, place in shown
    ]
    if total > len(shown):
        lines.append(f"  … and {total - len(shown)} more")
    return "\n".join([f"outputs ({total}):", *lines])


def failures_text(failures: Sequence[Mapping[str, Any]], total: int) -> str:
    """Return the first failures, each with its last words; empty where there are none.

    Shapes: total counts all tasks that failed or were skipped.
    """
    lines: list[str] = []
    for failure in failures[:SHOWN_FAILURES]:
        task, place = failure.get("id"), f"{failure.get('array')}, bag {failure.get('bag')}"
        who = f"{task} ({place}) {failure.get('state')}" if task else f"{place} was lost"
        reason = str(failure.get("reason") or "no reason was given").replace("\n", "\n    ")
        code = failure.get("exit_code")
        if not task and code is not None:
            reason += f" (exit code {code})"
        lines.append(f"  {plain_line(who)}: {plain(reason)}")
        said = (str(failure.get(key) or "").strip() for key in ("stderr_tail", "stdout_tail"))
        tail = next(filter(None, said), "").splitlines()
        lines.extend(f"    | {plain_line(line[-LONGEST_LINE:])}" for line in tail[-3:])
    left = total - min(len(failures), SHOWN_FAILURES)
    if lines and left > 0:
        lines.append(
            f"  … and {left} more that failed or were skipped: `pegbatch analyze` tells them all"
        )
    return "\n".join(["first failures:", *lines]) if lines else ""


def size_text(size_bytes: int) -> str:
    """Return a size as people read it: `4.0 KiB`."""
    size = float(size_bytes)
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            break
        size /= 1024
    return f"{size_bytes} B" if unit == "B" else f"{size:.1f} {unit}"
