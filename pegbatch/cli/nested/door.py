"""The one door to nested runs: their tree, how each stands, and each as a run that can be opened.

A nested run is opened as any other: its submit directory is brought from the store, below that of
the outer run, and its log is told anew (`engine.nested.remembered`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pegbatch.adapters.aws_batch import AwsBatch
from pegbatch.adapters.handed_down_folders import handed_down_folders
from pegbatch.adapters.nested_runs import bring_nested, nested_reader
from pegbatch.adapters.remembered_runs import RememberedRuns
from pegbatch.cli.choice import service_of
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun, SeenFrom, batch_caller
from pegbatch.engine.nested.looking import NestedLooker
from pegbatch.engine.nested.standing import Standing, Standings, ask_batch, nested_statuses
from pegbatch.engine.nested.tree import read_tree
from pegbatch.engine.parallel import map_parallel
from pegbatch.engine.state import RunState
from pegbatch.errors import InputError, OutsideError, StoreError, StoreUnreachable
from pegbatch.model.layout import nested_key
from pegbatch.model.nested import NestedFiles, NestedRun, NestedStatus
from pegbatch.model.plain import plain_line
from pegbatch.model.plan import Plan
from pegbatch.ports import JobState, ObjectStore

FILE_SCHEME = "file://"
WF_OUTPUT = "wf-output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """The nested runs of one run."""

    outer: OpenRun
    store: ObjectStore
    runs: tuple[NestedRun, ...] = ()
    standings: Standings = field(default_factory=dict)
    tell: Callable[[str], None] = say
    """Hears of what is odd."""

    def statuses(self) -> tuple[NestedStatus, ...]:
        """Return how they stand, in the order of their tasks."""
        return nested_statuses(self.runs, self.standings, now=self.outer.clock.now())

    def standing(self, run: NestedRun) -> Standing:
        """Return how one of them stands."""
        return self.standings.get(run.url, Standing())


def find_nested(
    run: OpenRun, store: ObjectStore, state: RunState, tell: Callable[[str], None] = say
) -> Nested:
    """Return the nested runs of a run; nobody is asked where its plan has none.

    Shapes: where Batch cannot be asked, tell hears of it, and what goes on stands as the store
    tells.
    Errors: those of the store.
    """
    if not run.plan.sub_workflows:
        return Nested(outer=run, store=store)

    def ask(runs: Sequence[NestedRun]) -> Mapping[str, Sequence[JobState]]:
        return _ask(run, state, runs, tell)

    runs, standings = NestedLooker(nested_reader).find(store, ask, run.plan, state)
    return Nested(outer=run, store=store, runs=runs, standings=standings, tell=tell)


def not_begun(plan: Plan) -> tuple[NestedStatus, ...]:
    """Return how the sub-workflows of a plan stand that was never run."""
    runs = read_tree("", plan.sub_workflows, lambda url: NestedFiles())
    return nested_statuses(runs, {}, now=0.0)


def _ask(
    run: OpenRun, state: RunState, runs: Sequence[NestedRun], tell: Callable[[str], None]
) -> Mapping[str, Sequence[JobState]]:
    service = service_of(state.service)
    if service == "local" and not (run.local_folder / "batch.db").is_file():
        return {}
    try:
        with batch_caller(run, service) as caller:
            return ask_batch(AwsBatch(caller), runs)
    except OutsideError as error:
        tell(f"pegbatch: warning: AWS Batch cannot be asked about sub-workflows: {error}")
        return {}


def open_nested(nested: Nested, run: NestedRun, outer: OpenRun) -> OpenRun:
    """Return a nested run as a run that can be looked at; outer is the one right around it.

    Errors: InputError where it has not begun, or is not whole; OutsideError; those of the store.
    """
    folder = outer.directory.path / nested_key(run.task)
    base = nested.outer.directory.base_directory()
    places = output_places(nested.outer, base)

    def tell_moved(count: int) -> None:
        nested.tell(
            f"pegbatch: {count:,} outputs of sub-workflow {plain_line(run.id)} go to {places[-1]}: "
            "only there, and where else the run itself delivers, are files put"
        )

    directory = bring_nested(
        nested.store, run, folder, base=base, places=places, on_moved=tell_moved
    )
    return OpenRun(
        directory=directory,
        plan=directory.plan(),
        runs=RememberedRuns(nested.standing(run).events),
        clock=nested.outer.clock,
        seen_from=SeenFrom(nested.outer.known_path, nested.outer.known_id(f"{run.id}.")),
    )


def output_places(run: OpenRun, base: Path) -> tuple[Path, ...]:
    """Return the folders of this machine to which a run delivers; the last for what names none.

    Shapes: the one below base that is meant where none is named, those that its plan hands down to
    sub-workflows, and those that its own outputs go to.
    """
    found = dict.fromkeys(handed_down_folders(run.directory.path))
    for output in run.directory.outputs("run:"):
        path = output.destination.removeprefix(FILE_SCHEME)
        if path != output.destination and path.endswith(f"/{output.lfn}"):
            found[Path(path.removesuffix(f"/{output.lfn}"))] = None
    return (base / WF_OUTPUT, *found)


def opened(nested: Nested) -> tuple[tuple[NestedRun, OpenRun], ...]:
    """Return every nested run that has begun, opened; each before those within it.

    Shapes: level by level, those of a level at once; one that is not whole is told of.
    Errors: those of the store.
    """
    found: list[tuple[NestedRun, OpenRun]] = []
    level = [(run, nested.outer) for run in nested.runs]
    while level:
        results = map_parallel(lambda one: _attempted(nested, *one), level)
        below = [(run, inner) for (run, _), inner in zip(level, results, strict=True) if inner]
        found += below
        level = [(one, inner) for run, inner in below for one in run.inner]
    return tuple(found)


def _attempted(nested: Nested, run: NestedRun, outer: OpenRun) -> OpenRun | None:
    """Open a nested run that has begun; None where that cannot be."""
    if run.files.plan is None or nested.standing(run).state is None:
        return None
    try:
        return open_nested(nested, run, outer)
    except StoreUnreachable:
        raise
    except (InputError, StoreError) as error:
        nested.tell(
            f"pegbatch: warning: sub-workflow {plain_line(run.id)} cannot be looked into: {error}"
        )
        return None
