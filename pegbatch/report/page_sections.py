"""The first sections of the report: what the run is, and its counts."""

from __future__ import annotations

from pegbatch.model.history import History
from pegbatch.model.run_status import TaskCounts
from pegbatch.model.statistics import Summary
from pegbatch.report.estimate_text import duration
from pegbatch.report.markup import Markup, element, joined
from pegbatch.report.page_pieces import badge, section, when
from pegbatch.report.status import SERVICES


def headline(history: History) -> Markup:
    """Return the lines below the title: state, where, when."""
    status = history.status
    where = SERVICES.get(status.service)
    times = [when(moment) for moment in (history.started, history.ended) if moment is not None]
    parts = [
        badge(status.state),
        f" on {where}" if where else "",
        f" · {' to '.join(times)}" if times else "",
    ]
    run = element("p", element("code", status.run), class_="run") if status.run else None
    return joined([element("p", *parts), run])


def summary_section(history: History, summary: Summary) -> Markup:
    """Return the counts and times of the run."""
    tasks = history.status.tasks
    lost = sum(attempt.state == "lost" for attempt in history.attempts)
    always = [
        ("Tasks", f"{tasks.total:,}", None),
        ("Succeeded", f"{tasks.succeeded:,}", "succeeded" if tasks.succeeded else None),
        ("Failed", f"{tasks.failed:,}", "failed" if tasks.failed else None),
        ("Skipped", f"{tasks.skipped:,}", "skipped" if tasks.skipped else None),
    ]
    where_so = [
        ("Running", tasks.running, "running"),
        ("Waiting", tasks.waiting, None),
    ]
    times = [
        ("Wall time", duration(summary.wall_seconds), None),
        ("Without time between tries", duration(summary.busy_seconds), None),
        ("Time of children", duration(summary.job_seconds), None),
        ("Of it for nothing", duration(summary.job_badput_seconds), None),
        ("Child attempts", f"{len(history.attempts):,}", None),
        ("Retries of children", f"{summary.jobs.retries:,}", None),
        ("Lost attempts", f"{lost:,}", "failed" if lost else None),
        ("Tries", f"{history.status.number:,}", None),
        ("Outputs", f"{history.status.outputs:,}", None),
    ]
    if history.status.number == 1:
        del times[1]
    numbers = [*always, *((name, f"{n:,}", kind) for name, n, kind in where_so if n), *times]
    cards = [
        element("div", element("dt", name), element("dd", value), class_=kind)
        for name, value, kind in numbers
    ]
    return section("summary", "Summary", _bar(tasks), element("dl", *cards, class_="numbers"))


def _bar(tasks: TaskCounts) -> Markup:
    """Return the tasks by state as one bar."""
    parts, x = [], 0.0
    for word in ("succeeded", "running", "waiting", "skipped", "failed"):
        width = 1000 * getattr(tasks, word) / max(1, tasks.total)
        if width:
            parts.append(
                element("rect", x=f"{x:.2f}", width=f"{width:.2f}", height=10, class_=word)
            )
            x += width
    return element(
        "svg",
        *parts,
        viewBox="0 0 1000 10",
        preserveAspectRatio="none",
        class_="states",
        role="img",
        aria_label=f"{tasks.succeeded:,} of {tasks.total:,} tasks succeeded",
    )
