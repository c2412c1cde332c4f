"""How runtimes, memory, CPU use and bytes are distributed over the tasks of a transformation."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence

from pegbatch.model.history import Execution, History
from pegbatch.model.run_view import METRICS, Distribution, Metric, TransformationShape

HISTOGRAM_BINS = 24
LOG_SPREAD = 50.0
"""Where the largest value is that many times the median, bins grow with the values."""


def shapes_of(history: History) -> tuple[TransformationShape, ...]:
    """Return the transformations of a run, the one that took most time first."""
    vcpus = {job.name: job.resources.vcpus for job in history.jobs}
    tasks: dict[str, int] = {}
    values: dict[str, dict[Metric, array[float]]] = {}
    for task in history.tasks.values():
        tasks[task.transformation] = tasks.get(task.transformation, 0) + 1
        one = history.newest.get(task.id)
        if one is not None and one.state == "succeeded":
            cores = task.cores or vcpus.get(task.array, 1)
            into = values.setdefault(task.transformation, {})
            for metric, value in _measured(one, cores):
                into.setdefault(metric, array("d")).append(value)
    shapes = [_shape(name, count, values.get(name, {})) for name, count in tasks.items()]
    return tuple(sorted(shapes, key=lambda one: (-_time(one), one.transformation)))


def _measured(one: Execution, cores: int) -> Iterator[tuple[Metric, float]]:
    yield "runtime", one.seconds
    yield "written", float(one.bytes_out)
    if one.max_rss_mib is not None:
        yield "memory", one.max_rss_mib
    if one.bytes_in is not None:
        yield "read", float(one.bytes_in)
    if one.cpu_seconds is not None and one.seconds > 0:
        yield "cpu", 100 * one.cpu_seconds / (one.seconds * max(1, cores))


def _shape(name: str, tasks: int, values: Mapping[Metric, array[float]]) -> TransformationShape:
    metrics = {metric: distribution(values[metric]) for metric in METRICS if metric in values}
    succeeded = metrics["runtime"].count if "runtime" in metrics else 0
    return TransformationShape(
        transformation=name, tasks=tasks, succeeded=succeeded, metrics=metrics
    )


def _time(shape: TransformationShape) -> float:
    return shape.metrics["runtime"].total if "runtime" in shape.metrics else 0.0


def distribution(values: Sequence[float]) -> Distribution:
    """Return the five numbers and the histogram of some values, at least one."""
    ordered = sorted(values)
    edges = _edges(ordered[0], quantile(ordered, 0.5), ordered[-1])
    return Distribution(
        count=len(ordered),
        total=sum(ordered),
        least=ordered[0],
        lower=quantile(ordered, 0.25),
        median=quantile(ordered, 0.5),
        upper=quantile(ordered, 0.75),
        most=ordered[-1],
        edges=edges,
        counts=_counts(ordered, edges),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which a share of the ordered values lies, between two of them."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _edges(least: float, median: float, most: float) -> list[float]:
    if most <= least:
        return [least, most]
    steps = range(HISTOGRAM_BINS + 1)
    if least > 0 and most > LOG_SPREAD * median:
        ratio = most / least
        return [least * ratio ** (i / HISTOGRAM_BINS) for i in steps]
    return [least + (most - least) * i / HISTOGRAM_BINS for i in steps]


def _counts(ordered: Sequence[float], edges: Sequence[float]) -> list[int]:
    counts = [0] * (len(edges) - 1)
    place = 0
    for value in ordered:
        while place < len(counts) - 1 and value >= edges[place + 1]:
            place += 1
        counts[place] += 1
    return counts
