"""As few threads as keep up, and more where somebody is slow."""

from __future__ import annotations

import threading
from concurrent.futures import wait

import pytest

from pegbatch.worker.transfers import Transfers
from tests.unit.worker.conftest import looked_at_until

PATIENCE_SECONDS = 30.0


@pytest.mark.parametrize("patient", [False, True])
def test_what_is_behind_one_that_hangs_is_done_all_the_same(patient: bool) -> None:
    gate = threading.Event()
    with Transfers(3, patient=patient) as pool:
        hanging = pool.submit(gate.wait, PATIENCE_SECONDS)
        last = threading.Event()
        others = [pool.submit(pow, 2, number) for number in range(20)]
        pool.submit(last.set)
        assert looked_at_until(last, pool)
        gate.set()
    assert [other.result() for other in others] == [2**number for number in range(20)]
    assert hanging.result() is True


def test_slow_ones_are_done_side_by_side() -> None:
    together = threading.Barrier(4)
    with Transfers(4) as pool:
        over = threading.Event()
        waiting = [pool.submit(together.wait, PATIENCE_SECONDS) for _ in range(4)]
        waiting[0].add_done_callback(lambda one: over.set())
        assert looked_at_until(over, pool)
        assert sorted(one.result(PATIENCE_SECONDS) for one in waiting) == [0, 1, 2, 3]


def test_there_are_never_more_threads_than_allowed() -> None:
    gate = threading.Event()
    two = threading.Event()
    begun: list[int] = []

    def hang() -> None:
        begun.append(threading.get_ident())
        if len(begun) == 2:
            two.set()
        assert gate.wait(PATIENCE_SECONDS)

    with Transfers(2) as pool:
        orders = [pool.submit(hang) for _ in range(5)]
        assert looked_at_until(two, pool)
        assert sum(order.running() for order in orders) == 2
        gate.set()
    assert all(order.done() for order in orders)


def test_patient_ones_begin_when_told() -> None:
    with Transfers(1, patient=True) as pool:
        order = pool.submit(threading.get_ident)
        pool.begin()
        assert order.result(PATIENCE_SECONDS) != threading.get_ident()


def test_an_error_is_that_of_the_order_alone() -> None:
    with Transfers(1) as pool:
        bad, good = pool.submit(int, "x"), pool.submit(int, "1")
    assert isinstance(bad.exception(), ValueError)
    assert good.result() == 1


def test_what_was_not_begun_can_be_cancelled_and_nothing_more_is_taken() -> None:
    gate, begun = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        assert gate.wait(PATIENCE_SECONDS)

    pool = Transfers(1)
    first = pool.submit(hang)
    assert begun.wait(PATIENCE_SECONDS)
    second = pool.submit(int)
    pool.shutdown(wait=False, cancel_futures=True)
    gate.set()
    wait([first, second], PATIENCE_SECONDS)
    assert first.result() is None
    assert second.cancelled()
    with pytest.raises(RuntimeError):
        pool.submit(int)
