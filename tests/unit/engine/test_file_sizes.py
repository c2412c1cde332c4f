"""Sizes that follow from what tasks were given."""

from __future__ import annotations

from typing import Any

import pytest

from pegbatch.engine.statistics.file_sizes import output_sizes_on_record, with_implied_sizes
from pegbatch.model.file_keys import name_in_run
from pegbatch.model.layout import join_url, record_key
from pegbatch.model.records import StoredOutput, record_line
from pegbatch.model.trace import TracedTask
from tests.fakes_store import MemoryStore
from tests.sketched_histories import history, job, ran, task
from tests.task_records import task_record

RUN = "s3://bucket/runs/one"


def named(_: str, lfn: str, url: str) -> str:
    return name_in_run(lfn, url)


def sizes_of(known: dict[str, int], inputs: tuple[str, ...], **execution: Any) -> dict[str, int]:
    seen = history([job("L0")], [task("a")], [ran("a", **execution)])
    one = TracedTask(id="a", transformation="t", argv=("x",), inputs=inputs, outputs=())
    return with_implied_sizes(known, [one], seen)


def test_the_one_input_that_is_not_known_is_what_is_left() -> None:
    assert sizes_of({"f": 3}, ("f", "g"), bytes_in=10) == {"f": 3, "g": 7}


@pytest.mark.parametrize(
    ("inputs", "execution"),
    [
        (("f", "g", "h"), {"bytes_in": 10}),
        (("f", "g"), {"bytes_in": 2}),
        (("f", "g"), {}),
        (("f", "g"), {"bytes_in": 10, "state": "failed"}),
    ],
)
def test_what_does_not_follow_stays_unknown(
    inputs: tuple[str, ...], execution: dict[str, Any]
) -> None:
    assert sizes_of({"f": 3}, inputs, **execution) == {"f": 3}


def test_sizes_of_outputs_are_those_on_the_record_that_counts() -> None:
    store = MemoryStore()
    for try_, state, size in ((1, "succeeded", 3), (2, "failed", 9)):
        output = StoredOutput(lfn="f", url="data/f", size_bytes=size, sha256="0")
        written = task_record("a", try_=try_, state=state, outputs=(output,))
        url = join_url(RUN, record_key("L0", 0, try_, 1))
        store.write(url, record_line(written))
    seen = history([job("L0"), job("stage-in", kind="stage-in", level=None)], [task("a")], run=RUN)
    assert output_sizes_on_record(store, seen, named) == {"f": 3}


def test_files_of_equal_names_in_two_sub_workflows_keep_their_sizes_apart() -> None:
    store = MemoryStore()
    for bag, (id_, size) in enumerate((("s.a", 3), ("t.a", 9))):
        url = f"private/{id_[0]}/f"
        output = StoredOutput(lfn="f", url=url, size_bytes=size, sha256="0")
        written = task_record(id_, bag=bag, outputs=(output,))
        store.write(join_url(RUN, record_key("L0", bag, 1, 1)), record_line(written))
    seen = history([job("L0", size=2)], [task("s.a"), task("t.a", bag=1)], run=RUN)
    assert output_sizes_on_record(store, seen, named) == {"private/s/f": 3, "private/t/f": 9}
