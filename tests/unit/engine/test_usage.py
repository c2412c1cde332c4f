from __future__ import annotations

import pytest

from pegbatch.engine.statistics.usage import usage_of
from tests.invented_histories import invented_history
from tests.sketched_histories import STARTED


def test_the_areas_below_the_curves_are_what_was_taken_and_used() -> None:
    history = invented_history(levels=3, children=50)
    usage = usage_of(history, now=STARTED)
    taken = sum(2 * attempt.seconds for attempt in history.attempts)
    used = sum(one.cpu_seconds or 0 for one in history.executions)
    memory = sum((one.max_rss_mib or 0) * one.seconds for one in history.executions)
    assert sum(usage.vcpus_taken) * usage.step_seconds == pytest.approx(taken, rel=1e-4)
    assert sum(usage.vcpus_used) * usage.step_seconds == pytest.approx(used, rel=1e-4)
    assert sum(usage.memory_used_mib) * usage.step_seconds == pytest.approx(memory, rel=1e-4)
    assert sum(usage.memory_taken_mib) == pytest.approx(1024 * sum(usage.vcpus_taken), rel=1e-4)


def test_no_more_is_taken_at_once_than_there_is() -> None:
    usage = usage_of(invented_history(children=500, vcpus=64), now=STARTED)
    assert max(usage.vcpus_taken) <= 64.001
    assert (usage.vcpus_most, usage.memory_most_mib) == (64, 64 * 1024)
    assert min(usage.vcpus_taken) >= 0


def test_a_run_of_which_nothing_has_begun_takes_nothing() -> None:
    usage = usage_of(invented_history(levels=0), now=STARTED)
    assert set(usage.vcpus_taken) == {0.0}
    assert not usage.knows_cpu and not usage.knows_memory


def test_steps_are_many_enough_and_no_more() -> None:
    usage = usage_of(invented_history(), now=STARTED, steps=10)
    assert len(usage.vcpus_taken) == len(usage.memory_used_mib) == 10
