"""What nested runs deliver: files that wait for `fetch`, names for the catalog, first failures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pegbatch.cli.nested.door import Nested, opened
from pegbatch.engine.deliveries import Output
from pegbatch.model.nested import NestedRun, every


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The outputs of one nested run, but for those that are the outer run's own."""

    run_url: str
    outputs: tuple[Output, ...]


def nested_deliveries(nested: Nested) -> tuple[Delivery, ...]:
    """Return what the nested runs that have begun deliver.

    Errors: those of the store.
    """
    outer = f"{nested.outer.state().run_url}/"
    return tuple(
        Delivery(
            run_url=node.url,
            outputs=tuple(
                output
                for output in run.directory.outputs(node.url)
                # What the job's `uses` name lies in the run around it, and is listed there.
                if output.to_fetch or not output.destination.startswith(outer)
            ),
        )
        for node, run in opened(nested)
    )


def all_outputs(deliveries: Iterable[Delivery]) -> Iterator[Output]:
    """Yield the outputs of nested runs, in the order of their tasks."""
    return (output for one in deliveries for output in one.outputs)


def clash_text(deliveries: Iterable[Delivery]) -> str:
    """Return what to say of outputs of nested runs that go to one place; nothing where none do."""
    urls: dict[str, str] = {}
    clashes = 0
    first = ""
    for one in deliveries:
        for output in one.outputs:
            other = urls.setdefault(output.destination, one.run_url)
            if other != one.run_url:
                clashes += 1
                first = first or f"{output.destination}, of {other} and of {one.run_url}"
    if not clashes:
        return ""
    more = f" (and so for {clashes - 1:,} more files)" if clashes > 1 else ""
    return (
        f"sub-workflows deliver different files to one place, and one of them counts: {first}{more}"
        "\n  give an --output-dir of its own to the arguments of each job, or rename the files"
    )


def with_nested_failures(
    failures: Sequence[Mapping[str, Any]], nested: Nested
) -> tuple[Mapping[str, Any], ...]:
    """Return the failures of a summary with those of nested runs in place of their planners'.

    Shapes: a planner that failed by itself stays.
    """
    runs = {one.id: one for one in nested.runs}
    rows: list[Mapping[str, Any]] = []
    for failure in failures:
        run = runs.get(str(failure.get("id")))
        rows += (_within(run, nested) if run else ()) or (failure,)
    return tuple(rows)


def _within(run: NestedRun, nested: Nested) -> tuple[Mapping[str, Any], ...]:
    """Return what failed in a nested run; nothing where nothing is known of it."""
    summary = nested.standing(run).summary
    if summary is None or summary.state == "succeeded":
        return ()
    own = Nested(outer=nested.outer, store=nested.store, runs=run.inner, standings=nested.standings)
    return with_nested_failures(_renamed(summary.failures, run), own)


def _renamed(
    failures: Iterable[Mapping[str, Any]], run: NestedRun
) -> tuple[Mapping[str, Any], ...]:
    """Return failures under the names that tasks and arrays have outside."""
    return tuple(
        {
            **failure,
            "array": f"{run.id}/{failure.get('array')}",
            "id": failure.get("id") and f"{run.id}.{failure.get('id')}",
        }
        for failure in failures
    )


def bad_tasks(nested: Nested) -> int:
    """Return how many tasks of nested runs failed or were skipped, beyond their planners."""
    known = (nested.standing(one).summary for one in every(nested.runs))
    counts = [one.tasks.failed + one.tasks.skipped for one in known if one is not None]
    return sum(counts) - sum(map(bool, counts))
