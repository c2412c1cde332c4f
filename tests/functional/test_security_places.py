"""Files are written where the user said, and nowhere else."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pegbatch.adapters.delivery import fetch_file
from pegbatch.adapters.private_files import private_folder
from pegbatch.adapters.store import Store
from pegbatch.engine.deliveries import Output
from pegbatch.errors import OutsideError, StoreError
from tests.functional.commands import ROOT, embedded_aws, pegbatch
from tests.functional.workflow_texts import cloud_sites

ENTRY = ROOT / "containers" / "fetch-and-run" / "fetch_and_run.py"
WORKFLOW = """pegasus: "5.0"
name: places
replicaCatalog:
  pegasus: "5.0"
  replicas: [{lfn: in, pfns: [{site: local, pfn: BASE/in}]}]
transformationCatalog:
  pegasus: "5.0"
  transformations: [{name: cp, sites: [{name: cloud, type: installed, pfn: /bin/cp}]}]
jobs:
- {type: job, id: a, name: cp, arguments: [in sub/made], uses: [{lfn: in, type: input},
    {lfn: sub/made, type: output, stageOut: true}]}
"""


# Names in workflows --------------------------------------------------------------------------

LEAVING = ["../x", "/etc/x", "a/../../x", "a//b", "a/", "./x", "x\n", "x\x1b[31m", "x#12", "x:", ""]


@pytest.mark.parametrize("lfn", LEAVING)
def test_a_file_name_that_leaves_its_directory_is_refused(lfn: str, tmp_path: Path) -> None:
    job = {"type": "job", "id": "a", "name": "n", "uses": [{"lfn": lfn, "type": "output"}]}
    (tmp_path / "w.yml").write_text(
        json.dumps({"pegasus": "5.0", "name": "w", "jobs": [{**job, "arguments": []}]})
    )
    ended = pegbatch("plan", "--no-catalogs", "--dir", tmp_path / "d", "w.yml", cwd=tmp_path)
    assert ended.returncode in (3, 4), ended.stdout
    assert "Traceback" not in ended.stderr and not (tmp_path / "d").exists()


@pytest.mark.parametrize("name", ["../../x", "/x", "..", "a/b", "$(x)", "-x", "a\\b", "ü", "."])
def test_a_workflow_is_planned_below_its_directory_whatever_it_is_called(
    name: str, tmp_path: Path
) -> None:
    job = {"type": "job", "id": "a", "name": "../../n", "arguments": []}
    (tmp_path / "w.yml").write_text(json.dumps({"pegasus": "5.0", "name": name, "jobs": [job]}))
    base = tmp_path / "d" / "d" / "d"
    ended = pegbatch("plan", "--no-catalogs", "--dir", base, "w.yml", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    folders = [path for path in base.rglob("run0001") if path.is_dir()]
    assert [len(path.relative_to(base).parts) for path in folders] == [4]
    assert sorted(os.listdir(tmp_path)) == ["d", "w.yml"]
    assert os.listdir(tmp_path / "d") == ["d"]


# Symbolic links ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["link/x", "link/deeper/x", "file"])
def test_a_link_in_a_bucket_leads_nowhere_else(key: str, tmp_path: Path) -> None:
    outside, bucket = tmp_path / "outside", tmp_path / "s3" / "b"
    outside.mkdir()
    bucket.mkdir(parents=True)
    (outside / "x").write_text("secret")
    (bucket / "link").symlink_to(outside)
    (bucket / "file").symlink_to(outside / "x")
    store = Store(s3_directory=tmp_path / "s3")
    for attempt in (
        lambda: store.read(f"s3://b/{key}"),
        lambda: store.write(f"s3://b/{key}", b"mine"),
        lambda: store.delete([f"s3://b/{key}"]),
    ):
        with pytest.raises(StoreError, match="leads out of the bucket"):
            attempt()
    assert [path.name for path in outside.iterdir()] == ["x"]
    assert (outside / "x").read_text() == "secret"


def test_a_bucket_may_itself_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "s3").mkdir()
    (tmp_path / "large disk").mkdir()
    (tmp_path / "s3" / "b").symlink_to(tmp_path / "large disk")
    store = Store(s3_directory=tmp_path / "s3")
    store.write("s3://b/sub/x", b"1")
    assert (tmp_path / "large disk" / "sub" / "x").read_bytes() == b"1"


@pytest.mark.parametrize(("below", "lfn"), [("", "link/x"), ("00/01/", "link/x"), ("", "a/link/x")])
def test_an_output_is_not_fetched_through_a_link_out_of_its_directory(
    below: str, lfn: str, tmp_path: Path
) -> None:
    outside, out = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    link = out / below / Path(lfn).parent
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    store = Store(s3_directory=tmp_path / "s3")
    store.write(f"s3://b/data/{lfn}", b"1")
    output = Output(lfn=lfn, url=f"s3://b/data/{lfn}", destination=f"file://{out}/{below}{lfn}")
    with pytest.raises(StoreError, match="leads out of the output directory"):
        fetch_file(store, output)
    assert not list(outside.iterdir())


def test_a_link_in_place_of_an_output_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.write_text("mine")
    out.mkdir()
    (out / "x").symlink_to(victim)
    store = Store(s3_directory=tmp_path / "s3")
    store.write("s3://b/data/x", b"1")
    fetch_file(store, Output(lfn="x", url="s3://b/data/x", destination=f"file://{out}/x"))
    assert victim.read_text() == "mine" and (out / "x").read_bytes() == b"1"


def test_the_output_directory_may_be_a_link_and_links_within_it_are_followed(
    tmp_path: Path,
) -> None:
    real = tmp_path / "real"
    (real / "b").mkdir(parents=True)
    (real / "a").symlink_to("b")
    (tmp_path / "out").symlink_to(real)
    store = Store(s3_directory=tmp_path / "s3")
    store.write("s3://b/data/a/x", b"1")
    place = f"file://{tmp_path}/out/a/x"
    fetch_file(store, Output(lfn="a/x", url="s3://b/data/a/x", destination=place))
    assert (real / "b" / "x").read_bytes() == b"1"


def test_the_folder_of_another_user_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    if os.getuid() != 0:
        with pytest.raises(OutsideError, match="another user"):
            private_folder(Path("/"))
    else:
        private_folder(tmp_path / "new")
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


# Archives ------------------------------------------------------------------------------------


def packed(path: Path, *members: tuple[str, bytes, int]) -> None:
    """Write a zip file; a member is name, content and mode."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)


def unpack_and_run(archive: Path, scratch: Path) -> subprocess.CompletedProcess[str]:
    """Let the entry script of the container do what it does with a zip file."""
    scratch.mkdir()
    return subprocess.run(
        [sys.executable, ENTRY, "run.sh"],
        env={
            **os.environ,
            "BATCH_FILE_TYPE": "zip",
            "BATCH_FILE_S3_URL": f"file://{archive}",
            "TMPDIR": str(scratch),
        },
        capture_output=True,
        text=True,
        check=False,
    )


RUN = ("run.sh", b"#!/bin/sh\nstat -c '%n %F %a' *\n", 0o755)


def test_links_devices_and_owner_bits_of_an_archive_become_plain_files(tmp_path: Path) -> None:
    packed(
        tmp_path / "a.zip",
        RUN,
        ("link", b"/etc/passwd", stat.S_IFLNK | 0o777),
        ("device", b"", stat.S_IFCHR | 0o666),
        ("setuid", b"x", stat.S_IFREG | 0o6755),
    )
    ended = unpack_and_run(tmp_path / "a.zip", tmp_path / "t")
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert len(lines) == 4 and all(" regular " in line for line in lines), lines
    assert all(len(line.rpartition(" ")[2]) == 3 for line in lines), "no setuid bit"


@pytest.mark.parametrize("name", ["../x", "/tmp/pegbatch-x", "a/../../x", "..\\x", "link/x"])
def test_an_archive_never_writes_outside(name: str, tmp_path: Path) -> None:
    link = ("link", str(tmp_path / "outside").encode(), stat.S_IFLNK | 0o777)
    (tmp_path / "outside").mkdir()
    packed(tmp_path / "a.zip", RUN, link, (name, b"x", 0o644))
    ended = unpack_and_run(tmp_path / "a.zip", tmp_path / "t")
    assert ended.returncode == 1 and "fetch_and_run: " in ended.stderr
    assert not list((tmp_path / "outside").iterdir())
    assert not Path("/tmp/pegbatch-x").exists() and not list(tmp_path.glob("t/x"))


def test_an_archive_that_only_fills_the_disk_is_refused_before_it_is_unpacked(
    tmp_path: Path,
) -> None:
    zeros = bytes(70 << 20)
    packed(tmp_path / "a.zip", RUN, *((f"z{n}", zeros, 0o644) for n in range(6)))
    ended = unpack_and_run(tmp_path / "a.zip", tmp_path / "t")
    assert ended.returncode == 1 and "is a bomb" in ended.stderr
    assert not list(tmp_path.glob("t/*/files/z*"))


# A run that comes back from the store ----------------------------------------------------------


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Lend the base directory and the URL of a run that has ended well."""
    with embedded_aws(tmp_path_factory.mktemp("restore") / "base") as base:
        (base / "w.yml").write_text(
            WORKFLOW.replace("BASE", str(base)) + cloud_sites(base, "places")
        )
        (base / "in").write_text("input\n")
        assert pegbatch("plan", "--dir", base, "w.yml", cwd=base).returncode == 0
        submit_dir = next(base.glob("*/pegasus/*/run0001"))
        ended = pegbatch("run", "--json", submit_dir, cwd=base)
        assert ended.returncode == 0, ended.stderr
        yield base, json.loads(ended.stdout)["run"]


def restored_with(
    ran: tuple[Path, str], name: str, **changes: Any
) -> subprocess.CompletedProcess[str]:
    """Change the first row of a list that a run keeps, and bring the run back from it."""
    base, url = ran
    store = Store(s3_directory=base / "local-aws" / "s3")
    before = store.read(f"{url}/plan/{name}")
    rows = [json.loads(line) for line in gzip.decompress(before).splitlines()]
    rows[0] |= changes
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    for path in base.glob("*/pegasus/*/run*"):
        shutil.rmtree(path)
    shutil.rmtree(base / "chosen", ignore_errors=True)
    store.write(f"{url}/plan/{name}", gzip.compress(text.encode()))
    try:
        words = ("run", url, "--dir", base, "--output-dir", base / "chosen")
        return pegbatch(*words, cwd=base)
    finally:
        store.write(f"{url}/plan/{name}", before)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["file://", "file://localhost", "s3://places"])
def test_a_restored_run_delivers_only_where_the_user_chose(
    ran: tuple[Path, str], scheme: str, tmp_path: Path
) -> None:
    base, _ = ran
    victim = f"{scheme}{tmp_path}/victim"
    ended = restored_with(ran, "outputs.jsonl.gz", destination=victim)
    assert ended.returncode == 0, ended.stderr
    assert (base / "chosen" / "sub" / "made").read_text() == "input\n"
    assert not list(tmp_path.iterdir())
    assert not list((base / "local-aws" / "s3").rglob("victim"))


@pytest.mark.slow
@pytest.mark.parametrize("lfn", ["../../victim", "/victim", "sub/../../../victim"])
def test_a_restored_run_names_no_output_that_leaves_the_directory(
    ran: tuple[Path, str], lfn: str, tmp_path: Path
) -> None:
    base, _ = ran
    ended = restored_with(ran, "outputs.jsonl.gz", lfn=lfn, destination=f"file://{tmp_path}/x")
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert not list(base.parent.rglob("victim"))


@pytest.mark.slow
@pytest.mark.parametrize("sha256", [None, "../x", "0" * 64])
def test_a_restored_run_sends_no_other_file_of_this_machine(
    ran: tuple[Path, str], sha256: str | None, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("private")
    changes = {"source": str(tmp_path / "key"), "url": "s3://places/stolen", "sha256": sha256}
    ended = restored_with(ran, "uploads.jsonl.gz", **changes)
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert not list((ran[0] / "local-aws" / "s3").rglob("stolen"))
