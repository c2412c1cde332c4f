"""The section of the report that tells of sub-workflows which were planned in the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pegbatch.model.history import History, NestedPart, TaskStanding, scope_of
from pegbatch.report.counts import count_text
from pegbatch.report.markup import Child, Markup, element, table
from pegbatch.report.page_data import shown
from pegbatch.report.page_pieces import badge, section

MOST_ROWS = 500
_HEAD = ("Sub-workflow", "State", "Tasks", "Succeeded", "Failed", "Skipped", "File", "Run")


def sub_workflows_section(history: History) -> Markup:
    """Return a row for each sub-workflow, each behind the one that it lies in."""
    parts = list(history.nested.values())
    counts = _counts(history)
    rows = [_row(part, counts.get(part.id, Counter())) for part in parts[:MOST_ROWS]]
    return section(
        "sub-workflows",
        "Sub-workflows",
        element(
            "p",
            f"{count_text(len(parts), 'job')} planned a workflow while the run went on. Tasks and "
            "array jobs of these workflows are among those above and below, under the id of the "
            "job that planned them.",
            class_="hint",
        ),
        table("Sub-workflows", _HEAD, rows, numbers=range(2, 6), left_out=len(parts) - len(rows)),
    )


def _counts(history: History) -> Mapping[str, Counter[TaskStanding]]:
    """Return the tasks of each nested run by state, in one pass."""
    counts: dict[str, Counter[TaskStanding]] = {}
    for id_, state in history.states.items():
        scope = scope_of(history.tasks[id_].array)
        if scope:
            counts.setdefault(scope, Counter())[state] += 1
    return counts


def _row(part: NestedPart, tasks: Counter[TaskStanding]) -> Sequence[Child]:
    return (
        shown(part.id),
        badge(part.state) if part.has_begun else "not begun",
        f"{tasks.total():,}",
        f"{tasks['succeeded']:,}",
        f"{tasks['failed']:,}",
        f"{tasks['skipped']:,}",
        shown(part.file),
        element("code", shown(part.run)) if part.has_begun else "",
    )
