"""What is shown of a task besides its log: the ends of its files, or what its record keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegbatch.cli.logs.printing import LogPrinter
from pegbatch.cli.logs.showing import Choice, show_logs
from pegbatch.model.layout import log_key, record_key
from pegbatch.model.logs import LoggedTask
from pegbatch.model.records import record_line
from tests.fakes import FakeClock
from tests.fakes_store import MemoryStore
from tests.task_records import task_record
from tests.unit.cli.test_log_following import RUN, Account, desk

LOG = b"=== task a t\nsaid\n--- task a failed after 0.0 s: exit code 4\n"


def task(id_: str, stdout: str | None) -> LoggedTask:
    fellows = (("a", "t"), ("b", "t"))
    return LoggedTask(
        id=id_, transformation="t", array="L0", bag=1, stdout=stdout, bag_fellows=fellows
    )


def shown(
    folder: Path, wanted: LoggedTask, capsys: pytest.CaptureFixture[str]
) -> tuple[str, str, MemoryStore]:
    at = desk(folder, Account(), FakeClock())
    assert isinstance(at.store, MemoryStore)
    at.store.put_bare(f"{RUN}/{log_key('L0', 1, 1, 1)}", LOG)
    failed = {"bag": 1, "state": "failed", "reason": "exit code 4", "exit_code": 4}
    records = (task_record(id, **failed, stdout_tail=f"file of {id}\n") for id in "ba")
    lines = b"".join(record_line(one) for one in records)
    at.store.put_bare(f"{RUN}/{record_key('L0', 1, 1, 1)}", lines)
    show_logs(at, wanted, Choice(), LogPrinter())
    told = capsys.readouterr()
    return told.out, told.err, at.store


def test_the_end_of_a_stream_that_went_to_a_file_stands_below_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed, _, _ = shown(tmp_path, task("a", "out.txt"), capsys)
    title = "=== the end of stdout, which went to the file out.txt\n"
    assert printed == f"{LOG.decode()}{title}file of a\n"


def test_without_such_a_file_no_record_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed, _, store = shown(tmp_path, task("a", None), capsys)
    assert printed == LOG.decode()
    assert [url for url in store.called("read") if "/records/" in url] == []


def test_a_task_that_is_in_no_log_is_shown_from_its_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed, said, _ = shown(tmp_path, task("b", None), capsys)
    assert printed == "=== task b failed: exit code 4\n=== the end of stdout\nfile of b\n"
    assert "of which only the record is left" in said
