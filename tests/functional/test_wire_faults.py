"""S3 over the wire that fails, between real children and a real S3 server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pegbatch.adapters.s3_bucket import S3Options
from pegbatch.adapters.store import Store
from tests.faulty_proxy import Answer, Broken, FaultyProxy, Request, refusal
from tests.functional.emulator_bench import until
from tests.functional.worker_process import Site, wired_site
from tests.run_layout import file, sh
from tests.wire_s3 import CREDENTIALS, use_credentials

PATIENT, HASTY = "30", "3"
"""Seconds for which a child tries again: ample on a slow machine, and few where all is in vain."""
Break = Callable[[Request, Callable[[], Answer], FaultyProxy], Broken]


@pytest.fixture
def site(
    endpoint: str, proxy: FaultyProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Site:
    """Return a run whose children reach S3 through the proxy, and the test without it."""
    use_credentials(monkeypatch)
    environment = {"AWS_ENDPOINT_URL_S3": proxy.url, "PEGBATCH_STORE_RETRY_SECONDS": PATIENT}
    return wired_site(tmp_path, endpoint, **environment)


def hasty(site: Site) -> Site:
    environment = {**site.environment, "PEGBATCH_STORE_RETRY_SECONDS": HASTY}
    return replace(site, environment=environment)


def refused(status: int, code: str = "") -> Break:
    return lambda request, ask, proxy: refusal(status, code)


def reset(request: Request, ask: Callable[[], Answer], proxy: FaultyProxy) -> Broken:
    return Broken(None)


def reset_when_done(request: Request, ask: Callable[[], Answer], proxy: FaultyProxy) -> Broken:
    ask()
    return Broken(None)


def headers_alone(request: Request, ask: Callable[[], Answer], proxy: FaultyProxy) -> Broken:
    return Broken(ask(), sent=0)


def half_read(request: Request, ask: Callable[[], Answer], proxy: FaultyProxy) -> Broken:
    answer = ask()
    return Broken(answer, sent=len(answer.body) // 2)


def stalled(request: Request, ask: Callable[[], Answer], proxy: FaultyProxy) -> Broken:
    answer = ask()
    return Broken(answer, sent=len(answer.body) // 2, hold=proxy.over)


def damaged(request: Request, ask: Callable[[], Answer], proxy: FaultyProxy) -> Broken:
    answer = ask()
    return Broken(replace(answer, body=answer.body[:-1] + bytes([answer.body[-1] ^ 255])))


TRANSIENT = {
    "500": refused(500, "InternalError"),
    "503 SlowDown": refused(503, "SlowDown"),
    "429": refused(429, "TooManyRequests"),
    "reset": reset,
    "reset when done": reset_when_done,
    "headers alone": headers_alone,
    "half read": half_read,
}
OPERATIONS = {
    "the worker": ("GET", "/worker.pyz"),
    "the bag": ("GET", "/plan/"),
    "the list of records": ("GET", "prefix="),
    "an input": ("GET", "/data/in"),
    "an output": ("PUT", "/data/out"),
    "a large output": ("PUT", "partNumber"),
    "the records": ("PUT", "/records/"),
    "the log": ("PUT", "/logs/"),
}
LARGE = 9 << 20
MANY = 10**6


def strike(proxy: FaultyProxy, operation: tuple[str, str], how: Break, times: int = 2) -> list[str]:
    """Break the next answers of an operation; return where those that were are noted."""
    method, part = operation
    struck: list[str] = []
    lock = threading.Lock()

    def fault(request: Request, ask: Callable[[], Answer]) -> Broken | None:
        if request.method != method or part not in request.path:
            return None
        with lock:
            if len(struck) >= times:
                return None
            struck.append(request.path)
        return how(request, ask, proxy)

    proxy.fault = fault
    return struck


def pairs() -> Iterator[tuple[str, str]]:
    """Yield every operation with two faults, and every fault with an input."""
    faults = list(TRANSIENT)
    for number, operation in enumerate(OPERATIONS):
        for shift in (0, 3):
            yield operation, faults[(number + shift) % len(faults)]
    yield from (("an input", how) for how in faults)


@pytest.mark.parametrize(("operation", "how"), sorted(set(pairs())))
def test_a_transient_fault_of_any_operation_is_ridden_out(
    site: Site, proxy: FaultyProxy, how: str, operation: str
) -> None:
    site.run.put("in", b"seed " * 1000)
    size = LARGE if "large" in operation else 10
    script = f"cat in >out; head -c {size} /dev/zero >large"
    site.run.add_array("L0", [sh("t", script, inputs=["in"], outputs=["out", "large"])])
    struck = strike(proxy, OPERATIONS[operation], TRANSIENT[how])
    code, said = site.child("L0")
    assert code == 0, said
    assert struck, "nothing was broken"
    assert site.run.states("L0", 0) == {"t": "succeeded"}
    assert site.run.get("out") == b"seed " * 1000
    assert site.run.get("large") == bytes(size)
    assert site.run.log("L0", 0).startswith("array L0 bag 0")


def test_a_read_that_stalls_is_cut_short_and_made_again(site: Site, proxy: FaultyProxy) -> None:
    site.run.put("in", b"seed " * 1000)
    site.run.add_array("L0", [sh("t", "cat in >out", inputs=["in"], outputs=["out"])])
    struck = strike(proxy, OPERATIONS["an input"], stalled, times=1)
    environment = {**site.environment, "PEGBATCH_STORE_RETRY_SECONDS": "10"}
    code, said = replace(site, environment=environment).child("L0")
    assert (code, len(struck)) == (0, 1), said
    assert site.run.get("out") == b"seed " * 1000


@pytest.mark.parametrize("how", ["503 SlowDown", "half read", "reset"])
def test_a_fault_of_an_input_that_lasts_is_for_the_next_attempt_and_then_a_record(
    site: Site, proxy: FaultyProxy, how: str
) -> None:
    site.run.put("in", b"seed " * 1000)
    site.run.add_array(
        "L0", [sh("before", "exit 0"), sh("t", "exit 0", inputs=["in"]), sh("after", "exit 0")]
    )
    strike(proxy, OPERATIONS["an input"], TRANSIENT[how], times=MANY)
    code, said = hasty(site).child("L0", attempts="2")
    assert code == 75, said
    assert site.run.url("data/in") in said
    assert site.run.states("L0", 0) == {"before": "succeeded"}
    code, said = hasty(site).child("L0", attempts="2", attempt="2")
    assert code == 0, said
    assert site.run.states("L0", 0, attempt=2) == {"t": "failed", "after": "succeeded"}
    reason = site.run.records("L0", 0, attempt=2)[0].reason
    assert reason.startswith(f"input in: {site.run.url('data/in')}: ")


def test_a_store_that_is_gone_ends_the_last_attempt_before_it_has_tried_each_task(
    site: Site, proxy: FaultyProxy
) -> None:
    """A bag of thousands would otherwise take minutes for each."""
    gate = site.folder.parent / "gone"
    for number in range(12):
        site.run.put(f"in{number}", b"1")
    wait = f"echo >{gate}.new; mv {gate}.new {gate}; until test -e {gate}.go; do sleep 0.02; done"
    tasks = [sh(f"t{n}", "exit 0", inputs=[f"in{n}"]) for n in range(12)]
    site.run.add_array("L0", [sh("first", wait), *tasks])
    # The next task's input is fetched while the first one runs; nothing is answered then.
    with hasty(site).start("L0") as process:
        until(gate.exists)
        proxy.fault = lambda request, ask: refusal(503, "SlowDown")
        (gate.parent / "gone.go").touch()
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 75
    assert b"the store cannot be reached" in output
    assert output.count(b"=== task") < 5


def test_a_server_of_inputs_that_is_gone_is_not_asked_for_each_of_them(
    site: Site, proxy: FaultyProxy
) -> None:
    elsewhere = [file("f", f"http://127.0.0.1:9/{n}") for n in range(30)]
    tasks = [sh(f"t{n}", "exit 0", inputs=[use]) for n, use in enumerate(elsewhere)]
    site.run.add_array("L0", [*tasks, sh("after", "echo >o", outputs=["o"])])
    code, said = hasty(site).child("L0")
    assert code == 0, said
    states = site.run.states("L0", 0)
    assert states.pop("after") == "succeeded"
    assert set(states.values()) == {"failed"} and len(states) == len(tasks)
    assert "not asked for, since the server has not answered before" in said


@pytest.mark.parametrize("times", [1, MANY])
def test_a_damaged_download_is_made_again_and_names_the_file_where_it_stays_so(
    site: Site, proxy: FaultyProxy, times: int
) -> None:
    site.run.put("in", b"seed " * 1000)
    site.run.add_array("L0", [sh("t", "cat in >out", inputs=["in"], outputs=["out"])])
    struck = strike(proxy, OPERATIONS["an input"], damaged, times)
    code, said = site.child("L0", attempts="2")
    assert code == 0, said
    (record,) = site.run.records("L0", 0)
    if times == 1:
        assert site.run.get("out") == b"seed " * 1000
    else:
        assert record.state == "failed"
        assert record.reason.startswith(f"input in: {site.run.url('data/in')}: the SHA-256 of")
        assert site.run.get("out") is None
    assert len(struck) == min(times, 3)


def test_a_worker_that_arrives_damaged_is_fetched_again_and_never_started(
    site: Site, proxy: FaultyProxy
) -> None:
    site.run.add_array("L0", [sh("t", "exit 0")])
    strike(proxy, OPERATIONS["the worker"], damaged, times=1)
    assert site.child("L0")[0] == 0
    strike(proxy, OPERATIONS["the worker"], damaged, times=MANY)
    code, said = site.child("L0", attempt="2", attempts="3")
    assert code == 1
    assert f"{site.run.url('worker.pyz')} is damaged" in said and "Traceback" not in said


@pytest.mark.parametrize("how", ["503 SlowDown", "reset", "half read"])
def test_a_store_that_does_not_answer_before_the_worker_is_there_asks_for_another_start(
    site: Site, proxy: FaultyProxy, how: str
) -> None:
    site.run.add_array("L0", [sh("t", "exit 0")])
    strike(proxy, OPERATIONS["the worker"], TRANSIENT[how], times=MANY)
    code, said = hasty(site).child("L0")
    assert (code, "Traceback" in said) == (75, False), said
    assert site.run.url("worker.pyz") in said


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "AccessDenied", "check the job role"),
        (400, "ExpiredToken", "the credentials have expired"),
        (403, "RequestTimeTooSkewed", "the clock of this machine is wrong"),
        (403, "SignatureDoesNotMatch", "the secret key does not fit"),
    ],
)
def test_a_refusal_fails_the_task_at_once_and_says_what_to_do(
    site: Site, proxy: FaultyProxy, status: int, code: str, words: str
) -> None:
    site.run.put("in", b"1")
    site.run.add_array("L0", [sh("t", "exit 0", inputs=["in"]), sh("u", "exit 0")])
    struck = strike(proxy, OPERATIONS["an input"], refused(status, code), times=MANY)
    exit_code, said = site.child("L0", attempts="3")
    assert exit_code == 0, said
    assert site.run.states("L0", 0) == {"t": "failed", "u": "succeeded"}
    reason = site.run.records("L0", 0)[0].reason
    assert words in reason and site.run.url("data/in") in reason
    assert len(struck) == 1
    assert CREDENTIALS["AWS_SECRET_ACCESS_KEY"] * 2 not in said


def test_an_object_that_is_replaced_while_it_is_read_is_read_anew(
    site: Site, proxy: FaultyProxy
) -> None:
    """Half of one and half of the other would be a file that nobody made."""
    old, new = b"old " * 5000, b"new " * 5000
    site.run.put("in", old)
    site.run.add_array("L0", [sh("t", "cat in >out", inputs=["in"], outputs=["out"])])

    def replaced(request: Request, ask: Callable[[], Answer], proxy: FaultyProxy) -> Broken:
        broken = half_read(request, ask, proxy)
        site.run.put("in", new)
        return broken

    strike(proxy, OPERATIONS["an input"], replaced, times=1)
    assert site.child("L0")[0] == 0
    assert site.run.get("out") == new


def test_a_listing_that_breaks_off_goes_on_where_it_stopped(site: Site, proxy: FaultyProxy) -> None:
    names = [f"data/many/{number:04}" for number in range(1100)]
    direct = site.run.store
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: direct.write(site.run.url(name), b""), names))
    store = Store(s3=S3Options(endpoint_url=proxy.url, retry_seconds=30))
    struck = strike(proxy, ("GET", "continuation-token"), half_read, times=2)
    found = [info.url for info in store.list(site.run.url("data/many"))]
    assert struck
    assert found == [site.run.url(name) for name in names]
