"""Pegasus's `breakdown`: what the invocations of each transformation took."""

from __future__ import annotations

from pegbatch.engine.statistics.invocations import AttemptKey, invocations, key_of, run_of
from pegbatch.engine.statistics.spreads import Running
from pegbatch.model.history import Execution, History
from pegbatch.model.statistics import Ending, TransformationRow


def breakdown(history: History) -> tuple[TransformationRow, ...]:
    """Return a row for each transformation and way to end, by name, successes first.

    Shapes: a few numbers a row are kept, however many invocations there are.
    """
    waits = {
        key_of(attempt): attempt.waited_seconds
        for attempt in history.attempts
        if attempt.waited_seconds is not None
    }
    rows: dict[tuple[str, bool], _Row] = {}
    for execution, task in invocations(history):
        key = (task.transformation, execution.state == "failed")
        row = rows.get(key)
        if row is None:
            row = rows[key] = _Row()
        row.add(execution, waits)
    return tuple(
        rows[key].finished(key[0], "failed" if key[1] else "successful") for key in sorted(rows)
    )


class _Row:
    __slots__ = ("_bytes_in", "_bytes_out", "_cpu", "_last", "_memory", "_runtime", "_wait")

    def __init__(self) -> None:
        self._runtime = Running()
        self._cpu = Running()
        self._memory = Running()
        self._bytes_in = Running()
        self._bytes_out = Running()
        self._wait = Running()
        self._last: AttemptKey | None = None

    def add(self, execution: Execution, waits: dict[AttemptKey, float]) -> None:
        self._runtime.add(execution.seconds)
        self._cpu.add_known(execution.cpu_seconds)
        self._memory.add_known(execution.max_rss_mib)
        self._bytes_in.add_known(execution.bytes_in)
        self._bytes_out.add(execution.bytes_out)
        attempt = run_of(execution)
        # Executions of one attempt stand together: each wait is taken once.
        if attempt != self._last:
            self._last = attempt
            self._wait.add_known(waits.get(attempt))

    def finished(self, transformation: str, ending: Ending) -> TransformationRow:
        runtime, bytes_out = self._runtime.spread(), self._bytes_out.spread()
        assert runtime is not None and bytes_out is not None
        return TransformationRow(
            transformation=transformation,
            ending=ending,
            count=runtime.count,
            runtime_seconds=runtime,
            cpu_seconds=self._cpu.spread(),
            memory_mib=self._memory.spread(),
            bytes_in=self._bytes_in.spread(),
            bytes_out=bytes_out,
            wait_seconds=self._wait.spread(),
        )
