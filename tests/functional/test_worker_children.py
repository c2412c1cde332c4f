"""A whole small run by hand: real children through the entry script, on each kind of store."""

from __future__ import annotations

import gzip
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pegbatch.adapters.store import store_from_environment
from pegbatch.adapters.worker_archive import write_worker
from tests.functional.worker_process import Site, local_site
from tests.run_layout import RunLayout, file, sh
from tests.wire_s3 import BUCKET, CREDENTIALS


@pytest.fixture(params=["file", "bucket in a folder", "wire"])
def site(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    url, environment = f"file://{tmp_path}/site with space/run", {}
    if request.param == "bucket in a folder":
        url = "s3://bucket/prefix/run"
        environment = {"PEGBATCH_S3_DIRECTORY": str(tmp_path / "buckets")}
    elif request.param == "wire":
        url = f"s3://{BUCKET}/{tmp_path.name}"
        environment = {
            **CREDENTIALS, "AWS_ENDPOINT_URL_S3": request.getfixturevalue("endpoint"),
        }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    store = store_from_environment(environment)
    made = Site(RunLayout(store, url), environment, tmp_path / "container")
    made.prepare()
    return made


def test_two_levels_and_a_verdict_run_through_the_entry_script(site: Site) -> None:
    run = site.run
    run.put("seed", b"s")
    run.add_array("L0", *(
        [sh(f"a{i}", f"(cat seed; echo {i}) >'m {i}'", inputs=["seed"], outputs=[f"m {i}"])]
        for i in range(3)
    ))  # fmt: skip
    mids = [f"m {i}" for i in range(3)]
    final = file("all", deliver=[run.url("out/all")])
    run.add_array("L1", [sh("join", "cat m*", inputs=mids, stdout="all", outputs=[final])])
    run.add_verdict(outputs=1)
    for index in "012":
        assert site.child("L0", index=index)[0] == 0
    assert site.child("L1", job_kind="compute")[0] == 0
    code, said = site.child("verdict", job_kind="verdict")
    assert (code, run.get_key("out/all")) == (0, b"s0\ns1\ns2\n")
    assert "workflow laid-out succeeded: 4 of 4 tasks" in said
    assert list(site.folder.iterdir()) == []
    assert site.child("sync", job_kind="barrier") == (0, "")


def test_a_missing_input_is_skipped_on_every_store(site: Site) -> None:
    site.run.add_array("L1", [sh("t", "exit 0", inputs=["not made"])])
    code, said = site.child("L1")
    assert code == 0
    assert site.run.states("L1", 0) == {"t": "skipped"}
    assert "data/not made: there is no such object" in said


def test_the_log_in_the_store_is_what_was_said(site: Site) -> None:
    site.run.add_array("L0", [sh("t", "echo out; echo err >&2"), sh("u", "printf x")])
    _, said = site.child("L0")
    assert site.run.log("L0", 0) == said
    assert "out\n" in said and "err\n" in said and "\nx\n" in said


@pytest.fixture
def local(tmp_path: Path) -> Site:
    return local_site(tmp_path)


def test_sigterm_ends_the_task_saves_the_records_and_asks_to_be_started_again(
    local: Site, tmp_path: Path
) -> None:
    marker = tmp_path / "running"
    script = f'trap "echo bye; exit 0" TERM; echo >{marker}; while :; do sleep 0.05; done'
    local.run.add_array("L0", [sh("done", "exit 0"), sh("long", script), sh("never", "exit 0")])
    with local.start("L0", attempts="2") as process:
        _wait_for(marker, process)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 75
    assert local.run.states("L0", 0) == {"done": "succeeded"}
    assert b"bye" in output and output.rstrip().endswith(b"the rest is to be run again")
    assert list(local.folder.iterdir()) == []
    assert local.run.log("L0", 0).encode() == output


def test_sigterm_while_a_child_that_is_done_exits_changes_nothing(tmp_path: Path) -> None:
    """Python is long past the worker when the modules go, and with them this object."""
    late = tmp_path / "late"
    late.mkdir()
    (late / "sitecustomize.py").write_text(
        "import os\n"
        "class Last:\n"
        "    def __del__(self, kill=os.kill, own=os.getpid()):\n"
        "        kill(own, 15)\n"
        "last = Last()\n"
    )
    site = local_site(tmp_path, PYTHONPATH=str(late))
    site.run.add_array("L0", [sh("done", "exit 0")])
    assert site.child("L0")[0] == 0
    assert site.run.states("L0", 0) == {"done": "succeeded"}


def test_a_killed_child_is_taken_up_where_its_records_end(local: Site, tmp_path: Path) -> None:
    marker = tmp_path / "running"
    script = f'test "$AWS_BATCH_JOB_ATTEMPT" = 2 || {{ echo $$ >{marker}; exec sleep 600; }}'
    local.run.add_array("L0", [sh("slow", script), sh("next", "echo >o", outputs=["o"])])
    with local.start("L0", attempt="1", attempts="2") as process:
        _wait_for(marker, process)
        process.kill()
    # On Amazon its task dies with the container; here it is ours to end.
    os.kill(int(marker.read_text()), signal.SIGKILL)
    assert local.child("L0", attempt="2", attempts="2")[0] == 0
    assert local.run.states("L0", 0, attempt=2) == {"slow": "succeeded", "next": "succeeded"}


def test_a_store_that_does_not_answer_is_in_the_last_line(tmp_path: Path) -> None:
    write_worker(tmp_path / "worker.pyz")
    environment = {
        **CREDENTIALS,
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        "PEGBATCH_STORE_RETRY_SECONDS": "0.5",
    }
    ended = subprocess.run(
        [sys.executable, tmp_path / "worker.pyz", "s3://bucket/run", "L0"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 75
    assert ended.stdout.splitlines()[0].startswith("the store cannot be reached: s3://bucket/run")


def test_a_large_file_passes_through_unchanged_and_with_its_checksum(local: Site) -> None:
    size = 40 << 20
    local.run.add_array("L0", [
        sh("make", f"head -c {size} /dev/zero >big", outputs=["big"]),
    ])  # fmt: skip
    local.run.add_array(
        "L1", [sh("read", "sha256sum <big", inputs=["big"], stdout="o", outputs=["o"])]
    )
    assert local.child("L0")[0] == local.child("L1")[0] == 0
    expected = hashlib.sha256(bytes(size)).hexdigest()
    assert local.run.records("L0", 0)[0].outputs[0].sha256 == expected
    assert (local.run.get("o") or b"").split()[0].decode() == expected


def test_a_file_that_was_damaged_where_it_lies_is_named_and_read_by_nobody(local: Site) -> None:
    local.run.put("f", b"right" * 100)
    path = Path(local.run.url("data/f").removeprefix("file://"))
    with path.open("r+b") as file:
        file.write(b"wrong")
    local.run.add_array("L1", [sh("t", "cat f", inputs=["f"]), sh("u", "exit 0")])
    assert local.child("L1", attempts="2")[0] == 0
    assert local.run.states("L1", 0) == {"t": "failed", "u": "succeeded"}
    reason = local.run.records("L1", 0)[0].reason
    assert reason.startswith(f"input f: {local.run.url('data/f')}: the SHA-256 of what was")
    assert list(local.folder.iterdir()) == []


def test_zcat_reads_a_bags_file_whole(local: Site) -> None:
    local.run.add_array("L0", [sh("a", "exit 0")], [sh("b", "exit 0"), sh("c", "exit 0")])
    data = local.run.get_key("plan/arrays/L0.bags.jsonl.gz") or b""
    assert gzip.decompress(data).count(b"\n") == 3


def _wait_for(marker: Path, process: subprocess.Popen[bytes]) -> None:
    while not (marker.exists() and marker.read_text().endswith("\n")):
        assert process.poll() is None, "the child ended before its task ran"
        time.sleep(0.02)
