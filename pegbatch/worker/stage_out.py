"""A task's outputs: looked at once it has succeeded, and put only if all of them are there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import suppress
from pathlib import Path

from pegbatch.errors import PegbatchError, StoreUnreachable
from pegbatch.model.manifest import FileUse
from pegbatch.model.records import StoredOutput
from pegbatch.ports import ObjectInfo, ObjectStore
from pegbatch.worker.child import Child
from pegbatch.worker.stage_in import Trouble, is_ours
from pegbatch.worker.stop import Stop


def find_outputs(
    outputs: Iterable[FileUse], directory: Path
) -> tuple[tuple[FileUse, ...], Trouble | None]:
    """Return the outputs that were made, and what is wrong where one should have been."""
    made: list[FileUse] = []
    wrong: list[str] = []
    for use in outputs:
        flaw = _flaw(f"{directory}/{use.lfn}")
        if flaw is None:
            made.append(use)
        elif not (use.optional and flaw == _NOT_MADE):
            wrong.append(f"output {use.lfn} {flaw}")
    return tuple(made), Trouble("failed", "\n".join(wrong)) if wrong else None


class StageOut:
    """Puts outputs, several at a time."""

    def __init__(self, child: Child, store: ObjectStore, pool: Executor, stop: Stop) -> None:
        """Take the doors."""
        self._child = child
        self._store = store
        self._pool = pool
        self._stop = stop

    def put(
        self, outputs: Sequence[FileUse], paths: Mapping[str, Path], *, beside: bool = False
    ) -> tuple[tuple[StoredOutput, ...], Trouble | None]:
        """Put each output at its URL and where else it is delivered.

        What other tasks read is put last: a task whose delivery failed leaves nothing for them.
        Shapes: paths by LFN; beside other tasks it is done in the caller's thread where one place
        is all, and a stop does not break it off.
        Errors: StoreUnreachable where another attempt may do better; Stopped.
        """
        inner = [use for use in outputs if is_ours(use)]
        outer = [use for use in outputs if not is_ours(use)]
        copies = [(use, url) for use in outputs for url in use.deliver]
        try:
            found = self._put_all([*copies, *((use, use.url) for use in outer)], paths, beside)
            found.update(self._put_all([(use, use.url) for use in inner], paths, beside))
        except PegbatchError as error:
            self._take_back(inner)
            unreachable = isinstance(error, StoreUnreachable)
            if unreachable and not self._child.last_attempt:
                raise
            return (), Trouble("failed", f"outputs cannot be put: {error}", unreachable)
        return tuple(_stored(self._child, use, found[use.lfn, use.url]) for use in outputs), None

    def _put_all(
        self, places: Sequence[tuple[FileUse, str]], paths: Mapping[str, Path], beside: bool
    ) -> dict[tuple[str, str], ObjectInfo]:
        if beside and len(places) == 1:
            use, url = places[0]
            return {(use.lfn, url): self._store.upload(paths[use.lfn], self._child.url(url))}
        futures: dict[tuple[str, str], Future[ObjectInfo]] = {
            (use.lfn, url): self._pool.submit(
                self._store.upload, paths[use.lfn], self._child.url(url)
            )
            for use, url in places
        }
        result = Future[ObjectInfo].result if beside else self._stop.wait_for
        try:
            return {key: result(future) for key, future in futures.items()}
        except PegbatchError:
            for future in futures.values():
                future.cancel()
            wait(futures.values())
            raise

    def _take_back(self, outputs: Iterable[FileUse]) -> None:
        # Best effort: where the store does not answer, the child fails as a whole anyway.
        with suppress(PegbatchError):
            self._store.delete(self._child.url(use.url) for use in outputs)


_NOT_MADE = "was not made"


def _flaw(path: str) -> str | None:
    """Say what keeps a file from being an output; a link to a file is one."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a Path each takes longer than the call
    except FileNotFoundError:
        return "is a link to nothing" if Path(path).is_symlink() else _NOT_MADE
    except OSError as error:
        return f"cannot be looked at: {error.strerror}"
    if stat.S_ISDIR(mode):
        return "is a directory; list its files as outputs, or pack them into one"
    return None if stat.S_ISREG(mode) else "is not a regular file"


def _stored(child: Child, use: FileUse, info: ObjectInfo) -> StoredOutput:
    return StoredOutput(
        lfn=use.lfn,
        url=child.url(use.url),
        size_bytes=info.size_bytes,
        sha256=info.sha256 or "",
    )


def urls_of(child: Child, outputs: Iterable[FileUse]) -> Iterator[tuple[str, FileUse]]:
    """Yield each output with its absolute URL."""
    for use in outputs:
        yield child.url(use.url), use
