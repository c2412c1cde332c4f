"""Full disks: a small file system of our own where it may be mounted, else a limit of file size."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.functional.worker_process import Site, local_site
from tests.run_layout import sh

LARGE = 3 << 20
SMALL_DISK_KIB = 1024
FULL = r"the disk is full|No space left on device|[Ff]ile too large|File size limit|SIGXFSZ"
"""The last ones where there is a limit in place of a small disk."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return local_site(tmp_path)


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Make a folder a disk of one MiB; tell whether that is allowed here."""
    folder.mkdir(parents=True, exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={SMALL_DISK_KIB}k", "tmpfs", str(folder)]
    mounted = not subprocess.run(["mount", *options], capture_output=True, check=False).returncode
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def limited(site: Site, folder: Path) -> Iterator[tuple[Site, bool]]:
    """Lend a site whose children cannot write large files into a folder (or, False, anywhere)."""
    with small_disk(folder) as mounted:
        if mounted:
            yield site, True
        else:
            yield replace(site, prefix=("prlimit", f"--fsize={SMALL_DISK_KIB << 10}")), False


def test_a_scratch_disk_that_an_input_fills_is_named_in_the_record(
    site: Site, tmp_path: Path
) -> None:
    site.run.put("large", bytes(LARGE))
    site.run.put("small", b"1")
    site.run.add_array(
        "L0", [sh("big", "exit 0", inputs=["large"]), sh("next", "cat small", inputs=["small"])]
    )
    with limited(site, site.folder) as (here, _):
        code, said = here.child("L0")
    assert code == 0, said
    big, after = site.run.records("L0", 0)
    assert (big.state, after.state) == ("failed", "succeeded")
    assert re.search(FULL, big.reason) and str(site.folder) in big.reason
    assert "input large" in big.reason
    assert site.run.marks() == ["L0/0.1.1.0"]


def test_a_disk_that_a_task_fills_is_named_even_where_the_task_cannot_say_so(
    site: Site, tmp_path: Path
) -> None:
    site.run.add_array("L0", [
        sh("big", f"head -c {LARGE} /dev/zero >o", outputs=["o"], stderr="told"),
        sh("next", "echo fine"),
    ])  # fmt: skip
    with limited(site, site.folder) as (here, _):
        code, said = here.child("L0", attempts="2", attempt="2")
    assert code == 0, said
    big, after = site.run.records("L0", 0, attempt=2)
    assert (big.state, after.state) == ("failed", "succeeded")
    assert re.search(FULL, big.reason + big.stderr_tail)
    assert site.run.get("o") is None
    # Elsewhere there is room.
    site.run.add_try("L0", 2, [0])
    assert site.child("L0.t2", **{"try": "2"})[0] == 0
    assert site.run.states("L0", 0, number=2) == {"big": "succeeded"}


@pytest.mark.parametrize("what", ["data", "records"])
def test_a_full_bucket_ends_in_a_record_or_in_the_last_line_and_a_rerun_elsewhere_succeeds(
    site: Site, tmp_path: Path, what: str
) -> None:
    """Of data a record tells; where records cannot be written, the log's last line does."""
    size = LARGE if what == "data" else 10
    site.run.add_array("L0", [sh("t", f"head -c {size} /dev/zero >o", outputs=["o"])])
    bucket = Path(site.run.url(what).removeprefix("file://"))
    with limited(site, bucket) as (here, small):
        if what == "records" and small:
            fill(bucket)
        code, said = here.child("L0", attempts="3")
        assert [path for path in bucket.rglob("*") if "#" in path.name] == []
    if what == "data":
        assert code == 0, said
        (record,) = site.run.records("L0", 0)
        assert record.state == "failed"
        assert re.search(FULL, record.reason + record.stderr_tail), record
        assert f"{bucket}/o" in record.reason or not small
        assert site.run.get("o") is None
    elif small:
        assert code == 5, said
        assert re.search(FULL, " ".join(said.rstrip().splitlines()[-2:]))
    site.run.add_try("L0", 2, [0])
    assert site.child("L0.t2", **{"try": "2"})[0] == 0
    assert site.run.get("o") == bytes(size)


def fill(folder: Path) -> None:
    """Leave no room on a small disk."""
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


def test_a_scratch_disk_without_room_for_anything_asks_for_another_machine(
    site: Site, tmp_path: Path
) -> None:
    site.run.add_array("L0", [sh("t", "exit 0")])
    # Neither a folder nor anything that one could be made in.
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"")
    nowhere = replace(site, environment={"TMPDIR": str(blocked)})
    code, said = nowhere.child("L0", attempts="2")
    assert code == 75
    assert str(blocked) in said and "Traceback" not in said
    assert site.child("L0", attempt="2", attempts="2")[0] == 0
