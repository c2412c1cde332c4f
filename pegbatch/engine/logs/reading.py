"""Reading logs wherever they lie: one, or many at once and in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from pegbatch.engine.logs.texts import CHUNK_BYTES, stored_chunks, stream_blocks, whole_lines
from pegbatch.engine.parallel import map_parallel
from pegbatch.errors import ObjectMissing
from pegbatch.model.logs import AttemptLog
from pegbatch.ports import LogService, ObjectStore


@dataclass(frozen=True, slots=True)
class LogReader:
    """Reads logs from the store or from CloudWatch."""

    store: ObjectStore
    streams: Callable[[], LogService]
    """Connects when it is called."""

    def blocks(self, log: AttemptLog) -> Iterator[bytes]:
        """Yield one log in blocks of whole lines."""
        return whole_lines(self._chunks(log, b""))

    def many(self, logs: Iterable[AttemptLog]) -> Iterator[tuple[AttemptLog, Iterator[bytes]]]:
        """Yield logs in their order, each with its blocks; the next ones are fetched meanwhile.

        Shapes: of each log at most CHUNK_BYTES are held before its turn; blocks are drawn before
        the next log is.
        """
        for log, head in map_parallel(self._head, logs):
            yield log, whole_lines(self._chunks(log, head))

    def _head(self, log: AttemptLog) -> tuple[AttemptLog, bytes]:
        if not log.url or not log.size_bytes:
            return log, b""
        try:
            return log, self.store.read(log.url, length=min(CHUNK_BYTES, log.size_bytes))
        except ObjectMissing:
            return log, b""

    def _chunks(self, log: AttemptLog, head: bytes) -> Iterator[bytes]:
        if not log.url:
            return stream_blocks(self.streams(), log.stream, log.group)
        rest = stored_chunks(self.store, log.url, log.size_bytes, start=len(head))
        return chain((head,) if head else (), rest)
