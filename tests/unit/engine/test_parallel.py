"""Doing one thing to many items at once."""

from __future__ import annotations

from contextvars import ContextVar

from pegbatch.engine.parallel import make_calls, map_parallel

LISTENER: ContextVar[str] = ContextVar("listener", default="nobody")


def test_threads_know_who_listens_to_the_caller() -> None:
    heard: list[str] = []
    token = LISTENER.set("a notebook")
    try:
        assert set(map_parallel(lambda item: LISTENER.get(), range(200))) == {"a notebook"}
        make_calls(lambda item: heard.append(LISTENER.get()), range(20))
    finally:
        LISTENER.reset(token)
    assert heard == ["a notebook"] * 20
