"""Servers that do not answer are asked a few times, and then no more."""

from __future__ import annotations

import pytest

from pegbatch.errors import StoreUnreachable
from pegbatch.worker.silent_hosts import IN_VAIN_MAX, SilentHosts


def test_a_server_is_asked_no_more_once_it_was_asked_in_vain_often_enough() -> None:
    hosts = SilentHosts()
    for number in range(IN_VAIN_MAX):
        hosts.check(f"http://h/{number}")
        hosts.note(f"http://h/{number}", answered=False)
    with pytest.raises(StoreUnreachable, match="http://h/last: not asked for"):
        hosts.check("http://h/last")
    hosts.check("http://other/last")
    hosts.check("s3://h/last")


def test_an_answer_in_between_counts() -> None:
    hosts = SilentHosts()
    for _ in range(IN_VAIN_MAX):
        hosts.note("s3://b/x", answered=False)
        hosts.note("s3://b/y", answered=True)
    hosts.check("s3://b/x")
    assert IN_VAIN_MAX > 1
