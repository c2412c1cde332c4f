"""The sections of the report that say what to do: failures, memory and cores, cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pegbatch.model.analysis import Analysis, FailureGroup, RunUrls, last_words, log_url
from pegbatch.model.plain import plain
from pegbatch.model.statistics import ActualCost, ResourceRow
from pegbatch.report.advice import advice
from pegbatch.report.analysis_text import commands_of, group_title, who_text
from pegbatch.report.cost_text import cost_lines, hours, money
from pegbatch.report.counts import count_text
from pegbatch.report.markup import Child, Markup, element, joined, table
from pegbatch.report.page_charts import MOST_ROWS
from pegbatch.report.page_data import shown
from pegbatch.report.page_pieces import section

MOST_GROUPS = 100
"""Kinds of failure that are told in full."""
TAIL_LINES = 40
LONGEST_LINE = 2000
"""Characters of a line that a task printed."""


def failures_section(analysis: Analysis, submit_dir: str) -> Markup:
    """Return what failed and why, alike together, each with last words and a next step.

    Shapes: submit_dir is as a shell takes it.
    """
    groups = analysis.groups[:MOST_GROUPS]
    told = [_group(group, analysis.runs, submit_dir) for group in groups]
    left = len(analysis.groups) - len(groups)
    notes = [element("p", line) for line in _notes(analysis, left, submit_dir)]
    return section("failures", "Failures", *told, *notes)


def _notes(analysis: Analysis, left: int, submit_dir: str) -> Iterator[str]:
    if left:
        yield f"… and {count_text(left, 'more kind')} of failure: see pegbatch analyze {submit_dir}"
    if analysis.unexplained:
        yield f"{count_text(analysis.unexplained, 'task')} never began: nothing on record says why."
    if analysis.mended:
        tasks = count_text(analysis.mended, "task")
        yield f"{tasks} failed first and succeeded when tried again."
    if not analysis.groups and not analysis.unexplained:
        yield "Nothing has failed." if analysis.status.is_over else "Nothing has failed so far."


def _group(group: FailureGroup, runs: RunUrls, submit_dir: str) -> Markup:
    stream, text = last_words(group.example)
    tail = tail_of(text)
    log = f"CloudWatch stream {group.log_stream}" if group.log_stream else ""
    log = log or (log_url(runs, group.example) if group.tasks else "")
    return element(
        "article",
        element("h3", group_title(group)),
        element("p", "Next: ", coded(group.cause.advice), class_="next")
        if group.cause.advice
        else None,
        element("p", _names("Tasks", group.ids, group.tasks), _in(group)) if group.tasks else None,
        element("p", _names("Skipped behind it", group.skipped_ids, group.skipped))
        if group.skipped
        else None,
        element("p", f"{stream} of {who_text(group.example)}:") if tail else None,
        element("pre", tail, tabindex=0, aria_label=f"Last lines of {stream}") if tail else None,
        element("p", "Log: ", element("code", log)) if log else None,
        _commands(group, submit_dir),
        class_="failure" + (" lost" if group.cause.kind in ("lost", "reclaimed") else ""),
    )


def tail_of(text: str) -> str:
    """Return the last lines of what a task said, none of them endless."""
    lines = text.rstrip().splitlines()[-TAIL_LINES:]
    return "\n".join(plain(line[-LONGEST_LINE:]) for line in lines)


def coded(text: str) -> Markup:
    """Return text in which what stands between backticks is set as code."""
    parts = text.split("`")
    return joined(element("code", one) if place % 2 else one for place, one in enumerate(parts))


def _in(group: FailureGroup) -> str:
    more = f" and {len(group.arrays) - 3:,} more" if len(group.arrays) > 3 else ""
    return f" (in {', '.join(group.arrays[:3])}{more})"


def _names(what: str, names: Sequence[str], total: int) -> str:
    more = f" and {total - len(names):,} more" if total > len(names) else ""
    return f"{what}: {', '.join(map(shown, names))}{more}"


def _commands(group: FailureGroup, submit_dir: str) -> Markup | None:
    if not group.tasks or not group.transformation:
        return None
    found = commands_of(group.example.id, group.transformation, submit_dir)
    lines = "\n".join(command for _, command in found)
    return element("details", element("summary", "Commands"), element("pre", lines, tabindex=0))


def asked_table(rows: Sequence[ResourceRow]) -> Markup:
    """Return memory and cores asked for against what was used, with advice."""
    head = (
        "Transformation",
        "Memory asked",
        "used at most",
        "Cores asked",
        "used at most",
        "Advice",
    )
    cells = [_asked_row(row) for row in rows[:MOST_ROWS]]
    return table(
        "Asked for against used, by transformation",
        head,
        cells,
        numbers=range(1, 5),
        left_out=len(rows) - len(cells),
    )


def _asked_row(row: ResourceRow) -> Sequence[Child]:
    used, cores = row.memory_used_mib, row.cores_used
    return (
        shown(row.transformation),
        f"{row.memory_asked_mib:,} MiB",
        "" if used is None else f"{used:,.0f} MiB",
        str(row.cores_asked),
        "" if cores is None else f"{cores:.2f}",
        "; ".join(advice(row)),
    )


def cost_section(cost: ActualCost, *, is_local: bool) -> Markup:
    """Return what the run has cost, beside what was expected."""
    price = cost.cost
    cards = [
        (
            "On Amazon it would have cost" if is_local else "Cost",
            money(price.amount, price.currency),
        ),
        ("vCPU hours", hours(cost.vcpu_hours)),
        ("GiB hours", hours(cost.gib_hours)),
    ]
    numbers = [element("div", element("dt", name), element("dd", value)) for name, value in cards]
    lines = [element("p", coded(line.strip())) for line in cost_lines(cost, is_local=is_local)]
    return section("cost", "Cost", element("dl", *numbers, class_="numbers"), joined(lines))
