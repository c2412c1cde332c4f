"""What `debug` prints: where a task lies, how to run it, and how it ended here."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from pegbatch.model.plain import plain_line
from pegbatch.model.records import TaskRecord
from pegbatch.model.reproduction import Comparison, Reproduction, compare
from pegbatch.report.counts import count_text
from pegbatch.report.debug_files import COMMAND, README
from pegbatch.report.status import LONGEST_LINE, size_text

LINES_SHOWN = 10
"""Last lines of what a task said."""
FILES_SHOWN = 20


def reproduction_text(found: Reproduction) -> str:
    """Return what was laid down, and, where it was run, how it ended against the record."""
    where = f"{found.array} bag {found.bag}"
    lines = [
        plain_line(f"{found.id} ({found.transformation}), {where}: in {found.folder}"),
        f"  inputs: {count_text(found.files, 'file')}, {size_text(found.size_bytes)}",
        plain_line(f"  in the run: {_end(found.record)}"),
    ]
    if found.ran is not None:
        lines += _ran(found, found.ran)
    folder = shlex.quote(found.folder)
    return "\n".join([*lines, f"  run it: sh {folder}/{COMMAND}", f"  read:   {folder}/{README}"])


def _ran(found: Reproduction, ran: TaskRecord) -> Iterator[str]:
    yield plain_line(f"  here:       {_end(ran)}")
    for stream, text in (("stdout", ran.stdout_tail), ("stderr", ran.stderr_tail)):
        for line in text.strip().splitlines()[-LINES_SHOWN:]:
            yield f"    {stream} | {plain_line(line[-LONGEST_LINE:])}"
    if found.record is None:
        yield "  there is nothing on record to compare that with"
    elif found.record.state in ("succeeded", "failed"):
        yield from _compared(compare(found.record, ran))


def _compared(comparison: Comparison) -> Iterator[str]:
    yield "  it ended as in the run" if comparison.same_end else "  it ended otherwise in the run"
    same = sum(verdict == "same" for _, verdict in comparison.files)
    if comparison.files:
        total = len(comparison.files)
        yield f"  outputs: {same} of {total} are byte for byte what the run has"
    others = [(lfn, verdict) for lfn, verdict in comparison.files if verdict != "same"]
    for lfn, verdict in others[:FILES_SHOWN]:
        yield f"    {verdict}: {plain_line(lfn)}"
    if len(others) > FILES_SHOWN:
        yield f"    … and {len(others) - FILES_SHOWN:,} more"


def _end(record: TaskRecord | None) -> str:
    """Return how a task ended in a line."""
    if record is None:
        return "no record"
    seconds = max(0.0, record.end - record.start)
    parts = [record.state, record.reason.partition("\n")[0], f"{seconds:.1f} s"]
    if record.max_rss_mib is not None:
        parts.append(f"{record.max_rss_mib:,.0f} MiB")
    return ", ".join(filter(None, parts))
