"""The use case at the end of a run: its outputs go into a replica catalog, once a try."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from pegbatch.adapters.registered_files import output_catalog, write_registered
from pegbatch.cli.nested.deliveries import Delivery
from pegbatch.cli.wiring import OpenRun
from pegbatch.engine.registration import registered_files
from pegbatch.engine.state import RunState
from pegbatch.ports import ObjectStore


def register_outputs(
    run: OpenRun, state: RunState, store: ObjectStore, nested: Iterable[Delivery] = ()
) -> None:
    """Register what the run has made, where it has ended and nobody has done so yet.

    Shapes: nested is what runs within it have made.
    Errors: OutsideError where store or catalog do not answer; InputError for a catalog that
    cannot be added to.
    """
    if state.outcome is None or _is_done(run):
        return
    outputs = run.directory.outputs(state.run_url)
    known = [registered_files(store, state.run_url, outputs)]
    known += [registered_files(store, one.run_url, one.outputs) for one in nested]
    files = tuple(chain.from_iterable(known))
    if files:
        named = output_catalog(run.plan.properties, Path.cwd())
        write_registered(run.directory.path, named, files)
    run.journal().put("registered", files=len(files))


def _is_done(run: OpenRun) -> bool:
    kinds = [event.kind for event in run.runs.events() if event.kind in ("finished", "registered")]
    return bool(kinds) and kinds[-1] == "registered"
