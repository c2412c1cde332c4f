"""Files that somebody deletes from a run are made again, in one resume, by whoever has to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pegbatch.emulator.background import local_folder, running, stop
from tests.functional.emulator_bench import client
from tests.functional.resume_desk import HEAD, ResumeDesk, once, submissions, successes

WIDTH = 3


class Lattice(ResumeDesk):
    """Each m reads two s, each u its m, and the end all u; only `u0` and `end` are delivered."""

    def needs(self) -> dict[str, list[str]]:
        """Return what each task reads, in an order in which they may run."""
        found = {f"s{n}": ["seed"] for n in range(WIDTH)}
        found |= {f"m{n}": [f"s{n}", f"s{(n + 1) % WIDTH}"] for n in range(WIDTH)}
        found |= {f"u{n}": [f"m{n}"] for n in range(WIDTH)}
        return {**found, "end": [f"u{n}" for n in range(WIDTH)]}

    def write(self) -> Path:
        """Write the workflow file and return it."""
        jobs = [
            self._job(name, f"cat {' '.join(reads)}; echo", reads, delivered=name in ("u0", "end"))
            for name, reads in self.needs().items()
        ]
        path = self.folder / "wf.yml"
        path.write_text(HEAD.replace("SEED", str(self.seed)) + "".join(jobs))
        return path

    def expected(self) -> dict[str, str]:
        """Return the outputs of an undisturbed run."""
        made = {"seed": "seed\n"}
        for name, reads in self.needs().items():
            made[name] = "".join(made[lfn] for lfn in reads) + f"{name}\n"
        return {name: made[name] for name in ("u0", "end")}

    def fail(self, *options: str, broken: str = "u1") -> Path:
        """Plan, and run with a task that fails; then mend that."""
        submit_dir = self.plan(*options)
        self.breaks(broken)
        assert self.call("run", submit_dir).returncode == 1
        self.breaks()
        self.ran()
        return submit_dir


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Lattice]:
    desk = Lattice(tmp_path)
    yield desk
    stop(local_folder(desk.base))


def assert_whole(desk: Lattice, submit_dir: Path) -> None:
    """Check that a run has ended as if nothing had ever been lost."""
    assert desk.delivered() == desk.expected()
    assert successes(desk.store()) == once(desk.needs())
    assert len(submissions(submit_dir)) == len(set(submissions(submit_dir)))
    status = desk.status(submit_dir)
    assert (status["state"], status["tasks"]["succeeded"]) == ("succeeded", len(desk.needs()))


@pytest.mark.parametrize(
    "options",
    [
        ("--cleanup", "inplace"),
        ("--cleanup", "none"),
        ("--cleanup", "inplace", "-Dpegbatch.pack.size=2"),
        ("--cleanup", "none", "--cluster", "chain"),
        ("--cleanup", "inplace", "--cluster", "chain", "-Dpegbatch.array.by=auto"),
        ("--cleanup", "none", "-Dpegbatch.on_failure=stop"),
    ],
    ids=["inplace", "none", "packed", "chains", "chains-inplace", "stop"],
)
def test_a_run_whose_files_are_all_deleted_is_whole_after_one_resume(
    desk: Lattice, options: tuple[str, ...]
) -> None:
    submit_dir = desk.fail(*options)
    shutil.rmtree(desk.store() / "data")
    shutil.rmtree(desk.outputs, ignore_errors=True)
    again = desk.call("run", submit_dir)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "lost, though made before: data/" in again.stderr
    assert_whole(desk, submit_dir)
    if "inplace" in options:
        left = {path.name for path in (desk.store() / "data").iterdir()}
        assert left == set(desk.expected())


@pytest.mark.parametrize(
    ("cleanup", "again"),
    [("none", ["m1", "u1", "end"]), ("inplace", ["s1", "s2", "m1", "u1", "end"])],
)
def test_only_the_makers_of_what_is_lost_run_again_and_of_what_clean_up_has_deleted(
    desk: Lattice, cleanup: str, again: list[str]
) -> None:
    submit_dir = desk.fail("--cleanup", cleanup)
    (desk.store() / "data" / "m1").unlink()
    shown = desk.call("run", "--dry-run", submit_dir)
    assert "lost, though made before: data/m1" in shown.stderr
    assert not list((desk.store() / "records").glob("*/*/2.*"))
    assert desk.call("run", submit_dir).returncode == 0
    assert desk.ran() == once(again)
    assert_whole(desk, submit_dir)


def test_over_the_wire_lost_files_are_made_again_too(desk: Lattice) -> None:
    submit_dir = desk.plan("--cleanup", "inplace")
    desk.breaks("u1")
    assert desk.call("run", "--wire", submit_dir).returncode == 1
    desk.breaks()
    desk.ran()
    endpoint = running(local_folder(desk.base))
    assert endpoint is not None
    s3 = client("s3", endpoint)
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket="pegbatch")["Contents"]]
    (lost,) = (key for key in keys if key.endswith("/data/m1"))
    s3.delete_object(Bucket="pegbatch", Key=lost)
    again = desk.call("run", submit_dir)
    assert again.returncode == 0, again.stdout + again.stderr
    assert desk.ran() == once(["s1", "s2", "m1", "u1", "end"])
    assert desk.delivered() == desk.expected()


def test_what_was_undone_and_fails_then_is_run_by_the_next_try(desk: Lattice) -> None:
    submit_dir = desk.fail("--cleanup", "inplace")
    (desk.store() / "data" / "m1").unlink()
    desk.breaks("s2")
    assert desk.call("run", submit_dir).returncode == 1
    assert set(desk.ran()) == {"s1", "s2"}
    tasks = desk.status(submit_dir)["tasks"]
    assert (tasks["succeeded"], tasks["failed"], tasks["skipped"]) == (6, 1, 3)
    desk.breaks()
    assert desk.call("run", submit_dir).returncode == 0
    assert desk.ran() == once(["s2", "m1", "u1", "end"])
    assert_whole(desk, submit_dir)


def test_a_run_that_has_succeeded_says_which_outputs_are_gone(desk: Lattice) -> None:
    submit_dir = desk.plan()
    assert desk.call("run", submit_dir).returncode == 0
    shutil.rmtree(desk.store() / "data")
    assert desk.call("run", submit_dir).returncode == 0, "they were brought over before"
    (desk.outputs / "end").unlink()
    told = desk.call("run", submit_dir)
    assert told.returncode == 5
    assert "has succeeded, and outputs of it are gone from the store: end\n" in told.stderr
    assert "plan the workflow again" in told.stderr
