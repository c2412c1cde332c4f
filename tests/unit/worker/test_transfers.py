"""Lines without a program, and inputs that lie in several places."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from pegbatch.errors import AccessDenied, StoreUnreachable
from tests.run_layout import Line, file, sh, task
from tests.unit.worker.conftest import Bench

Maker = Callable[[Callable[[str, str], None]], Bench]
WEB = "https://example.org/f?x=1"
MIRROR = "s3://mirror/f"


def transfer(lfn: str, source: Line, **more: object) -> Line:
    line = task(f"stage-in:{lfn}", inputs=[source], outputs=[file(lfn, **more)])
    return line | {"argv": []}


def test_a_transfer_puts_what_it_fetched_with_a_checksum(bench: Bench) -> None:
    bench.store.put_bare(WEB, b"from the web")
    bench.run.add_array("stage-in-0", [transfer("f", file("f", WEB))])
    assert bench.child("stage-in-0", kind="stage-in") == 0
    assert bench.run.get("f") == b"from the web"
    record = bench.run.records("stage-in-0", 0)[0]
    assert (record.state, record.outputs[0].sha256) == (
        "succeeded",
        hashlib.sha256(b"from the web").hexdigest(),
    )


def test_a_transfer_may_deliver_copies(bench: Bench) -> None:
    bench.store.put_bare(MIRROR, b"x")
    line = transfer("f", file("f", MIRROR), deliver=["s3://out/f"])
    bench.run.add_array("stage-in-0", [line])
    assert bench.child("stage-in-0", kind="stage-in") == 0
    assert bench.store.read("s3://out/f") == b"x"


def test_what_cannot_be_had_fails_and_who_needs_it_is_skipped(bench: Bench) -> None:
    bench.run.add_array("stage-in-0", [transfer("f", file("f", WEB))])
    bench.run.add_array("L0", [sh("reader", "cat f", inputs=["f"])])
    bench.run.add_verdict()
    assert bench.child("stage-in-0", kind="stage-in") == 0
    assert bench.child("L0") == 0
    assert bench.run.states("stage-in-0", 0) == {"stage-in:f": "failed"}
    assert WEB in bench.run.records("stage-in-0", 0)[0].reason
    assert bench.run.states("L0", 0) == {"reader": "skipped"}


def test_an_optional_file_that_is_nowhere_is_no_failure(bench: Bench) -> None:
    line = transfer("f", file("f", WEB, optional=True), optional=True)
    bench.run.add_array("stage-in-0", [line])
    assert bench.child("stage-in-0", kind="stage-in") == 0
    assert bench.run.states("stage-in-0", 0) == {"stage-in:f": "succeeded"}
    assert bench.run.get("f") is None


def test_a_catalog_s_checksum_is_verified(bench: Bench) -> None:
    bench.store.put_bare(WEB, b"another file")
    bench.run.add_array("stage-in-0", [transfer("f", file("f", WEB, sha256="0" * 64))])
    bench.child("stage-in-0", kind="stage-in")
    assert "0000 was planned with" in bench.run.records("stage-in-0", 0)[0].reason


def reader(**more: object) -> Line:
    return sh("reader", "cat f", inputs=[file("f", "s3://first/f", **more)])


def test_the_next_replica_serves_where_the_first_is_missing_and_the_log_says_so(
    bench: Bench,
) -> None:
    bench.store.put_bare(WEB, b"from the web")
    bench.run.add_array("L0", [reader(**{"or": [MIRROR, WEB]})])
    assert bench.child() == 0
    assert bench.run.states("L0", 0) == {"reader": "succeeded"}
    said = next(line for line in bench.run.log("L0", 0).splitlines() if "fetched from" in line)
    assert f"fetched from {WEB}, since s3://first/f: " in said
    assert MIRROR in said


def test_the_first_replica_is_enough_where_it_is_there(bench: Bench) -> None:
    bench.store.put_bare("s3://first/f", b"x")
    bench.run.add_array("L0", [reader(**{"or": [WEB]})])
    assert bench.child() == 0
    assert WEB not in bench.store.called("download")
    assert "fetched from" not in bench.run.log("L0", 0)


def test_a_wrong_checksum_and_a_refusal_are_reasons_to_go_on(faulty: Maker) -> None:
    def before(operation: str, url: str) -> None:
        if url == MIRROR:
            raise AccessDenied("the server says 403", where=url)

    bench = faulty(before)
    bench.store.put_bare("s3://first/f", b"damaged")
    bench.store.put_bare(WEB, b"right")
    checksum = hashlib.sha256(b"right").hexdigest()
    bench.run.add_array("L0", [reader(sha256=checksum, **{"or": [MIRROR, WEB]})])
    assert bench.child() == 0
    assert bench.run.states("L0", 0) == {"reader": "succeeded"}


def test_where_no_replica_can_be_had_the_first_one_is_named(bench: Bench) -> None:
    bench.run.add_array("L0", [reader(**{"or": [MIRROR]})])
    assert bench.child() == 0
    assert "s3://first/f" in bench.run.records("L0", 0)[0].reason


def test_where_one_of_them_did_not_answer_another_attempt_is_asked_for(faulty: Maker) -> None:
    def before(operation: str, url: str) -> None:
        if url == MIRROR:
            raise StoreUnreachable("no answer", where=url)

    bench = faulty(before)
    bench.run.add_array("L0", [reader(**{"or": [MIRROR]})])
    assert bench.child(attempts="3") == 75


def test_the_verdict_is_bad_for_a_failed_transfer_but_counts_tasks_alone(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("other", "true")])
    bench.run.add_verdict()
    bench.run.add_array("stage-in-0", [transfer("f", file("f", WEB))])
    assert bench.child("stage-in-0", kind="stage-in") == 0
    assert bench.child("L0") == 0
    assert bench.child("verdict", kind="verdict") == 1
    summary = json.loads(bench.run.get_key("summary.json") or b"")
    assert summary["state"] == "failed"
    assert (summary["tasks"]["succeeded"], summary["tasks"]["failed"]) == (1, 0)
    assert summary["failures"][0]["id"] == "stage-in:f"
