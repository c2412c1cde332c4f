"""A task's inputs, under their LFNs in its directory; or why it cannot or need not run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pegbatch.errors import ObjectMissing, PegbatchError, StoreUnreachable
from pegbatch.model.manifest import FileUse
from pegbatch.worker.child import Child
from pegbatch.worker.filecache import FileCache, Source

TroubleState = Literal["failed", "skipped"]
TROUBLE_STATES: tuple[TroubleState, ...] = ("skipped", "failed")
"""In the order in which they count: a failed parent explains whatever else is wrong."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a task did not run, or did not count."""

    state: TroubleState
    reason: str
    unreachable: bool = False
    """A store did not answer, in the last attempt."""


@dataclass(frozen=True, slots=True)
class StagedIn:
    """What a task was given."""

    size_bytes: int
    """Of its inputs, each time it reads one."""
    trouble: Trouble | None
    """None where all are there."""


def source_of(child: Child, use: FileUse) -> Source:
    """Return where an input comes from."""
    return Source(
        url=child.url(use.url),
        sha256=use.sha256,
        ours=is_ours(use),
        executable=use.executable,
        others=tuple(child.url(url) for url in use.others),
        verify=child.integrity,
    )


def is_ours(use: FileUse) -> bool:
    """Say whether a file lies below the run's URL, so that a task of this run has made it."""
    return "://" not in use.url


def stage_in(
    child: Child, inputs: Iterable[FileUse], cache: FileCache, directory: Path
) -> StagedIn:
    """Lay all inputs down; say what is wrong with those that cannot be.

    Errors: StoreUnreachable where another attempt may do better; Stopped.
    """
    uses = tuple(inputs)
    for use in uses:
        cache.request(source_of(child, use))
    placed = [_place(child, use, cache, directory / use.lfn) for use in uses]
    troubles = [one for one in placed if isinstance(one, Trouble)]
    size_bytes = sum(one for one in placed if isinstance(one, int))
    return StagedIn(size_bytes, _united(troubles) if troubles else None)


def _united(troubles: Sequence[Trouble]) -> Trouble:
    """Return what is wrong with several inputs as one trouble."""
    state = next(one for one in TROUBLE_STATES if any(t.state == one for t in troubles))
    reasons = [trouble.reason for trouble in troubles if trouble.state == state]
    unreachable = any(trouble.unreachable for trouble in troubles)
    return Trouble(state, "\n".join(reasons), unreachable)


def _place(child: Child, use: FileUse, cache: FileCache, target: Path) -> Trouble | int:
    """Lay one input down; return its size."""
    try:
        return cache.place(source_of(child, use), target)
    except ObjectMissing as error:
        if use.optional:
            return 0
        return Trouble("skipped" if is_ours(use) else "failed", f"input {use.lfn}: {error}")
    except PegbatchError as error:
        unreachable = isinstance(error, StoreUnreachable)
        if unreachable and not child.last_attempt:
            raise
        return Trouble("failed", f"input {use.lfn}: {error}", unreachable)
