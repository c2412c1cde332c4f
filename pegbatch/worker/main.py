"""One child from start to end: what it is told, what it does, what it leaves, how it exits.

0: done, or failures recorded and marked. 1: the verdict is bad, or a failure under
`on_failure = stop`. 2: told nonsense. 5: the store says no, or the plan in it is not ours.
70: our own bug. 75: to be started again (a task may be tried again, SIGTERM, store unreachable).
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pegbatch.errors import EXIT_BUG, PegbatchError, StoreUnreachable, UsageError
from pegbatch.model import layout
from pegbatch.model.records import TaskRecord
from pegbatch.ports import ObjectStore
from pegbatch.worker.aside import Aside
from pegbatch.worker.bag import Bag, read_bag
from pegbatch.worker.bagrun import BagRun, Doors
from pegbatch.worker.checkpoints import Checkpoints
from pegbatch.worker.child import Child, read_child
from pegbatch.worker.childlog import ChildLog
from pegbatch.worker.clean_up import CleanUpDoors, clean_up
from pegbatch.worker.directories import TaskDirectories
from pegbatch.worker.filecache import FileCache
from pegbatch.worker.history import read_records
from pegbatch.worker.hooks import HookRunner
from pegbatch.worker.orphans import Orphans
from pegbatch.worker.recorder import Recorder
from pegbatch.worker.scratch import scratch_folder
from pegbatch.worker.stage_out import StageOut
from pegbatch.worker.stop import EXIT_AGAIN, Stop, Stopped
from pegbatch.worker.task import TaskRunner
from pegbatch.worker.verdict import give_verdict

TRANSFERS = 16
"""Files on their way at a time; S3 answers after tens of milliseconds whatever their size."""
STDOUT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a child finds around it."""

    store: ObjectStore
    environment: Mapping[str, str]
    """The container's; tasks get it too."""
    folder: Path
    """Below this the child makes its own and removes it."""
    stop: Stop
    orphans: Orphans | None = None
    """None: what leaves a task's process group is not followed."""
    stream: int | None = STDOUT
    """Where the log goes as it comes, besides the store."""


def run_worker(words: Sequence[str], around: Surroundings) -> int:
    """Run the child that command words and environment name; return its exit code.

    Errors: none; all of them end in the log and in the code.
    """
    try:
        child = read_child(words, around.environment)
    except UsageError as error:
        sys.stderr.write(f"worker: {error}\n")
        return error.exit_code
    if child.kind == "barrier":
        return 0
    try:
        with scratch_folder(around.folder) as folder:
            return _run_logged(child, around, folder)
    except OSError as error:
        sys.stderr.write(f"worker: {around.folder}: {error}\n")
        return 0 if child.kind == "clean-up" else EXIT_AGAIN


def _run_logged(child: Child, around: Surroundings, folder: Path) -> int:
    log = ChildLog(folder / "log", around.stream)
    bag = child.index
    try:
        if child.kind == "verdict":
            with _transfers() as pool:
                code, text = give_verdict(around.store, child, pool)
            log.say(text)
        elif child.kind == "clean-up":
            code = 0  # whatever happens: what is left over harms nobody
            with _transfers() as pool:
                clean_up(child, CleanUpDoors(around.store, pool, around.stop, log))
        else:
            found = read_bag(around.store, child)
            bag = found.number
            code = _run_bag(child, found, around, folder, log)
    except Exception as error:
        code = _explain(error, log)
        if isinstance(error, StoreUnreachable):
            # The log's last line names it; there is nowhere to put the log.
            return code
        if around.stop.asked:
            # Whatever went wrong while it ended: what is not recorded is to be run again.
            code = EXIT_AGAIN
    _upload_log(child, bag, around.store, log)
    return code


def _explain(error: Exception, log: ChildLog) -> int:
    """Say in the log how the child came to its end, and return the exit code."""
    match error:
        case Stopped():
            log.say("ended by SIGTERM; what is recorded stays, the rest is to be run again")
            return EXIT_AGAIN
        case StoreUnreachable():
            log.say(f"the store cannot be reached: {error}")
            return EXIT_AGAIN
        case PegbatchError():
            log.say(str(error))
            return error.exit_code
        case OSError():
            log.say(f"this machine: {error}; another may do better")
            return EXIT_AGAIN
        case _:
            log.say("".join(traceback.format_exception(error)))
            log.say("this is a bug in pegbatch")
            return EXIT_BUG


def _run_bag(child: Child, bag: Bag, around: Surroundings, folder: Path, log: ChildLog) -> int:
    records = read_records(around.store, child.run_url, child.base_array, bag.number)
    log.say(
        f"array {child.array} bag {bag.number} try {child.try_} attempt {child.attempt}"
        f" of {child.attempts}: {len(bag.tasks)} tasks"
    )
    with _transfers() as pool, _transfers() as saving:
        doors = _open_doors(child, bag, records, around, folder, log, (pool, saving))
        run = BagRun(child, bag, records, doors)
        try:
            run.run()
        finally:
            doors.recorder.flush()
        return run.finish()


def _open_doors(
    child: Child,
    bag: Bag,
    records: Sequence[TaskRecord],
    around: Surroundings,
    folder: Path,
    log: ChildLog,
    pools: tuple[Executor, Executor],
) -> Doors:
    pool, saving = pools
    cached, aside = folder / "files", folder / "outputs"
    cached.mkdir()
    aside.mkdir()
    cache = FileCache(around.store, cached, pool, around.stop, log.say)
    key = layout.record_key(child.array, bag.number, child.try_, child.attempt)
    own = [r for r in records if (r.try_, r.attempt) == (child.try_, child.attempt)]
    runner = TaskRunner(
        child=child,
        cache=cache,
        checkpoints=Checkpoints(child, around.store, pool, around.stop, log),
        hooks=HookRunner(
            child=child,
            stop=around.stop,
            log=log,
            environment=around.environment,
            orphans=around.orphans,
        ),
        stage_out=StageOut(child, around.store, pool, around.stop),
        stop=around.stop,
        log=log,
        environment=around.environment,
        directories=TaskDirectories(folder),
        aside=Aside(aside),
        orphans=around.orphans,
        probe=partial(_ask, around.store, child.url(key)),
    )
    return Doors(
        store=around.store,
        cache=cache,
        runner=runner,
        recorder=Recorder(around.store, child.url(key), log.say, own),
        log=log,
        stop=around.stop,
        folder=folder,
        saving=saving,
    )


def _ask(store: ObjectStore, url: str) -> None:
    """Raise StoreUnreachable where a store does not answer; whatever it says is an answer."""
    try:
        store.head(url)
    except StoreUnreachable:
        raise
    except PegbatchError:
        return


@contextmanager
def _transfers() -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(TRANSFERS)
    try:
        yield pool
    finally:
        # A transfer that hangs must not keep the child from ending.
        pool.shutdown(wait=False, cancel_futures=True)


def _upload_log(child: Child, bag: int, store: ObjectStore, log: ChildLog) -> None:
    key = layout.log_key(child.array, bag, child.try_, child.attempt)
    log.close()
    try:
        store.upload(log.path, child.url(key))
    except PegbatchError as error:
        log.say(f"the log cannot be put: {error}")


def leave(code: int) -> None:
    """Exit; at once where transfers may still hang."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    if code == EXIT_AGAIN:
        os._exit(code)
    sys.exit(code)
