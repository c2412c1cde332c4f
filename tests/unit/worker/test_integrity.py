"""Checksums are compared unless the run was planned without."""

from __future__ import annotations

from tests.run_layout import file, sh
from tests.unit.worker.conftest import RUN, Bench


def test_without_integrity_no_checksum_is_compared_and_each_is_still_recorded(
    bench: Bench,
) -> None:
    bench.store.write("s3://other/f", b"changed since")
    bench.run.put("g", b"good")
    bench.store.spoil(f"{RUN}/data/g", b"spoilt")
    bench.store.put_bare(f"{RUN}/data/h", b"bare")
    inputs = [file("f", "s3://other/f", sha256="0" * 64), "g", "h"]
    bench.run.add_array("L0", [sh("t", "cat f g h >o", inputs=inputs, outputs=["o"])])
    bench.child(PEGBATCH_INTEGRITY="none")
    (record,) = bench.run.records("L0", 0)
    assert record.state == "succeeded"
    assert len(record.outputs[0].sha256) == 64
    assert bench.run.get("o") == b"changed sincespoiltbare"


def test_with_integrity_the_same_input_fails_the_task(bench: Bench) -> None:
    bench.run.put("g", b"good")
    bench.store.spoil(f"{RUN}/data/g", b"spoilt")
    bench.run.add_array("L0", [sh("t", "true", inputs=["g"])])
    bench.child(PEGBATCH_INTEGRITY="full")
    assert bench.run.states("L0", 0) == {"t": "failed"}
