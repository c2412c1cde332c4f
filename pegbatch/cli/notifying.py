"""Telling who wants to know: the first failure of a try, and how it has ended.

Whoever watches the run tells, `run` or `wait`: each kind once in a try, since the event is in the
log before anything is sent. Who cannot be told is a warning; the run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pegbatch.adapters.notices import post, publish
from pegbatch.cli.choice import service_of
from pegbatch.cli.nested.deliveries import with_nested_failures
from pegbatch.cli.nested.door import find_nested
from pegbatch.cli.recipients import Recipients, recipients
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun, held, open_store
from pegbatch.engine.context import Context
from pegbatch.engine.findings import look_up, read_summary
from pegbatch.engine.looking.first_failure import find_first_failure
from pegbatch.engine.looking.status import build_status
from pegbatch.engine.state import RunState
from pegbatch.errors import InputError, OutsideError
from pegbatch.model.notify import Notice, NoticeKind, NotifyOptions
from pegbatch.ports import ObjectStore
from pegbatch.report.notices import failure_notice, verdict_notice

LOOK_SECONDS = {"local": 1.0, "aws": 30.0}
"""At least so long between two looks for a failure."""


@dataclass(slots=True)
class Notifier:
    """Who is told of one run; looks for its first failure while it is watched."""

    run: OpenRun
    to: Recipients
    _due: float = field(default=0.0)

    def look(self, context: Context) -> None:
        """Look, at a pace, whether something has failed, and tell of it."""
        state = context.state
        if not (context.journal.writes and self._wants("first-failure", state)):
            return
        now = context.ports.clock.now()
        if now < self._due or state.started is None or state.outcome is not None:
            return
        self._due = now + LOOK_SECONDS[service_of(state.service)]
        try:
            self._tell_failure(context.ports.store, state)
        except OutsideError:
            return  # the run itself meets the same, and says so

    def tell_end(self, state: RunState) -> None:
        """Tell how a try has ended, and of a failure that nobody was told of; holds the lock."""
        if state.outcome is None or not any(self._wants(kind, state) for kind in _KINDS):
            return
        store = open_store(self.run, service_of(state.service))
        failures = () if state.outcome == "succeeded" else self._failures(store, state)
        if state.outcome == "failed" and self._wants("first-failure", state):
            failed = [row for row in failures if row.get("state") == "failed"]
            if failed:
                self._tell_row(state, failed[0])
            else:
                self._tell_failure(store, state)
        if self._wants("verdict", state):
            findings = look_up(store, state)
            status = build_status(self.run.plan, state, findings, now=self.run.clock.now())
            place = str(self.run.directory.path)
            self._send("verdict", verdict_notice(status, failures, place))

    def _failures(self, store: ObjectStore, state: RunState) -> Sequence[Mapping[str, Any]]:
        """Return the first failures, those of sub-workflows among them."""
        summary = read_summary(store, state)
        if summary is None:
            return ()
        return with_nested_failures(summary.failures, find_nested(self.run, store, state))

    def _wants(self, kind: NoticeKind, state: RunState) -> bool:
        return self.to.anybody and kind in self.to.options.kinds and kind not in state.notified

    def _tell_failure(self, store: ObjectStore, state: RunState) -> None:
        found = find_first_failure(store, state)
        if found is not None:
            row = {"array": found.array, "bag": found.bag, "id": found.task}
            self._tell_row(state, {**row, "reason": found.reason})

    def _tell_row(self, state: RunState, row: Mapping[str, Any]) -> None:
        """Tell of a failure, as a summary has one."""
        place = str(self.run.directory.path)
        notice = failure_notice(self.run.plan.workflow, state.run_url, row, place)
        self._send("first-failure", notice)

    def _send(self, kind: NoticeKind, notice: Notice) -> None:
        self.run.journal().put("notified", what=kind)
        for complaint in filter(None, self._sent(notice)):
            say(f"pegbatch: warning: not told of the {kind.replace('-', ' ')}: {complaint}")

    def _sent(self, notice: Notice) -> Iterator[str]:
        options: NotifyOptions = self.to.options
        if options.topic:
            yield publish(options.topic, options.region, notice, self.run.clock)
        if self.to.webhook:
            yield post(self.to.webhook, notice)


_KINDS: tuple[NoticeKind, ...] = ("first-failure", "verdict")


def open_notifier(run: OpenRun) -> Notifier:
    """Return who is told of a run; nobody, with a warning, where that cannot be read."""
    try:
        return Notifier(run, recipients(run))
    except InputError as error:
        _say_once(f"pegbatch: warning: nobody is told of this run: {error}")
        return Notifier(run, Recipients(options=NotifyOptions()))


@cache
def _say_once(text: str) -> None:
    say(text)


def watched(on_change: Callable[[Context], None], notifier: Notifier) -> Callable[[Context], None]:
    """Return what is done at each change of a run: what was done, and the notifier's look."""

    def both(context: Context) -> None:
        on_change(context)
        notifier.look(context)

    return both


def tell_end(run: OpenRun) -> None:
    """Tell how a run has ended; not where another process is at it, which does.

    Shapes: one that was told of is not asked about again.
    """
    state = run.state()
    if state.outcome is None or "verdict" in state.notified:
        return
    with held(run) as alone:
        if alone:
            _tell(open_notifier(run), run.state())


def _tell(notifier: Notifier, state: RunState) -> None:
    try:
        notifier.tell_end(state)
    except OutsideError as error:
        say(f"pegbatch: warning: nobody was told of the end: {error.problems[0].message}")
