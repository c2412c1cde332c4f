"""When a run goes over the wire, and when saying so makes no sense."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pegbatch.cli.choice import Service, Wishes
from pegbatch.cli.wire import choose_wire
from pegbatch.engine.array_states import ArrayStates
from pegbatch.engine.state import RunState
from pegbatch.errors import UsageError

NEW = RunState(arrays=ArrayStates())
BEGUN = replace(NEW, started=1.0, service="local")


@pytest.mark.parametrize(
    ("state", "asked", "chosen"),
    [
        (NEW, False, False),
        (NEW, True, True),
        (BEGUN, False, False),
        (replace(BEGUN, wire=True), False, True),
        (replace(BEGUN, wire=True), True, True),
    ],
)
def test_a_run_stays_where_it_began(state: RunState, asked: bool, chosen: bool) -> None:
    assert choose_wire(Wishes(wire=asked), "local", state) is chosen


@pytest.mark.parametrize(
    ("state", "service", "words"),
    [(BEGUN, "local", "has begun without"), (NEW, "aws", "for the embedded AWS")],
)
def test_the_option_must_fit_the_run(state: RunState, service: Service, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        choose_wire(Wishes(wire=True), service, state)
