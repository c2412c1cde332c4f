"""A signal ends a command, wherever it is heard."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from pegbatch.cli.interrupts import Ended, ending_in_order


class Tidied:
    """Is told to end while it is tidied up, where Python passes over what is raised."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        list(range(100))  # so that the signal is heard here


def test_a_signal_that_is_heard_while_an_object_is_tidied_up_is_not_lost() -> None:
    gone = False
    with pytest.raises(Ended) as ended, ending_in_order():
        thing = Tidied()
        del thing
        gone = True
        threading.Event().wait(30)
    assert gone
    assert ended.value.exit_code == 128 + signal.SIGTERM


def test_handlers_are_as_before_when_it_is_over() -> None:
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    with ending_in_order():
        assert signal.getsignal(signal.SIGTERM) is not before[0]
    assert [signal.getsignal(number) for number in numbers] == before
