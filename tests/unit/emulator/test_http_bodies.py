"""Where a body ends, however it arrives."""

from __future__ import annotations

import pytest

from pegbatch.emulator.http_bodies import BadMessage, Body, answer_body, request_body

CHUNKED = {"transfer-encoding": "chunked"}
TEXT = b"3\r\none\r\n5;note=x\r\nth\r\nr\r\n0\r\nTrailer: 1\r\n\r\n"


def fed(body: Body, text: bytes, step: int) -> int:
    """Feed pieces until the body has ended; return how many bytes it took."""
    taken = 0
    for start in range(0, len(text), step):
        taken += body.take(text[start : start + step])
        if body.ended:
            break
    return taken


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_a_chunked_body_ends_after_its_trailers(step: int) -> None:
    body = request_body(CHUNKED)
    assert fed(body, TEXT + b"GET / HTTP/1.1", step) == len(TEXT)
    assert body.ended


def test_a_chunked_body_that_breaks_off_has_not_ended() -> None:
    body = request_body(CHUNKED)
    assert fed(body, TEXT[:-1], 5) == len(TEXT) - 1
    assert not body.ended


@pytest.mark.parametrize(
    "text", [b"x\r\n", b"-5\r\n", b"0x5\r\n", b"1_0\r\n", b"+5\r\n", b"1" * 5000]
)
def test_nonsense_between_chunks_is_refused(text: bytes) -> None:
    with pytest.raises(BadMessage):
        request_body(CHUNKED).take(text)


@pytest.mark.parametrize("step", [1, 4, 100])
def test_a_sized_body_takes_its_length_and_no_more(step: int) -> None:
    body = request_body({"content-length": "10"})
    assert fed(body, b"x" * 30, step) == 10
    assert body.ended


def test_a_request_without_a_length_has_no_body() -> None:
    assert request_body({}).ended


@pytest.mark.parametrize("text", ["", "x", "-1", "1 2"])
def test_a_length_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        request_body({"content-length": text})


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_some_answers_have_no_body_whatever_they_say(method: str, status: int) -> None:
    assert answer_body(status, method, {"content-length": "5"}).ended


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    body = answer_body(200, "GET", {})
    assert body.take(b"anything") == 8
    assert not body.ended
