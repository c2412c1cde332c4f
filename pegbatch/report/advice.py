"""One line of advice for each thing that a transformation asks too much or too little of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pegbatch.model.plain import plain_line
from pegbatch.model.statistics import ResourceRow
from pegbatch.report.counts import count_text


def advice(row: ResourceRow) -> list[str]:
    """Return what to change, in words, without the transformation's name."""
    said = [_memory(row), _killed(row), _cores(row)]
    return [line for line in said if line]


def advice_lines(rows: Sequence[ResourceRow], *, at_most: int | None = None) -> Iterator[str]:
    """Yield a line for each piece of advice; nothing where there is none."""
    lines = [f"  {plain_line(row.transformation)}: {text}" for row in rows for text in advice(row)]
    if not lines:
        return
    yield ""
    yield "Advice (profiles `memory` and `cores` of a transformation say what is asked for)"
    yield from lines[:at_most]
    if at_most is not None and len(lines) > at_most:
        yield f"  … and {len(lines) - at_most:,} more: `-s tf_stats` shows all"


def _memory(row: ResourceRow) -> str:
    asked, advised = row.memory_asked_mib, row.memory_advised_mib
    if advised is None:
        return ""
    if row.out_of_memory:
        ended = count_text(row.out_of_memory, "time")
        return f"memory: {asked:,} MiB asked, and {ended} that was too little: try {advised:,} MiB"
    used = f"memory: {asked:,} MiB asked, {row.memory_used_mib or 0:,.0f} used at most"
    if advised > asked:
        return f"{used}: that is close, ask for {advised:,} MiB"
    return f"{used}: {advised:,} MiB would do"


def _killed(row: ResourceRow) -> str:
    if not row.may_be_out_of_memory:
        return ""
    killed = count_text(row.may_be_out_of_memory, "task")
    were = "was" if row.may_be_out_of_memory == 1 else "were"
    return (
        f"{killed} {were} ended by SIGKILL, which may be lack of memory "
        f"({row.memory_asked_mib:,} MiB asked)"
    )


def _cores(row: ResourceRow) -> str:
    if row.cores_advised is None:
        return ""
    used = f"cores: {row.cores_asked} asked, {row.cores_used or 0:.1f} kept busy at most"
    if row.cores_advised > row.cores_asked:
        return f"{used}: ask for {row.cores_advised}"
    return f"{used}: {row.cores_advised} would do"
