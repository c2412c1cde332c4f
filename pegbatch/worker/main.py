"""One child from start to end: what it is told, what it does, what it leaves, how it exits.

0: done, or failures recorded and marked. 1: the verdict is bad, or a failure under
`on_failure = stop`. 2: told nonsense. 5: the store says no, or the plan in it is not ours.
70: our own bug. 75: to be started again (a task may be tried again, SIGTERM, store unreachable).
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pegbatch.errors import EXIT_BUG, PegbatchError, StoreUnreachable, UsageError
from pegbatch.model import layout
from pegbatch.model.layout import RecordKey
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
from pegbatch.worker.history import read_files, read_if_there, record_files
from pegbatch.worker.hooks import HookRunner
from pegbatch.worker.orphans import Orphans
from pegbatch.worker.own_attempt import OwnAttempt, exit_code_of, explain
from pegbatch.worker.recorder import Recorder
from pegbatch.worker.restarts import mark_restart
from pegbatch.worker.scratch import scratch_folder
from pegbatch.worker.stage_out import StageOut
from pegbatch.worker.stop import EXIT_AGAIN, Stop
from pegbatch.worker.task import TaskRunner
from pegbatch.worker.transfers import Transfers
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
    age: Callable[[], float] = lambda: 0.0
    """For how many seconds the container has run by now."""


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
            with _at_once() as pool:
                code, text = give_verdict(around.store, child, pool)
            log.say(text)
        elif child.kind == "clean-up":
            code = 0  # whatever happens: what is left over harms nobody
            with _at_once() as pool:
                clean_up(child, CleanUpDoors(around.store, pool, around.stop, log))
        else:
            found = read_bag(around.store, child, folder)
            bag = found.number
            code = _run_bag(child, found, around, folder, log)
    except Exception as error:
        _say_why(error, log)
        code = exit_code_of(error, stopping=around.stop.asked)
        if isinstance(error, StoreUnreachable):
            # The log's last line names it; there is nowhere to put the log.
            return code
    _upload_log(child, bag, around.store, log)
    return code


def _say_why(error: Exception, log: ChildLog) -> None:
    """Say in the log how the child came to its end."""
    code, reason = explain(error)
    if code == EXIT_BUG:
        log.say("".join(traceback.format_exception(error)))
        reason = "this is a bug in pegbatch"
    log.say(reason)


def _run_bag(child: Child, bag: Bag, around: Surroundings, folder: Path, log: ChildLog) -> int:
    own = OwnAttempt(child, bag.number, around.age())
    files = record_files(around.store, child.run_url, child.base_array, bag.number)
    log.say(
        f"array {child.array} bag {bag.number} try {child.try_} attempt {child.attempt}"
        f" of {child.attempts}: {len(bag.tasks)} tasks"
    )
    mark_restart(around.store, child, bag.number, files)
    with _transfers(around.stop) as pool, _transfers(around.stop, patient=True) as saving:
        recorder = _open_recorder(child, bag.number, around.store, files, log)
        doors = _open_doors(child, bag, recorder, around, folder, log, (pool, saving))
        run = BagRun(child, bag, read_files(around.store, files), doors)
        doors.recorder.add_line(own.running())
        try:
            run.run()
        except BaseException as error:
            doors.recorder.flush_records()
            if not isinstance(error, StoreUnreachable):
                # What is recorded is saved; nothing else hangs on this.
                with suppress(PegbatchError):
                    doors.recorder.add_line(own.broken_off(error, stopping=around.stop.asked))
                    doors.recorder.flush()
            raise
        code = run.exit_code()
        doors.recorder.add_line(own.ended(code))
        doors.recorder.flush()
        run.leave_mark()
        return code


def _open_doors(
    child: Child,
    bag: Bag,
    recorder: Recorder,
    around: Surroundings,
    folder: Path,
    log: ChildLog,
    pools: tuple[Executor, Transfers],
) -> Doors:
    pool, saving = pools
    cached, aside = folder / "files", folder / "outputs"
    cached.mkdir()
    aside.mkdir()
    cache = FileCache(around.store, cached, pool, around.stop, log.say)
    key = layout.record_key(child.array, bag.number, child.try_, child.attempt)
    runner = TaskRunner(
        child=child,
        store=around.store,
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
        recorder=recorder,
        log=log,
        stop=around.stop,
        folder=folder,
        saving=saving,
    )


def _open_recorder(
    child: Child,
    bag: int,
    store: ObjectStore,
    files: Iterable[tuple[RecordKey, str]],
    log: ChildLog,
) -> Recorder:
    """Go on where this attempt stopped, should it be started again."""

    def url_of(part: int) -> str:
        key = layout.record_key(child.array, bag, child.try_, child.attempt, part)
        return child.url(key)

    own = [key.part for key, _ in files if key[2:4] == (child.try_, child.attempt)]
    part = max(own, default=1)
    earlier = read_if_there(store, url_of(part)) if own else b""
    # A line that breaks off is no record, and must not take the next one along.
    whole = earlier[: earlier.rfind(b"\n") + 1]
    return Recorder(store, url_of, log.say, part=part, earlier=whole)


def _ask(store: ObjectStore, url: str) -> None:
    """Raise StoreUnreachable where a store does not answer; whatever it says is an answer."""
    try:
        store.head(url)
    except StoreUnreachable:
        raise
    except PegbatchError:
        return


@contextmanager
def _transfers(stop: Stop, *, patient: bool = False) -> Iterator[Transfers]:
    pool = Transfers(TRANSFERS, patient=patient)
    with _shut_after(pool), stop.looking(pool.look):
        yield pool


@contextmanager
def _at_once() -> Iterator[Executor]:
    """Yield threads for who asks for much and computes nothing."""
    pool = ThreadPoolExecutor(TRANSFERS)
    with _shut_after(pool):
        yield pool


@contextmanager
def _shut_after(pool: Executor) -> Iterator[None]:
    try:
        yield
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
