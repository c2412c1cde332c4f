"""Looking at nested runs again and again: what has succeeded is not asked about any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pegbatch.engine.nested.standing import (
    AskBatch,
    Standing,
    find_standings,
    nested_statuses,
)
from pegbatch.engine.nested.tree import ReadRun, read_tree
from pegbatch.engine.state import RunState
from pegbatch.model.nested import NestedFiles, NestedRun, NestedStatus, every
from pegbatch.model.plan import Plan
from pegbatch.ports import ObjectStore

ReaderOf = Callable[[ObjectStore, Callable[[str], NestedFiles | None]], ReadRun]
"""A store, and what was read of a run the last time, to what reads nested runs in it."""


class NestedLooker:
    """Looks at the nested runs of one run."""

    def __init__(self, reader_of: ReaderOf) -> None:
        """Start with nothing."""
        self._reader_of = reader_of
        self._read: dict[str, NestedFiles] = {}
        self._settled: dict[str, Standing] = {}

    def look(
        self, store: ObjectStore, ask: AskBatch, plan: Plan, state: RunState, *, now: float
    ) -> tuple[NestedStatus, ...]:
        """Return how the nested runs of a run stand, those within them included.

        Units: now is in seconds since the epoch.
        Errors: those of store and Batch.
        """
        runs, standings = self.find(store, ask, plan, state)
        return nested_statuses(runs, standings, now=now)

    def find(
        self, store: ObjectStore, ask: AskBatch, plan: Plan, state: RunState
    ) -> tuple[tuple[NestedRun, ...], dict[str, Standing]]:
        """Return the tree of nested runs, and how each stands by its URL.

        Errors: those of store and Batch.
        """
        if state.started is None:
            return read_tree("", plan.sub_workflows, lambda url: NestedFiles()), {}
        ask_store = self._reader_of(store, self._read.get)

        def read(url: str) -> NestedFiles:
            return self._read[url] if url in self._settled else _fitting(ask_store(url), state)

        runs = read_tree(state.run_url, plan.sub_workflows, read)
        standings = find_standings(runs, store, ask, outer=state.outcome, settled=self._settled)
        for one in every(runs):
            self._read[one.url] = one.files
            standing = standings.get(one.url)
            if standing and standing.state and standing.state.outcome == "succeeded":
                self._settled[one.url] = standing
        return runs, standings


def _fitting(files: NestedFiles, outer: RunState) -> NestedFiles:
    """Return what was read, looked for where the outer run is: nested runs are nowhere else."""
    known = files.known
    if known is None:
        return files
    if known.service != outer.service:
        return NestedFiles(trouble=f"it says that it runs elsewhere ({known.service})")
    return replace(files, known=replace(known, wire=outer.wire))
