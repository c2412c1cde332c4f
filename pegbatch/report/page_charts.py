"""The sections of the report with a chart and its table: arrays, transformations, resources."""

from __future__ import annotations

from collections.abc import Sequence

from pegbatch.model.run_view import (
    ArrayOutcome,
    Distribution,
    Metric,
    TransformationShape,
    Usage,
)
from pegbatch.report.counts import count_text
from pegbatch.report.estimate_text import duration
from pegbatch.report.markup import Child, Markup, element, joined, table
from pegbatch.report.page_data import shown
from pegbatch.report.page_pieces import badge, chart, folded, section
from pegbatch.report.status import size_text

MOST_ROWS = 500
"""Of a table that stands in the page as it is."""

USAGE_ROWS = 20

METRIC_NAMES: dict[Metric, str] = {
    "runtime": "Runtime",
    "memory": "Memory, at most",
    "cpu": "CPU used",
    "read": "Bytes read",
    "written": "Bytes written",
}


def arrays_section(outcomes: Sequence[ArrayOutcome]) -> Markup:
    """Return the array graph and its table."""
    links = sum(len(one.job.depends_on) for one in outcomes)
    words = f"{count_text(len(outcomes), 'job')} of AWS Batch, {count_text(links, 'link')}"
    rows = [_array_row(one) for one in outcomes[:MOST_ROWS]]
    head = ("Array", "State", "Kind", "Level", "Children", "Tasks", "Succeeded", "Failed",
            "Skipped", "Waits for")  # fmt: skip
    return section(
        "arrays",
        "Array jobs",
        chart("arrays", words),
        element(
            "p",
            "A thick line links child with child (N_TO_N); a dashed one waits for all (ALL).",
            class_="hint",
        ),
        folded(
            "The jobs as a table",
            table("Jobs", head, rows, numbers=range(3, 9), left_out=len(outcomes) - len(rows)),
        ),
    )


def _array_row(one: ArrayOutcome) -> Sequence[Child]:
    job = one.job
    links = ", ".join(f"{link.array} ({link.type.value})" for link in job.depends_on)
    reason = f" · {shown(one.reason)}" if one.reason and one.word == "failed" else ""
    tasks = (one.succeeded, one.failed, one.skipped) if job.kind == "compute" else ("", "", "")
    return (
        job.name,
        joined([badge(one.word), reason]),
        job.kind,
        "" if job.level is None else str(job.level),
        f"{job.size:,}",
        f"{job.tasks:,}",
        *(f"{count:,}" if count else "" for count in tasks),
        links,
    )


def transformations_section(shapes: Sequence[TransformationShape]) -> Markup:
    """Return the distributions, and their table."""
    known = [one for one in METRIC_NAMES if any(one in shape.metrics for shape in shapes)]
    if not known:
        words = "Distributions are those of tasks that succeeded: there are none so far."
        return section("transformations", "Transformations", element("p", words))
    controls = element(
        "div",
        element("label", "Show ", _select("metric", [(one, METRIC_NAMES[one]) for one in known])),
        element("label", element("input", type="checkbox", id="log"), " logarithmic"),
        class_="controls scripted",
    )
    pick = element(
        "div",
        element("label", "Histogram of ", element("select", id="shape")),
        class_="controls scripted",
    )
    rows = [_shape_row(shape) for shape in shapes[:MOST_ROWS]]
    head = ("Transformation", "Tasks", "Succeeded", "Runtime: least", "median", "mean", "most",
            "total", "Memory: median", "most", "CPU: median", "Read: median", "Written: median",
            "Written: total")  # fmt: skip
    words = "Distributions over the tasks that succeeded: least, quarters, median, most"
    return section(
        "transformations",
        "Transformations",
        controls,
        chart("shapes", words),
        pick,
        chart("histogram", "Histogram of one transformation"),
        folded(
            "The distributions as a table",
            table(
                "Transformations",
                head,
                rows,
                numbers=range(1, 14),
                left_out=len(shapes) - len(rows),
            ),
        ),
    )


def _select(key: str, options: Sequence[tuple[str, str]]) -> Markup:
    shown_options = (element("option", name, value=value) for value, name in options)
    return element("select", *shown_options, id=key)


def _shape_row(shape: TransformationShape) -> Sequence[Child]:
    runtime = shape.metrics.get("runtime")
    memory, cpu = shape.metrics.get("memory"), shape.metrics.get("cpu")
    read, written = shape.metrics.get("read"), shape.metrics.get("written")
    times = (
        ("", "", "", "", "")
        if runtime is None
        else tuple(
            duration(one)
            for one in (runtime.least, runtime.median, runtime.mean, runtime.most, runtime.total)
        )
    )
    return (
        shown(shape.transformation),
        f"{shape.tasks:,}",
        f"{shape.succeeded:,}",
        *times,
        f"{memory.median:,.0f} MiB" if memory else "",
        f"{memory.most:,.0f} MiB" if memory else "",
        f"{cpu.median:.0f} %" if cpu else "",
        _bytes(read),
        _bytes(written),
        size_text(round(written.total)) if written else "",
    )


def _bytes(one: Distribution | None) -> str:
    return size_text(round(one.median)) if one else ""


def resources_section(usage: Usage, asked: Markup) -> Markup:
    """Return what was taken and what was used: over time, and in the given table."""
    taken, used = _mean(usage.vcpus_taken), _mean(usage.vcpus_used)
    share = (
        f", of which programs used {100 * used / taken:.0f} %" if usage.knows_cpu and taken else ""
    )
    vcpus = (
        f"vCPUs over time: {_short(taken)} taken on average, {usage.vcpus_most:,} at most{share}"
    )
    memory = f"Memory over time: {size_text(usage.memory_most_mib << 20)} taken at most" + (
        f", {size_text(round(max(usage.memory_used_mib)) << 20)} used" if usage.knows_memory else ""
    )
    rows = [_usage_row(usage, place) for place in _places(len(usage.vcpus_taken))]
    head = ("From", "vCPUs taken", "vCPUs used", "Memory taken", "Memory used")
    return section(
        "resources",
        "Resources",
        chart("vcpus", vcpus),
        chart("memory", memory),
        asked,
        folded("The curves as a table", table("Averages over time", head, rows, numbers=range(5))),
    )


def _places(count: int) -> range:
    return range(0, count, max(1, count // USAGE_ROWS))


def _usage_row(usage: Usage, first: int) -> Sequence[Child]:
    last = first + max(1, len(usage.vcpus_taken) // USAGE_ROWS)
    return (
        duration(first * usage.step_seconds),
        f"{_mean(usage.vcpus_taken[first:last]):.2f}",
        f"{_mean(usage.vcpus_used[first:last]):.2f}" if usage.knows_cpu else "",
        size_text(round(_mean(usage.memory_taken_mib[first:last])) << 20),
        size_text(round(_mean(usage.memory_used_mib[first:last])) << 20)
        if usage.knows_memory
        else "",
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
