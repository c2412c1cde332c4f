"""`--wire`: a run whose data goes over the S3 protocol to the embedded AWS."""

from __future__ import annotations

import shlex
from functools import cache
from pathlib import Path

from pegbatch.adapters.clock import SystemClock
from pegbatch.adapters.store import Store
from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.adapters.wire_buckets import bucket_names, make_buckets
from pegbatch.cli.choice import Service, Wishes
from pegbatch.cli.telling import say
from pegbatch.emulator.moto_process import check_installed
from pegbatch.engine.state import RunState
from pegbatch.errors import StoreError, UsageError
from pegbatch.model.layout import WORKER_KEY, join_url


def choose_wire(wishes: Wishes, service: Service, state: RunState) -> bool:
    """Tell whether a run goes over the wire; one that has begun stays where it is.

    Errors: UsageError where the option contradicts the run; OutsideError where moto is missing.
    """
    if state.started is None:
        chosen = wishes.wire
    elif wishes.wire and not state.wire:
        raise UsageError("this run has begun without --wire; plan again to run it so")
    else:
        chosen = state.wire
    if chosen and service == "aws":
        raise UsageError("--wire is for the embedded AWS; leave it out on Amazon, or add --local")
    if chosen:
        check_installed()
    return chosen


def prepare_buckets(
    url: str, directory: SubmitDirectory, staging_url: str, state: RunState, store: Store
) -> None:
    """Make the buckets that a run names where they are missing, and say so if data was lost."""
    outputs = directory.outputs(state.run_url or staging_url)
    urls = (place for output in outputs for place in (output.url, output.destination))
    make_buckets(url, bucket_names((staging_url, *urls)), SystemClock())
    if state.uploaded and not _is_there(store, join_url(state.run_url, WORKER_KEY)):
        tell_lost(directory.path, ended=state.outcome is not None)


@cache
def tell_lost(submit_dir: Path, *, ended: bool) -> None:
    """Say, once, that the objects of a run are gone."""
    cancel = f"pegbatch cancel {shlex.quote(str(submit_dir))}"
    advice = (
        "counts and outputs are those that are known without them"
        if ended
        else f"it cannot go on: `{cancel}`; `pegbatch run` then does all again"
    )
    say(
        "pegbatch: with --wire objects live in the memory of the embedded AWS, which has ended "
        f"since; those of this run are lost: {advice}"
    )


def _is_there(store: Store, url: str) -> bool:
    try:
        store.head(url)
    except StoreError:
        return False
    return True
