"""A mark says which records name files that could not be used; a program's failure leaves none."""

from __future__ import annotations

import hashlib

from pegbatch.model.layout import FAILURES_KEY, input_url
from tests.run_layout import sh
from tests.unit.worker.conftest import RUN, Bench

SITE = "s3://bucket/site"


def marks(bench: Bench) -> list[str]:
    folder = f"{RUN}/{FAILURES_KEY}/"
    return sorted(url.removeprefix(folder) for url in bench.store.objects if folder in url)


def spoilt_input(bench: Bench) -> dict[str, str]:
    sha256 = hashlib.sha256(b"whole").hexdigest()
    url = input_url(SITE, sha256)
    bench.store.write(url, b"whole")
    bench.store.spoil(url, b"other")
    return {"lfn": "in", "url": url, "sha256": sha256}


def test_a_damaged_input_or_file_of_the_run_is_complained_about(bench: Bench) -> None:
    bench.run.put("made", b"whole")
    bench.store.spoil(f"{RUN}/data/made", b"other")
    bench.run.add_array(
        "L0",
        [sh("t", "true", inputs=[spoilt_input(bench)])],
        [sh("u", "true", inputs=["made"])],
        [sh("v", "exit 3"), sh("w", "true", inputs=["never-made"])],
    )
    for index in "012":
        assert bench.child(index=index) == 0
    assert marks(bench) == [
        "L0/0.1.1.0", "L0/0.1.1.complaint", "L0/1.1.1.0", "L0/1.1.1.complaint", "L0/2.1.1.1"
    ]  # fmt: skip


def test_what_an_earlier_attempt_complained_about_is_not_forgotten(bench: Bench) -> None:
    again = {"tries": 2}
    bench.run.add_array(
        "L0", [sh("t", "true", inputs=[spoilt_input(bench)]), {**sh("u", "exit 3"), **again}]
    )
    assert bench.child(attempts="3") == 75
    assert marks(bench) == []
    assert bench.child(attempts="3", attempt="2") == 0
    assert [name for name in marks(bench) if name.endswith("complaint")] == ["L0/0.1.2.complaint"]
    assert "L0/0.1.2.0" in marks(bench)
