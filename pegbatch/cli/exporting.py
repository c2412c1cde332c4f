"""The use case behind `pegbatch statistics --export-wfformat`: a run as a trace."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from pegbatch.adapters.files import write_pieces
from pegbatch.cli.choice import service_of
from pegbatch.cli.nested.tracing import joined_graph, traced_runs
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun, open_store
from pegbatch.engine.statistics.file_sizes import output_sizes_on_record, with_implied_sizes
from pegbatch.engine.statistics.overall import busy_seconds
from pegbatch.model.history import History
from pegbatch.model.trace import Trace, TracedTask
from pegbatch.planner.cycles import children_of
from pegbatch.report.wfformat import wfformat_pieces


def export_wfformat(run: OpenRun, history: History, path: Path) -> None:
    """Write a run as an instance of WfFormat, and say what is missing in it.

    Errors: InputError for a damaged plan; OutsideError where the file cannot be written; those of
    the store.
    """
    write_pieces(path, wfformat_pieces(_trace(run, history)))
    done = sum(one.state == "succeeded" for one in history.newest.values())
    total = len(history.tasks)
    missing = f"; {total - done:,} of {total:,} tasks have not succeeded" if done < total else ""
    say(f"pegbatch: wrote {path}{missing}")


def _trace(run: OpenRun, history: History) -> Trace:
    runs = traced_runs(run, history)

    def tasks() -> Iterator[TracedTask]:
        return chain.from_iterable(one.tasks(history) for one in runs)

    graph = joined_graph(runs, history)
    offsets, children = children_of(graph)
    sizes = {lfn: size for one in runs for lfn, size in one.upload_sizes(history).items()}
    if history.started is not None:
        store = open_store(run, service_of(history.status.service))
        of_ids = {one.id: one for one in runs}
        sizes |= output_sizes_on_record(
            store, history, lambda scope, lfn, url: of_ids[scope].file(lfn, url)
        )
    return Trace(
        history=history,
        tasks=tasks,
        parents=graph.parents_of,
        children=lambda task: children[offsets[task] : offsets[task + 1]],
        sizes=with_implied_sizes(sizes, tasks(), history),
        makespan_seconds=busy_seconds(history),
        created=run.clock.now(),
        version=version("pegbatch"),
    )
