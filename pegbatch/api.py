"""The Python API: plan a workflow, run it, and look at what became of it.

    import pegbatch

    run = pegbatch.plan("workflow.yml")
    run.submit()
    status = run.wait()

What the commands do is done here by the same code; nothing is printed, and what goes wrong comes
as an error of `pegbatch.errors`. What the commands would say meanwhile is logged by the logger
`pegbatch`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pegbatch.adapters.data_frames import data_frame
from pegbatch.adapters.delivery import FILE_SCHEME, destination_path
from pegbatch.cli.choice import Wishes, service_of
from pegbatch.cli.display import Display, open_display
from pegbatch.cli.looking_back import read_history
from pegbatch.cli.notebook import NotebookBar, notebook_redraw
from pegbatch.cli.options import is_url
from pegbatch.cli.plan_request import PlanRequest
from pegbatch.cli.planning import make_plan
from pegbatch.cli.restoring import known_directory, restore
from pegbatch.cli.running import begun, cancel_run, fetch, look_at, run_workflow, wait_for
from pegbatch.cli.telling import heard_by, outside_error
from pegbatch.cli.wiring import open_run, open_store
from pegbatch.emulator.settings import Runtime
from pegbatch.engine.deliveries import Output, output_sizes
from pegbatch.engine.history.failed_tasks import failed_tasks
from pegbatch.errors import Problem, UsageError
from pegbatch.model.history import History
from pegbatch.model.nested import NestedStatus
from pegbatch.model.options import CleanUpStrategy
from pegbatch.model.plan import Plan
from pegbatch.model.run_status import Failure, RunStatus
from pegbatch.report.columns import KINDS, TABLES, TableName, history_columns

__all__ = ["Failure", "History", "OutputFile", "Run", "RunStatus", "plan"]

logger = logging.getLogger("pegbatch")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """One file that a run delivers."""

    lfn: str
    url: str
    """Where it ends up."""
    path: Path | None
    """The same on this machine; None where it ends up elsewhere."""
    size_bytes: int | None
    """None where it is not there, or not yet."""


def plan(
    workflow: str | Path,
    *,
    base_dir: str | Path = ".",
    conf: str | Path | None = None,
    properties: Mapping[str, str] | None = None,
    site: str | None = None,
    output_sites: Sequence[str] = ("local",),
    output_dir: str | Path | None = None,
    staging_sites: Mapping[str, str] | None = None,
    cluster: Sequence[str] = (),
    cache: Sequence[str | Path] = (),
    reuse: Sequence[str | Path] = (),
    input_dirs: Sequence[str | Path] = (),
    inherited_rc_files: Sequence[str | Path] = (),
    cleanup: CleanUpStrategy = "inplace",
    force: bool = False,
    catalogs: bool = True,
) -> Run:
    """Plan a workflow, as `pegbatch plan` does, and return the run that it is for.

    Shapes: paths are relative to the current directory; properties stand above those of the file
    `conf` (./pegasus.properties where it is there); staging_sites maps an execution site, or `*`,
    to the site whose scratch directory holds the data.
    Errors: InputError, PlanError, OutsideError; then nothing is written.
    """
    warnings: list[Problem] = []
    request = PlanRequest(
        workflow=Path(workflow),
        conf=None if conf is None else Path(conf),
        definitions=tuple(f"{key}={value}" for key, value in (properties or {}).items()),
        base_dir=Path(base_dir),
        sites=() if site is None else (site,),
        output_sites=_words(output_sites),
        output_dir=None if output_dir is None else str(output_dir),
        staging_sites=dict(staging_sites or {}),
        cluster=_words(cluster),
        caches=_words(cache),
        reuse=_words(reuse),
        input_dirs=_words(input_dirs),
        inherited_rc_files=_words(inherited_rc_files),
        cleanup=cleanup,
        force=force,
        catalogs=catalogs,
    )
    with _quietly():
        planned = make_plan(request, warnings.extend)
    run = Run(planned.submit_dir)
    run.warnings = tuple(warnings)
    return run


class Run:
    """A planned workflow: before it runs, while it runs, and when it has ended."""

    def __init__(
        self,
        place: str | Path,
        *,
        base_dir: str | Path = ".",
        output_dir: str | Path | None = None,
        aws: bool = False,
        local: bool = False,
        wire: bool = False,
    ) -> None:
        """Open a submit directory, or the run at an s3:// or file:// URL.

        Shapes: of a run at a URL the submit directory is taken that is there below base_dir, and
        brought back where there is none, as by `pegbatch run URL`; the other options are for
        that, and have the meaning that they have there.
        Errors: InputError where there is no such thing; those of the store.
        """
        with _quietly():
            if is_url(str(place)):
                wishes = Wishes(aws=aws, local=local, wire=wire)
                place = _brought_back(str(place), wishes, Path(base_dir), output_dir)
            self._run = open_run(Path(place))
        self.warnings: tuple[Problem, ...] = ()
        """What planning found odd, where `plan` has made this run."""

    def __repr__(self) -> str:
        return f"Run({str(self.submit_dir)!r})"

    @property
    def submit_dir(self) -> Path:
        """Return the submit directory."""
        return self._run.directory.path

    @property
    def plan(self) -> Plan:
        """Return the plan: arrays, links, numbers."""
        return self._run.plan

    @property
    def url(self) -> str:
        """Return the run's URL; empty before the first submission."""
        return self._run.state().run_url

    def status(self) -> RunStatus:
        """Return where the run stands now.

        Errors: OutsideError where AWS Batch or the store cannot be asked.
        """
        with _quietly():
            return look_at(self._run).status

    def submit(
        self,
        *,
        aws: bool = False,
        local: bool = False,
        vcpus: int | None = None,
        runtime: Runtime | None = None,
        wire: bool = False,
        on_demand: bool = False,
    ) -> RunStatus:
        """Send the inputs, submit what is missing, and return: `pegbatch run --detach`.

        Errors: PlanError, RunLocked, OutsideError.
        """
        wishes = Wishes(
            aws=aws, local=local, vcpus=vcpus, runtime=runtime, wire=wire, on_demand=on_demand
        )
        with _quietly():
            return run_workflow(self._run, wishes, Display().show, detach=True).status

    def run(
        self,
        *,
        aws: bool = False,
        local: bool = False,
        vcpus: int | None = None,
        runtime: Runtime | None = None,
        wire: bool = False,
        on_demand: bool = False,
        progress: bool = False,
    ) -> RunStatus:
        """Submit what is missing, wait for the end, and fetch the outputs: `pegbatch run`.

        Shapes: with progress a bar shows how far it is, in a notebook or on stderr. A run whose
        tasks fail is no error: its status says so.
        Errors: PlanError, RunLocked, OutsideError.
        """
        wishes = Wishes(
            aws=aws, local=local, vcpus=vcpus, runtime=runtime, wire=wire, on_demand=on_demand
        )
        with self._shown(progress) as display:
            return run_workflow(self._run, wishes, display.show, detach=False).status

    def wait(self, *, progress: bool = False, at_most_seconds: float | None = None) -> RunStatus:
        """Wait for the end, whoever has submitted the run, and fetch the outputs.

        Shapes: progress as in `run`; where the time is up before the end, the status says
        `running`, and nothing is fetched.
        Errors: InputError where the run has not begun; OutsideError.
        """
        with self._shown(progress) as display:
            return wait_for(self._run, display.show, at_most_seconds=at_most_seconds).status

    def cancel(self) -> RunStatus:
        """End the run, and wait as long as AWS Batch takes to stop children.

        Errors: InputError where the run has not begun; OutsideError.
        """
        with _quietly():
            return cancel_run(self._run).status

    def fetch(self) -> tuple[str, ...]:
        """Bring outputs to this machine as far as they are made; return the LFNs that are not.

        Errors: InputError where the run has not begun; OutsideError.
        """
        with _quietly():
            return fetch(self._run).fetched.missing

    def outputs(self) -> tuple[OutputFile, ...]:
        """Return the files that the run delivers, whether they are there or not.

        Errors: InputError where the run has not begun; those of the store.
        """
        with _quietly():
            state = begun(self._run)
            store = open_store(self._run, service_of(state.service))
            known = self._run.directory.outputs(state.run_url)
            return tuple(_output_file(output, size) for output, size in output_sizes(store, known))

    def history(self) -> History:
        """Return every execution and every attempt so far.

        Errors: InputError where the plan is damaged; OutsideError.
        """
        with _quietly():
            return read_history(self._run)

    def sub_workflows(self) -> tuple[NestedStatus, ...]:
        """Return how the sub-workflows stand that are planned in the run, each with its own.

        Errors: OutsideError where AWS Batch or the store cannot be asked.
        """
        with _quietly():
            look = look_at(self._run, closely=True).look
            return () if look is None else look.sub_workflows or ()

    def failures(self, *, skipped: bool = False) -> tuple[Failure, ...]:
        """Return the tasks that have failed, then the children that were lost with their bags.

        Shapes: in plan order; with skipped, also the tasks that were not run for that, last.
        Errors: as history.
        """
        return tuple(failed_tasks(self.history(), skipped=skipped))

    def to_dataframe(self, table: TableName = "executions") -> Any:
        """Return one table of the history as a pandas data frame.

        Shapes: `executions` has a row each time a task was run or skipped, `attempts` one each
        time a child was started, `tasks` one a task; times are UTC.
        Errors: UsageError where pandas is not installed, or there is no such table; as history.
        """
        if table not in TABLES:
            raise UsageError(f"there is no table {table!r}", hint=f"one of {', '.join(TABLES)}")
        return data_frame(history_columns(self.history(), table), KINDS)

    @contextmanager
    def _shown(self, progress: bool) -> Iterator[Display]:
        """Lend what tells of changes: a bar where there is to be one, else nothing."""
        redraw = notebook_redraw() if progress else None
        if progress and redraw is None:
            with _our_errors(), open_display(self._run) as display:
                yield display
            return
        with _quietly():
            if redraw is None:
                yield Display()
            else:
                yield NotebookBar(self._run, redraw)


@contextmanager
def _quietly() -> Iterator[None]:
    """Log what commands would say, and let only our own errors out."""
    with heard_by(_log), _our_errors():
        yield


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise outside_error(error) from error


def _log(text: str) -> None:
    logger.info("%s", text.removeprefix("pegbatch: "))


def _brought_back(url: str, wishes: Wishes, base_dir: Path, output_dir: str | Path | None) -> Path:
    """Return the submit directory of a run, restored where it is gone."""
    known = known_directory(base_dir.resolve(), url.rstrip("/"))
    if known is not None:
        return known
    outputs = None if output_dir is None else Path(output_dir)
    return restore(url, wishes, base_dir=base_dir, output_dir=outputs)


def _output_file(output: Output, size_bytes: int | None) -> OutputFile:
    is_local = output.destination.startswith(FILE_SCHEME)
    path = destination_path(output) if is_local else None
    if size_bytes is None and path is not None and path.is_file():
        # The run's own copy is gone, and it is here all the same.
        size_bytes = path.stat().st_size
    return OutputFile(lfn=output.lfn, url=output.destination, path=path, size_bytes=size_bytes)


def _words(words: Sequence[str | Path]) -> tuple[str, ...]:
    """Return some words; in one text they are divided by commas, as on the command line."""
    if isinstance(words, str):
        return tuple(word.strip() for word in words.split(",") if word.strip())
    return (str(words),) if isinstance(words, Path) else tuple(map(str, words))
