"""The first sections of the report: what the run is, its counts, its timeline."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pegbatch.model.history import ChildAttempt, History
from pegbatch.model.run_status import TaskCounts
from pegbatch.model.run_view import Timeline
from pegbatch.model.statistics import Summary
from pegbatch.report.counts import count_text
from pegbatch.report.estimate_text import duration
from pegbatch.report.markup import Markup, element, joined
from pegbatch.report.page_data import STATES
from pegbatch.report.page_pieces import badge, chart, section, when
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


def timeline_section(
    history: History, timeline: Timeline, drawn: Collection[str], *, coarse: bool
) -> Markup:
    """Return the place of the timeline with its controls, and of its table.

    Shapes: drawn are the states that bars have; a coarse timeline has no table, a child a row.
    """
    states = _attempt_states(history.attempts)
    words = (
        f"{count_text(len(timeline.bars), 'attempt')} of children of "
        f"{count_text(len(timeline.bands), 'array')} over {duration(timeline.seconds)}"
        + "".join(
            f", {states[one]:,} {one}" for one in ("failed", "lost", "running") if one in states
        )
    )
    buttons = [
        ("left", "←", "Earlier"),
        ("right", "→", "Later"),
        ("in", "+", "Zoom in"),
        ("out", "−", "Zoom out"),
        ("whole", "Whole run", "Show the whole run"),
    ]
    legend = element(
        "p", *(joined([badge(one), " "]) for one in STATES if one in drawn), class_="legend"
    )
    controls = element(
        "div",
        *(
            element("button", text, type="button", data_zoom=key, aria_label=name, title=name)
            for key, text, name in buttons
        ),
        element("span", id="timeline-range", role="status", aria_live="polite"),
        class_="controls scripted",
    )
    help_text = element(
        "p",
        "Keys: ← and → move, ↑ and ↓ (or + and −) zoom, with Shift in the arrays, Page Up and Page "
        "Down move through them, Home shows the whole run. Drag to move; Ctrl and the wheel, or "
        "two fingers, zoom. A click tells of an attempt.",
        id="timeline-keys",
        class_="hint scripted",
    )
    unplaced = (
        element(
            "p",
            "Not drawn, because nobody knows when they ran: "
            f"{count_text(len(timeline.unplaced), 'attempt')}. The table has all.",
            class_="hint",
        )
        if timeline.unplaced
        else None
    )
    return section(
        "timeline",
        "Timeline",
        controls,
        legend,
        chart("timeline", words, keys=True),
        element("p", id="timeline-picked", class_="picked", role="status", aria_live="polite"),
        help_text,
        unplaced,
        _coarse_note(len(history.attempts))
        if coarse
        else element("div", id="attempts", class_="scripted"),
    )


def _coarse_note(attempts: int) -> Markup:
    return element(
        "p",
        f"{attempts:,} attempts are too many to be drawn one by one: a bar stands for several and "
        "shows what most of them are, with marks where some failed or were lost. ",
        element("code", "pegbatch statistics -s jb_stats"),
        " lists each.",
        class_="hint",
    )


def _attempt_states(attempts: Sequence[ChildAttempt]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for attempt in attempts:
        counts[attempt.state] = counts.get(attempt.state, 0) + 1
    return counts
