"""Following logs while children run: what is new in each look, over all attempts of a child."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pegbatch.engine.logs.places import SubmittedArray, batch_logs
from pegbatch.model.logs import AttemptLog
from pegbatch.ports import JobState, LogService


@dataclass(frozen=True, slots=True)
class Said:
    """What an attempt has said since the last look."""

    log: AttemptLog
    block: bytes
    """Whole lines; empty where the attempt has only begun, or ended."""


@dataclass(slots=True)
class ChildFollower:
    """One child, from whatever it has said to its end."""

    array: SubmittedArray
    bag: int
    streams: LogService
    _tokens: dict[int, str] = field(default_factory=dict)
    """By attempt: where its next page begins."""
    _begun: set[int] = field(default_factory=set)
    _closed: set[int] = field(default_factory=set)
    """Attempts that are shown from elsewhere."""

    def look(self, job: JobState) -> Iterator[Said]:
        """Yield what is new; the first of each attempt has an empty block."""
        for log in batch_logs(self.array, self.bag, job):
            if log.attempt in self._closed:
                continue
            if log.attempt not in self._begun:
                self._begun.add(log.attempt)
                yield Said(log, b"")
            yield from self._read(log)

    def close(self, attempt: int) -> None:
        """Leave an attempt out from now on."""
        self._closed.add(attempt)

    def _read(self, log: AttemptLog) -> Iterator[Said]:
        while True:
            token = self._tokens.get(log.attempt)
            page = self.streams.page(log.stream, group=log.group, token=token)
            if page is None:
                return
            self._tokens[log.attempt] = page.token
            if page.lines:
                text = b"".join(line.text.encode("utf-8", "replace") + b"\n" for line in page.lines)
                yield Said(log, text)
            if page.token == token:
                return
