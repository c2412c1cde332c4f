"""Sizes of the files of a run: of its outputs from records, of its inputs as far as they follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pegbatch.engine.registration import made_by
from pegbatch.model.history import History
from pegbatch.model.trace import TracedTask
from pegbatch.ports import ObjectStore


def output_sizes_on_record(
    store: ObjectStore, history: History, name: Callable[[str, str, str], str]
) -> dict[str, int]:
    """Return the sizes of what tasks have put, by the names that files go by.

    Shapes: name takes the id of the run within (empty: the run itself), LFN and URL. One LIST an
    array, one GET a records file, in parallel.
    Errors: those of the store.
    """
    urls = history.run_urls
    return {
        name(scope, made.lfn, made.url): made.size_bytes
        for job in history.jobs
        if job.kind == "compute"
        for scope, _, array in (job.name.rpartition("/"),)
        for made in made_by(store, urls[scope], array)
    }


def with_implied_sizes(
    known: Mapping[str, int], tasks: Iterable[TracedTask], history: History
) -> dict[str, int]:
    """Add sizes that follow: of the one input that is not known, from what its task was given."""
    sizes = dict(known)
    for task in tasks:
        newest = history.newest.get(task.id)
        if newest is None or newest.bytes_in is None or newest.state != "succeeded":
            continue
        unknown = [lfn for lfn in task.inputs if lfn not in sizes]
        if len(unknown) == 1:
            rest = newest.bytes_in - sum(sizes[lfn] for lfn in task.inputs if lfn in sizes)
            if rest >= 0:
                sizes[unknown[0]] = rest
    return sizes
