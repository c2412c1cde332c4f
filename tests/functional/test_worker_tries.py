"""Children of later tries as real processes, each array with an index made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegbatch.adapters.store import store_from_environment
from tests.functional.worker_process import Site
from tests.run_layout import Line, RunLayout, sh

GOOD_LATER = 'test "$PEGBATCH_TRY" -ge 2 || exit 3; '


@pytest.fixture
def site(tmp_path: Path) -> Site:
    environment = {"PEGBATCH_S3_DIRECTORY": str(tmp_path / "buckets")}
    store = store_from_environment(environment)
    made = Site(RunLayout(store, "s3://bucket/a run"), environment, tmp_path / "container")
    made.prepare()
    return made


def child(site: Site, array: str, number: int = 1, **variables: str) -> tuple[int, str]:
    return site.child(array, **{"try": str(number)}, **variables)


def chain(site: Site, bag: int) -> list[Line]:
    """Return two tasks of which the second reads what the first made, and fails in the first try.

    Each counts its executions in a file outside of the run.
    """
    count = f"echo >>{site.folder.parent}/ran.$0{bag}; "
    first = sh(f"make{bag}", f"{count}echo made {bag} >m{bag}", outputs=[f"m{bag}"])
    second = sh(
        f"use{bag}",
        f"{count}{GOOD_LATER}tr a-z A-Z <m{bag} >u{bag}",
        inputs=[f"m{bag}"],
        outputs=[f"u{bag}"],
    )
    return [{**line, "argv": [*line["argv"], line["id"][:-1]]} for line in (first, second)]


def runs(site: Site) -> dict[str, int]:
    """Return how often each task was executed."""
    counted = site.folder.parent.glob("ran.*")
    return {path.name.removeprefix("ran."): len(path.read_text()) for path in counted}


def test_children_of_a_later_try_run_the_bags_of_its_index_and_nothing_twice(site: Site) -> None:
    run = site.run
    run.add_array("L0", *(chain(site, bag) for bag in range(4)))
    for bag in "0123":
        assert child(site, "L0", index=bag)[0] == 0
    assert run.marks() == [f"L0/{bag}.1.1.0" for bag in range(4)]
    run.add_try("L0", 2, [1, 3])
    for number, bag in enumerate((1, 3)):
        code, said = child(site, "L0.t2", 2, index=str(number))
        assert (code, run.get(f"u{bag}")) == (0, f"MADE {bag}\n".encode())
        assert f"bag {bag} try 2 attempt 1" in said
        assert run.states("L0", bag, number=2) == {f"use{bag}": "succeeded"}
        assert run.log("L0", bag, number=2) == said
    assert run.get("u0") is None
    assert runs(site) == {
        "make0": 1, "use0": 1, "make1": 1, "use1": 2, "make2": 1, "use2": 1, "make3": 1, "use3": 2,
    }  # fmt: skip


def test_a_plain_job_of_a_later_try_runs_the_one_bag_of_its_index(site: Site) -> None:
    site.run.add_array("L0", *(chain(site, bag) for bag in range(3)))
    child(site, "L0", index="2")
    site.run.add_try("L0", 12, [2])
    assert child(site, "L0.t12", 12)[0] == 0
    assert site.run.get("u2") == b"MADE 2\n"
    assert site.run.marks() == ["L0/2.1.1.0", "L0/2.12.0.0"]


def test_three_tries_end_in_a_good_verdict_and_nothing_left_over(site: Site) -> None:
    run = site.run
    fails_twice = 'test "$PEGBATCH_TRY" = 3 || exit 1; '
    run.add_array(
        "L0",
        [sh("a", GOOD_LATER + "echo a >fa", outputs=["fa"])],
        [sh("b", fails_twice + "echo b >fb", outputs=["fb"])],
    )
    run.add_array(
        "L1",
        [sh("c", "cat fa >fc", inputs=["fa"], outputs=["fc"], after=[("L0", 0, "a")])],
        [sh("d", "cat fb >fd", inputs=["fb"], outputs=["fd"], after=[("L0", 1, "b")])],
    )
    run.add_array("L2", [sh("e", "cat fc >fe", inputs=["fc"], outputs=["fe"],
                            after=[("L1", 0, "c"), ("L1", 1, "d")])])  # fmt: skip
    run.add_verdict()
    files = ["data/fa", "data/fb", "data/fc", "data/fd"]
    run.add_array("clean-up-1", [{"after": ["L0", "L1", "L2"], "delete": files}])
    tried = {1: ([0, 1], [0, 1]), 2: ([0, 1], [0, 1]), 3: ([1], [1])}
    verdicts, left = [], []
    for number, (first, second) in tried.items():
        end = "" if number == 1 else f".t{number}"
        for array, bags in (("L0", first), ("L1", second), ("L2", [0]), ("clean-up-1", [0])):
            if number > 1:
                run.add_try(array, number, bags)
            kind = "clean-up" if array == "clean-up-1" else "compute"
            for index in range(len(bags)):
                code, said = child(site, array + end, number, index=str(index), job_kind=kind)
                assert code == 0, said
        verdicts.append(child(site, f"verdict{end}", number, job_kind="verdict"))
        left.append([name for name in ("fa", "fb", "fc", "fd") if run.get(name) is not None])
    assert [code for code, _ in verdicts] == [1, 1, 0]
    assert "0 of 5 tasks succeeded, 2 failed, 3 skipped" in verdicts[0][1]
    assert "2 of 5 tasks succeeded, 1 failed, 2 skipped" in verdicts[1][1]
    assert "5 of 5 tasks" in verdicts[2][1]
    # c is made in the second try and kept for e, which waits for d until the third.
    assert left == [[], ["fc"], []]
    assert run.get("fe") == b"a\n"
