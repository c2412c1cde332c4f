"""Submit directories of nested runs, brought from the store to be looked at."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pegbatch.adapters.handed_down_folders import handed_down_folders
from pegbatch.adapters.nested_runs import bring_nested, nested_reader
from pegbatch.adapters.remembered_runs import RememberedRuns
from pegbatch.errors import InputError, OutsideError
from pegbatch.model.events import RunEvent
from pegbatch.model.layout import NESTED_FILE, bags_file, index_file, join_url, plan_key
from pegbatch.model.manifest import INDEX_LINE_BYTES
from pegbatch.model.nested import NestedFiles, NestedRun
from pegbatch.model.plan import Plan
from tests.fakes_store import MemoryStore
from tests.nested_trees import inner_plan, known_run, nested_url, put_run

EMPTY_GZIP = bytes.fromhex("1f8b08000000000000ff03000000000000000000")


def put_whole(store: MemoryStore, url: str, plan: Plan) -> None:
    put_run(store, url, plan)
    files = {"verdict.json": b"{}", "braindump.yml": b"{}", "pegasus.properties": b""}
    files |= dict.fromkeys(("uploads.jsonl.gz", "outputs.jsonl.gz"), EMPTY_GZIP)
    for job in plan.jobs[:-1]:
        files[bags_file(job.name)] = EMPTY_GZIP
        files[index_file(job.name)] = b" " * INDEX_LINE_BYTES * job.size
    for name, data in files.items():
        store.write(join_url(url, plan_key(name)), data)


def node(plan: Plan | None, url: str) -> NestedRun:
    files = NestedFiles() if plan is None else NestedFiles(known=known_run(url), plan=plan)
    return NestedRun(id="sub", task="sub", file="w.yml", url=url, files=files)


def bring(store: MemoryStore, run: NestedRun, folder: Path) -> Path:
    base = folder.parents[1]
    brought = bring_nested(
        store, run, folder, base=base, places=(base / "out",), on_moved=lambda count: None
    )
    return brought.path


def test_a_plan_is_brought_once_as_long_as_it_is_the_same(tmp_path: Path) -> None:
    store, url, plan = MemoryStore(), nested_url("sub"), inner_plan()
    put_whole(store, url, plan)
    folder = tmp_path / "run0001" / "nested" / "sub"
    assert bring(store, node(plan, url), folder) == folder
    assert (folder / NESTED_FILE).read_text() == f"{url}\n"
    store.calls.clear()
    bring(store, node(plan, url), folder)
    assert not store.calls
    other = inner_plan("deep")
    put_whole(store, url, other)
    bring(store, node(other, url), folder)
    assert json.loads((folder / "plan.json").read_bytes())["sub_workflows"]
    assert [path.name for path in folder.parent.iterdir()] == ["sub"]


def test_a_plan_that_is_not_whole_leaves_nothing(tmp_path: Path) -> None:
    store, url, plan = MemoryStore(), nested_url("sub"), inner_plan()
    put_run(store, url, plan)
    folder = tmp_path / "run0001" / "nested" / "sub"
    with pytest.raises(InputError, match="never sent"):
        bring(store, node(plan, url), folder)
    assert list(folder.parent.iterdir()) == []


def test_what_has_not_begun_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has not begun") as refused:
        bring(MemoryStore(), node(None, nested_url("sub")), tmp_path / "a" / "b" / "sub")
    assert "pegbatch logs" in str(refused.value)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    store, url, plan = MemoryStore(), nested_url("sub"), inner_plan()
    put_whole(store, url, plan)
    (tmp_path / "run0001").write_text("a file")
    with pytest.raises(OutsideError, match="run0001"):
        bring(store, node(plan, url), tmp_path / "run0001" / "nested" / "sub")


def test_what_was_read_before_is_taken_as_long_as_the_try_is_the_same() -> None:
    store, url = MemoryStore(), nested_url("sub")
    put_run(store, url, inner_plan())
    first = nested_reader(store)(url)
    store.calls.clear()
    again = nested_reader(store, lambda _: replace(first, trouble="kept"))(url)
    assert again.trouble == "kept" and len(store.calls) == 1
    put_run(store, url, inner_plan(), number=2)
    later = nested_reader(store, lambda _: first)(url)
    assert later.known is not None and later.known.number == 2 and not later.tries


def test_output_folders_are_read_from_the_plan_alone(tmp_path: Path) -> None:
    place = tmp_path / "catalogs" / "handed-down.json"
    assert handed_down_folders(tmp_path) == []
    place.parent.mkdir()
    for text in ("{", "[]", '{"scopes": {"": {}}}', '{"scopes": [1]}'):
        place.write_text(text)
        assert handed_down_folders(tmp_path) == []
    folders = ["file:///data/out", "s3://b/out", 7]
    place.write_text(json.dumps({"scopes": {"": {"output_folders": folders}}}))
    assert handed_down_folders(tmp_path) == [Path("/data/out")]


def test_events_are_remembered_in_their_order() -> None:
    first, second = RunEvent(1.0, "uploaded", {"try": 1}), RunEvent(2.0, "seen", {"done": 1})
    runs = RememberedRuns([first])
    with runs.lock():
        runs.append(second)
    assert runs.events() == (first, second) and runs.events(after=1) == (second,)


def test_what_is_brought_is_the_users_alone(tmp_path: Path) -> None:
    store, url, plan = MemoryStore(), nested_url("sub"), inner_plan()
    put_whole(store, url, plan)
    place = bring(store, node(plan, url), tmp_path / "run0001" / "nested" / "sub")
    made = [place.parent, place, *place.rglob("*")]
    assert {path.stat().st_mode & 0o077 for path in made} == {0}
