"""Tries in a submit directory: written whole, read back, pointing at the plan's own bags."""

from __future__ import annotations

import gzip
import json
import stat
from pathlib import Path

import pytest

from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.errors import InputError, OutsideError
from pegbatch.model.manifest import parse_index_line
from pegbatch.model.plan import plan_to_json
from pegbatch.model.tries import Missing
from pegbatch.planner.remainder import remainder
from tests import plans
from tests.fakes_store import MemoryStore
from tests.plans import job
from tests.run_layout import RunLayout, task

PLAN = plans.plan(job("a", size=4, tasks=6), job("verdict", "a", kind="verdict"))
NEXT = remainder(PLAN, {"a": Missing((1, 3), 2)}, 2, succeeded=())


@pytest.fixture
def directory(tmp_path: Path) -> SubmitDirectory:
    """Return a submit directory with an array of four bags."""
    run = RunLayout(MemoryStore(), "s3://b/run")
    run.add_array("a", *([task(f"t{bag}.{n}") for n in range(1 + bag % 2)] for bag in range(4)))
    (tmp_path / "arrays").mkdir()
    (tmp_path / "plan.json").write_text(json.dumps(plan_to_json(PLAN)))
    for name in ("a.index", "a.bags.jsonl.gz"):
        (tmp_path / "arrays" / name).write_bytes(run.get_key(f"plan/arrays/{name}") or b"")
    return SubmitDirectory(tmp_path)


def test_the_index_of_a_try_points_at_the_bags_of_the_plan(directory: SubmitDirectory) -> None:
    directory.write_try(NEXT)
    index = (directory.path / "arrays/a.t2.index").read_bytes()
    bags = (directory.path / "arrays/a.bags.jsonl.gz").read_bytes()
    lines = [parse_index_line(index[start : start + 37]) for start in range(0, len(index), 37)]
    ids = [
        [json.loads(row)["id"] for row in gzip.decompress(bags[at : at + length]).splitlines()]
        for _, at, length in lines
    ]
    assert ids == [["t1.0", "t1.1"], ["t3.0", "t3.1"]]
    assert [line.bag for line in lines] == [1, 3]
    assert not (directory.path / "arrays/verdict.t2.index").exists()


def test_tries_are_read_back_in_order_and_sent_with_the_plan(directory: SubmitDirectory) -> None:
    assert directory.tries() == {}
    later = {
        number: remainder(PLAN, {"a": Missing((0,), 1)}, number, succeeded=())
        for number in (2, 3, 10)
    }
    for number in (10, 2, 3):
        directory.write_try(later[number])
    (directory.path / "tries/notes.json").write_text("by hand")
    assert directory.tries() == later
    assert list(directory.tries()) == [2, 3, 10]
    (directory.path / "arrays/a.t11.index.unfinished").touch()
    for name in ("uploads.jsonl.gz", "outputs.jsonl.gz"):
        (directory.path / name).write_bytes(gzip.compress(b""))
    (directory.path / "verdict.json").write_text("{}")
    urls = [item.url for item in directory.uploads("s3://b/run", Path("worker"))]
    for key in ("tries/2.json", "tries/10.json", "arrays/a.t3.index"):
        assert urls.count(f"s3://b/run/plan/{key}") == 1
    assert not any("unfinished" in url or "notes" in url for url in urls)


def test_files_of_a_try_are_their_owners_alone(directory: SubmitDirectory) -> None:
    directory.write_try(NEXT)
    for name in ("tries/2.json", "arrays/a.t2.index"):
        assert stat.S_IMODE((directory.path / name).stat().st_mode) == 0o600


def test_a_try_that_is_written_again_is_the_new_one(directory: SubmitDirectory) -> None:
    directory.write_try(NEXT)
    other = remainder(PLAN, {"a": Missing((0, 1, 2), 4)}, 2, succeeded=())
    directory.write_try(other)
    assert directory.tries() == {2: other}
    assert (directory.path / "arrays/a.t2.index").stat().st_size == 3 * 37
    assert not list(directory.path.rglob("*.unfinished"))


def test_what_cannot_be_written_is_named_and_there_is_no_try(directory: SubmitDirectory) -> None:
    (directory.path / "arrays/a.t2.index.unfinished").mkdir()
    with pytest.raises(OutsideError, match=r"arrays/a\.t2\.index"):
        directory.write_try(NEXT)
    assert directory.tries() == {}


def test_where_the_list_cannot_be_written_there_is_no_try(directory: SubmitDirectory) -> None:
    (directory.path / "tries").write_text("in the way")
    with pytest.raises(OutsideError, match="tries"):
        directory.write_try(NEXT)
    assert directory.tries() == {}


def test_ids_of_bags_come_in_the_order_asked_for(directory: SubmitDirectory) -> None:
    assert list(directory.bag_ids("a", [3, 0])) == [(3, ("t3.0", "t3.1")), (0, ("t0.0",))]


def test_a_member_with_several_bags_is_read_for_each(directory: SubmitDirectory) -> None:
    rows = [{"bag": 0, "id": "x"}, {"bag": 0, "id": "y"}, {"bag": 1, "id": "z"}]
    member = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    (directory.path / "arrays/m.bags.jsonl.gz").write_bytes(member)
    line = b"%010d %014d %010d\n"
    index = b"".join(line % (bag, 0, len(member)) for bag in (0, 1))
    (directory.path / "arrays/m.index").write_bytes(index)
    assert list(directory.bag_ids("m", [0, 1])) == [(0, ("x", "y")), (1, ("z",))]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.index", b"short"),
        ("a.index", b"%010d %014d %010d\n" % (9, 0, 5) * 4),
        ("a.index", b"%010d %014d %010d\n" % (1, 0, 5)),
        ("a.bags.jsonl.gz", gzip.compress(b'{"bag": 0}\n', mtime=0)),
        ("a.bags.jsonl.gz", b"no gzip at all, for sure"),
        ("a.bags.jsonl.gz", None),
        ("a.index", None),
    ],
)
def test_a_damaged_plan_is_named(directory: SubmitDirectory, name: str, data: bytes | None) -> None:
    path = directory.path / "arrays" / name
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        list(directory.bag_ids("a", [0, 1]))


@pytest.mark.parametrize("text", ["", "{", '{"format": 9}', '{"format": 1, "try": 2}'])
def test_a_damaged_list_of_a_try_is_named(directory: SubmitDirectory, text: str) -> None:
    directory.write_try(NEXT)
    (directory.path / "tries/2.json").write_text(text)
    with pytest.raises(InputError, match=r"tries/2\.json"):
        directory.tries()
