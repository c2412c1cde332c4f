"""Which hooks wait for what, and what they are told."""

from __future__ import annotations

import pytest

from pegbatch.model.hooks import EVENTS, Happening, Hook, hook_environment, hooks_for

EACH = tuple(Hook(event, f"run-{event}") for event in EVENTS)


@pytest.mark.parametrize(
    ("happening", "expected"),
    [
        ("start", [("start", "run-start"), ("start", "run-all")]),
        ("success", [("on_success", "run-success"), ("at_end", "run-end"), ("at_end", "run-all")]),
        ("error", [("on_error", "run-error"), ("at_end", "run-end"), ("at_end", "run-all")]),
    ],
)
def test_a_happening_starts_the_hooks_that_wait_for_it(
    happening: Happening, expected: list[tuple[str, str]]
) -> None:
    assert list(hooks_for(EACH, happening)) == expected


def test_the_variables_are_those_of_pegasus_and_the_status_comes_with_the_end() -> None:
    told = hook_environment("start", now=86400.5, submit_dir="/d", run="w-1", job="j")
    assert told == {
        "PEGASUS_EVENT": "start",
        "PEGASUS_EVENT_TIMESTAMP": "86400",
        "PEGASUS_EVENT_TIMESTAMP_ISO": "1970-01-02T00:00:00+00:00",
        "PEGASUS_SUBMIT_DIR": "/d",
        "PEGASUS_WFID": "w-1",
        "PEGASUS_JOBID": "j",
    }
    ended = hook_environment("at_end", now=0, submit_dir="/d", run="w", job="j", status=3)
    assert ended["PEGASUS_STATUS"] == "3"
