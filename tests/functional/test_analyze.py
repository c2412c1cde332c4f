"""`pegbatch analyze` as a user types it, on runs that have ended."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.functional.commands import called
from tests.functional.seen_runs import BAD_SAMPLES, MENDED


def told(*words: str | Path) -> dict[str, Any]:
    code, printed, talk = called("analyze", "--json", *words)
    assert code in (0, 1), talk
    found: dict[str, Any] = json.loads(printed)
    return found


def test_a_half_failed_run_is_told_kind_by_kind_with_what_it_took_along(
    half_failed_run: Path,
) -> None:
    found = told(half_failed_run)
    kinds = {group["ids"][0]: group for group in found["failures"]}
    assert {task: group["kind"] for task, group in kinds.items()} == {
        "m3": "exit-code",
        "m5": "exit-code",
        "m7": "signal",
        "m9": "missing-output",
        "m11": "command-not-found",
    }
    assert kinds["m5"]["sentence"] == "exit code 3: sample 5 is not calibrated"
    assert kinds["m11"]["sentence"] == "exit code 127: ./no-such-program was not found"
    assert "sample9.txt" in kinds["m9"]["sentence"]
    assert (found["failed"], found["mended"]) == (len(BAD_SAMPLES) - 1, 1)
    assert (found["skipped"], found["unexplained"]) == (found["tasks"]["skipped"], 0)
    assert sum(group["skipped"] for group in found["failures"]) == found["skipped"]
    assert kinds["m3"]["executions"] == 4 and kinds["m3"]["example"]["attempt"] == 2


def test_the_text_names_what_to_type_next(half_failed_run: Path) -> None:
    code, text, _ = called("analyze", half_failed_run)
    lines = [line.split() for line in text.splitlines()]
    assert code == 1
    assert ["debug", "pegbatch", "debug", str(half_failed_run), "m3"] in lines
    assert ["read", "pegbatch", "logs", str(half_failed_run), "m3"] in lines
    assert text.splitlines()[-1].endswith(f": pegbatch run {half_failed_run}")
    assert "stderr   | reading block 7" in text


def test_a_task_that_was_skipped_leads_to_the_one_that_failed(half_failed_run: Path) -> None:
    found = told(half_failed_run, "gather")
    assert (found["state"], found["root"]) == ("skipped", "m3")
    assert "its producer r3 was skipped itself" in found["cause"]["sentence"]
    assert len(found["executions"]) == 2
    assert told(half_failed_run, MENDED)["state"] == "succeeded"


def test_an_array_can_be_asked_for_and_a_misspelt_one_is_guessed(half_failed_run: Path) -> None:
    assert len(told(half_failed_run, "L0-measure")["failures"]) == 5
    assert told(half_failed_run, "L1-refine")["failures"] == []
    code, _, talk = called("analyze", half_failed_run, "L0-measur")
    assert (code, "did you mean L0-measure?" in talk) == (3, True)


def test_in_a_submit_directory_a_word_alone_is_a_task(
    half_failed_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(half_failed_run)
    assert told("m7")["id"] == "m7"
    assert told(os.curdir)["failed"] == len(BAD_SAMPLES) - 1


def test_a_healthy_run_has_nothing_to_tell_and_ends_with_0(healthy_run: Path) -> None:
    code, text, _ = called("analyze", healthy_run)
    assert (code, text.splitlines()[-1]) == (0, "nothing is left that failed")


def test_a_child_that_was_killed_without_a_word_is_told_in_words(lost_children_run: Path) -> None:
    found = told(lost_children_run)
    (group,) = found["failures"]
    assert (group["kind"], group["ids"], group["skipped_ids"]) == ("memory", ["d1"], ["after"])
    assert "exit code 137, SIGKILL" in group["sentence"]
    assert "it asked for 2,048 MiB" in group["sentence"]
    assert group["example"]["log_stream"]
    assert told(lost_children_run, "d1")["state"] == "lost"


def test_no_directory_of_a_plan_is_a_bad_input(tmp_path: Path) -> None:
    code, _, talk = called("analyze", tmp_path)
    assert (code, "not a submit directory" in talk) == (3, True)
    assert called("analyze", "s3://bucket/run")[0] == 2
