"""What `debug` prints."""

from __future__ import annotations

from dataclasses import replace

from pegbatch.model.records import StoredOutput, TaskRecord
from pegbatch.model.reproduction import Reproduction
from pegbatch.report.debug_text import FILES_SHOWN, reproduction_text
from tests.task_records import task_record

RECORD = task_record(
    "t1",
    state="failed",
    reason="exit code 3\nmore",
    exit_code=3,
    start=10.0,
    end=12.0,
    max_rss_mib=26.0,
)
FOUND = Reproduction(
    id="t1",
    transformation="lab::t:1.0",
    array="L0",
    bag=0,
    folder="/tmp/a b",
    files=2,
    size_bytes=2048,
    record=RECORD,
)


def test_what_was_laid_down_is_told_with_what_to_type() -> None:
    assert reproduction_text(FOUND).splitlines() == [
        "t1 (lab::t:1.0), L0 bag 0: in /tmp/a b",
        "  inputs: 2 files, 2.0 KiB",
        "  in the run: failed, exit code 3, 2.0 s, 26 MiB",
        "  run it: sh '/tmp/a b'/command.sh",
        "  read:   '/tmp/a b'/README.txt",
    ]


def test_another_end_than_in_the_run_is_said() -> None:
    ran = replace(RECORD, exit_code=4, reason="exit code 4", stderr_tail="a\x1b[1m\nb\n")
    text = reproduction_text(replace(FOUND, ran=ran))
    assert "  here:       failed, exit code 4" in text
    assert "    stderr | a\\u001b[1m\n    stderr | b\n" in text
    assert "it ended otherwise in the run" in text


def test_without_a_record_there_is_nothing_to_compare() -> None:
    text = reproduction_text(replace(FOUND, record=None, ran=RECORD))
    assert "in the run: no record" in text
    assert "nothing on record to compare that with" in text
    skipped = replace(RECORD, state="skipped", exit_code=None)
    assert "it ended" not in reproduction_text(replace(FOUND, record=skipped, ran=RECORD))


def test_of_many_outputs_that_differ_the_first_are_named() -> None:
    def made(sha256: str) -> TaskRecord:
        outputs = tuple(
            StoredOutput(lfn=f"f{number}", url="", size_bytes=1, sha256=sha256)
            for number in range(FILES_SHOWN + 3)
        )
        return replace(RECORD, state="succeeded", reason="", exit_code=0, outputs=outputs)

    text = reproduction_text(replace(FOUND, record=made("1"), ran=made("2")))
    assert f"outputs: 0 of {FILES_SHOWN + 3} are byte for byte what the run has" in text
    assert text.count("    differs: ") == FILES_SHOWN
    assert "    … and 3 more" in text
