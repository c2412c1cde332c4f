"""Checkpoint files: what a task that did not succeed has saved, for its next try.

They help, and nothing hangs on them: whatever goes wrong with one is told in the log.
"""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path

from pegbatch.errors import ObjectMissing, PegbatchError
from pegbatch.model.manifest import FileUse, TaskLine
from pegbatch.ports import ObjectStore
from pegbatch.worker.child import Child
from pegbatch.worker.childlog import ChildLog
from pegbatch.worker.stop import Stop


class Checkpoints:
    """Fetches and saves the checkpoint files of a child's tasks."""

    def __init__(
        self, child: Child, store: ObjectStore, pool: Executor, stop: Stop, log: ChildLog
    ) -> None:
        """Take the doors."""
        self._child = child
        self._store = store
        self._pool = pool
        self._stop = stop
        self._log = log

    def fetch(self, task: TaskLine, directory: Path) -> frozenset[str]:
        """Lay down what an earlier try saved; return the LFNs that were there.

        Errors: Stopped.
        """
        return frozenset(use.lfn for use in task.checkpoints if self._fetch(use, directory))

    def save(self, task: TaskLine, directory: Path) -> None:
        """Put the checkpoint files that the task has written, even while the child must end."""
        for use in task.checkpoints:
            path = directory / use.lfn
            if not path.is_file():
                continue
            try:
                self._store.upload(path, self._child.url(use.url))
            except PegbatchError as error:
                self._log.say(f"checkpoint file {use.lfn} not saved: {error}")
            else:
                self._log.say(f"checkpoint file {use.lfn} saved")

    def _fetch(self, use: FileUse, directory: Path) -> bool:
        path = directory / use.lfn
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            future = self._pool.submit(
                self._store.download, self._child.url(use.url), path, verify=self._child.integrity
            )
            self._stop.wait_for(future)
        except ObjectMissing:
            return False
        except (PegbatchError, OSError) as error:
            self._log.say(f"checkpoint file {use.lfn} cannot be used: {error}")
            return False
        self._log.say(f"checkpoint file {use.lfn} is there, from an earlier try")
        return True
