"""A clean-up child: what it deletes, what it keeps, and that it never fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pegbatch.errors import StoreUnreachable
from pegbatch.model import layout
from pegbatch.worker import clean_up
from tests.run_layout import Line, sh, task
from tests.unit.worker.conftest import Bench


def deletion(*names: str, after: tuple[str, ...] = ("L0",)) -> Line:
    return {"after": list(after), "delete": [layout.data_key(name) for name in names]}


def lay_out(bench: Bench) -> None:
    """Two bags, one task each; files of both, and a clean-up behind them."""
    for name in ("x", "y", "other"):
        bench.run.put(name, b"data")
    bench.run.add_array(
        "L0",
        [task("good", inputs=["x"])],
        [sh("bad", "exit 3", inputs=["y"], outputs=["made"])],
    )
    bench.run.add_array("clean-up-0", [deletion("x", "y", "made"), deletion("gone")])


def test_what_all_have_used_is_deleted_and_nothing_else(bench: Bench) -> None:
    lay_out(bench)
    assert bench.child(index="0") == 0
    assert bench.child("clean-up-0", kind="clean-up") == 0
    assert bench.run.get("x") is None
    assert bench.run.get("other") == b"data"


def test_files_of_a_task_that_failed_are_kept_until_a_later_try_succeeds(bench: Bench) -> None:
    lay_out(bench)
    assert bench.child(index="1") == 0
    assert bench.child("clean-up-0", kind="clean-up") == 0
    assert (bench.run.get("x"), bench.run.get("y")) == (None, b"data")
    assert "keeping 2 of tasks that have not succeeded" in bench.run.log("clean-up-0", 0)

    bench.run.add_array("L0", [task("good", inputs=["x"])], [task("bad", inputs=["y"])])
    bench.run.add_try("L0", 2, [1])
    bench.run.add_try("clean-up-0", 2, [0])
    assert bench.child("L0.t2", number="2") == 0
    assert bench.child("clean-up-0.t2", number="2", kind="clean-up") == 0
    assert bench.run.get("y") is None


def test_files_of_a_task_whose_record_cannot_be_read_are_kept(bench: Bench) -> None:
    lay_out(bench)
    assert bench.child(index="1") == 0
    bench.store.write(bench.run.url(layout.record_key("L0", 1, 1, 1)), b"torn")
    assert bench.child("clean-up-0", kind="clean-up") == 0
    assert bench.run.get("y") == b"data"


def test_failures_of_arrays_that_do_not_use_the_files_are_no_reason_to_keep_them(
    bench: Bench,
) -> None:
    lay_out(bench)
    bench.run.add_array("L9", [sh("late", "exit 1", inputs=["x"])])
    assert bench.child("L9") == 0
    assert bench.child("clean-up-0", kind="clean-up") == 0
    assert bench.run.get("x") is None


def test_after_the_verdict_no_record_is_asked_for(bench: Bench) -> None:
    bench.run.put("x", b"data")
    bench.run.add_array("clean-up", [deletion("x", after=())])
    assert bench.child("clean-up", kind="clean-up") == 0
    assert bench.run.get("x") is None


def test_with_very_many_failures_everything_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clean_up, "MARKS_MAX", 0)
    lay_out(bench)
    assert bench.child(index="1") == 0
    assert bench.child("clean-up-0", kind="clean-up") == 0
    assert bench.run.get("x") == b"data"


@pytest.mark.parametrize("operation", ["read", "list", "delete", "upload"])
def test_a_store_that_does_not_answer_is_no_failure(
    faulty: Callable[[Callable[[str, str], None]], Bench], operation: str
) -> None:
    broken = False

    def before(name: str, url: str) -> None:
        if broken and name == operation:
            raise StoreUnreachable("the store is gone", where=url)

    bench = faulty(before)
    lay_out(bench)
    broken = True
    assert bench.child("clean-up-0", kind="clean-up") == 0


def test_a_bag_that_cannot_be_read_is_no_failure(bench: Bench) -> None:
    assert bench.child("no-such", kind="clean-up") == 0
    bench.store.write(bench.run.url(layout.plan_key(layout.index_file("bad"))), b"nonsense")
    assert bench.child("bad", kind="clean-up") == 0
    bench.run.add_array("odd", [{"some": "thing"}])
    assert bench.child("odd", kind="clean-up") == 0
    assert "a bug" in bench.run.log("odd", 0)


def test_a_child_that_is_told_to_end_leaves_the_rest_and_is_no_failure(bench: Bench) -> None:
    lay_out(bench)
    bench.stop.ask()
    assert bench.child("clean-up-0", kind="clean-up") == 0
    assert bench.run.get("x") == b"data"


def test_a_child_without_a_folder_is_no_failure(bench: Bench) -> None:
    lay_out(bench)
    bench.folder.rmdir()
    bench.folder.write_text("in the way")
    assert bench.child("clean-up-0", kind="clean-up") == 0


def test_a_clean_up_child_leaves_no_records_and_no_mark(bench: Bench) -> None:
    lay_out(bench)
    bench.child("clean-up-0", kind="clean-up")
    assert not bench.run.marks()
    assert not [url for url in bench.store.objects if "/records/clean-up" in url]
