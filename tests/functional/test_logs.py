"""`pegbatch logs`: a task's part, a child's log, those of an array, merged, and as they come."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.functional.commands import LONGEST, ROOT, called, embedded_aws, pegbatch
from tests.functional.seen_runs import PARTS, SAMPLES


def test_without_a_word_it_lists_the_logs_of_each_array(healthy_run: Path) -> None:
    code, printed, _ = called("logs", healthy_run, "--json")
    arrays = {one["name"]: one for one in json.loads(printed)["arrays"]}
    assert code == 0
    assert arrays["L1-work"]["logs"] == arrays["L1-work"]["children"] == PARTS
    assert arrays["verdict"]["bytes"] > 0
    _, table, told = called("logs", healthy_run)
    assert "L1-work" in table
    assert "next: pegbatch logs" in told


def test_a_task_is_shown_without_its_fellows(healthy_run: Path) -> None:
    code, printed, told = called("logs", healthy_run, "join2")
    assert code == 0
    assert printed.splitlines()[:2] == ["=== task join2 lab::join:1.0", "joined whole2"]
    assert "join3" not in printed
    assert "L2-join:1, attempt 1" in told


def test_a_childs_log_is_shown_whole_and_those_of_an_array_with_names(healthy_run: Path) -> None:
    _, child, _ = called("logs", healthy_run, "L2-join:1")
    assert child.startswith("array L2-join bag 1 try 1 attempt 1 of ")
    assert {"joined whole2", "joined whole3"} < set(child.splitlines())
    _, array, _ = called("logs", healthy_run, "L2-join")
    assert [line for line in array.splitlines() if line.startswith("L2-join:1 | ")] == [
        f"L2-join:1 | {line}" for line in child.splitlines()
    ]


def test_from_within_the_submit_directory_a_word_is_enough(healthy_run: Path) -> None:
    ended = pegbatch("logs", "join0", cwd=healthy_run)
    assert ended.returncode == 0
    assert "joined whole0\n" in ended.stdout


def test_the_newest_attempt_is_shown_and_others_on_request(half_failed_run: Path) -> None:
    _, newest, told = called("logs", half_failed_run, "m3")
    assert "try 2, attempt 2" in told
    assert "checksum of block 7 is wrong\n" in newest
    _, first, _ = called("logs", half_failed_run, "m3", "--try", 1, "--attempt", 1)
    assert "trying again" in first
    _, whole, _ = called("logs", half_failed_run, "L0-measure:3", "--attempt", 2, "--json")
    (log,) = json.loads(whole)["logs"]
    assert (log["bag"], log["try"], log["attempt"], log["source"]) == (3, 2, 2, "store")
    code, _, why = called("logs", half_failed_run, "m3", "--try", 4)
    assert code == 3
    assert "--try 2 --attempt 2" in why


def test_what_is_not_there_is_named_with_what_looks_like_it(half_failed_run: Path) -> None:
    for word, hint in (
        ("m33", "did you mean m3"),
        ("measure", "its tasks run in L0-measure"),
        ("L0-measure:12", "its children are 0 to 11"),
        ("L0-measure:x", "there is no task, array or child"),
    ):
        code, printed, told = called("logs", half_failed_run, word)
        assert (code, printed) == (3, "")
        assert hint in told


def test_a_lost_child_is_read_from_cloudwatch(lost_children_run: Path) -> None:
    _, printed, told = called("logs", lost_children_run, "d1")
    assert printed == "=== task d1 lab::doomed:1.0\n"
    assert "from CloudWatch Logs" in told
    _, nothing, why = called("logs", lost_children_run, "after")
    assert nothing == ""
    assert "after has said nothing: it did not run" in why


def test_all_logs_are_merged_in_order(
    half_failed_run: Path, lost_children_run: Path, tmp_path: Path
) -> None:
    merged = tmp_path / "all.log"
    _, printed, _ = called("logs", half_failed_run, "--merge", merged, "--json")
    text = merged.read_text()
    titles = [line for line in text.splitlines() if line.startswith("==> ")]
    told = json.loads(printed)
    assert told == {"file": str(merged), "logs": len(titles), "bytes": len(text.encode())}
    assert titles[0] == "==> L0-measure:0, try 1, attempt 1 <=="
    of_three = [line for line in titles if line.startswith("==> L0-measure:3,")]
    attempts = [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert of_three == [f"==> L0-measure:3, try {t}, attempt {a} <==" for t, a in attempts]
    bags = [int(line.split(":")[1].split(",")[0]) for line in titles if "L0-measure" in line]
    assert sorted(set(bags)) == list(range(SAMPLES))
    assert bags == sorted(bags)

    called("logs", lost_children_run, "L0-doomed", "--merge", merged)
    assert "==> L0-doomed:1, try 1, attempt 1 <==\n" in merged.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["all.log"]


def test_options_that_contradict_each_other_are_refused(healthy_run: Path) -> None:
    for words in (
        ("join0", "--follow", "--json"),
        ("join0", "--follow", "--attempt", 1),
        ("--follow",),
        ("--merge", "x", "--raw"),
    ):
        code, printed, told = called("logs", healthy_run, *words)
        assert code == 2
        assert "joined" not in printed + told


def test_a_file_that_cannot_be_written_is_named(healthy_run: Path, tmp_path: Path) -> None:
    target = tmp_path / "no-such-folder" / "all.log"
    code, _, told = called("logs", healthy_run, "--merge", target)
    assert code == 5
    assert str(target) in told


def test_a_merged_file_takes_the_place_of_no_other(healthy_run: Path, tmp_path: Path) -> None:
    kept = tmp_path / "workflow.yml"
    kept.write_bytes(b"precious\n")
    link = tmp_path / "link.log"
    link.symlink_to(kept)
    for target in (kept, link):
        code, printed, told = called("logs", healthy_run, "--merge", target)
        assert (code, printed) == (2, "")
        assert f"{target}: --merge would replace this file" in told
    assert kept.read_bytes() == b"precious\n"


def test_to_follow_what_has_ended_is_to_read_it(healthy_run: Path) -> None:
    code, printed, _ = called("logs", healthy_run, "join1", "--follow")
    assert code == 0
    assert "joined whole1\n" in printed


TALK = """#!/bin/sh
printf 'first words of %s \\033[31mred\\033[0m\\n' "$1"
while [ "$1" = talk ] && ! test -e BASE/gate; do sleep 0.05; done
if [ "$1" = talk ] && ! test -e BASE/once; then touch BASE/once; echo gives up >&2; exit 3; fi
echo last words of "$1"
"""


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a submit directory with three tasks in one array; one waits for a gate, and fails."""
    with embedded_aws(tmp_path_factory.mktemp("talking")) as base:
        script = base / "talk.sh"
        script.write_text(TALK.replace("BASE", str(base)))
        script.chmod(0o755)
        (base / "workflow.yml").write_text(_workflow(script))
        words = ("--dir", base, "--sites", "here", "-Ddagman.retry=1", "--json")
        planned = pegbatch("plan", *words, base / "workflow.yml", cwd=base)
        assert planned.returncode == 0, planned.stderr
        yield Path(json.loads(planned.stdout)["submit_dir"])


def _workflow(script: Path) -> str:
    site = {"name": "here", "pfn": str(script), "type": "installed"}
    jobs: list[dict[str, Any]] = [
        {"type": "job", "id": name, "name": "say", "arguments": [name], "uses": []}
        for name in ("talk", "quick1", "quick2")
    ]
    return json.dumps(
        {
            "pegasus": "5.0",
            "name": "talking",
            "siteCatalog": {"pegasus": "5.0", "sites": [{"name": "here", "directories": []}]},
            "transformationCatalog": {
                "pegasus": "5.0",
                "transformations": [{"name": "say", "sites": [site]}],
            },
            "jobs": jobs,
        }
    )


@contextmanager
def _follower(submit_dir: Path, word: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Follow in a process of its own, which ends with the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "pegbatch", "logs", str(submit_dir), word, "--follow", *options],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_lines_are_followed_as_they_come_and_over_attempts(talking: Path) -> None:
    base = talking.parents[3]
    assert pegbatch("run", talking, "--detach", cwd=base).returncode == 0
    with _follower(talking, "talk", "--raw") as task, _follower(talking, "L0-say") as array:
        assert task.stdout is not None and task.stderr is not None
        begun = [task.stdout.readline() for _ in range(2)]
        # It said so while it waits for the gate: nothing of its log is in the store yet.
        if begun != ["=== task talk say\n", "first words of talk \x1b[31mred\x1b[0m\n"]:
            task.kill()
            pytest.fail(f"{begun}\n{task.stderr.read()}")
        (base / "gate").touch()
        printed, told = task.communicate(timeout=LONGEST)
        lines, _ = array.communicate(timeout=LONGEST)
    assert task.returncode == array.returncode == 0
    assert "gives up\n--- task talk failed" in printed
    assert printed.count("first words of talk") == 1
    assert "last words of talk\n--- task talk succeeded" in printed
    assert [line for line in told.splitlines() if "attempt" in line] == [
        "pegbatch: L0-say:0, attempt 1",
        "pegbatch: L0-say:0, attempt 2",
    ]
    said = set(lines.splitlines())
    assert "L0-say:0 attempt 2 | last words of talk" in said
    assert {f"L0-say:{n} | last words of quick{n}" for n in (1, 2)} < said
    assert r"L0-say:0 | first words of talk \u001b[31mred\u001b[0m" in said
    assert len(said) == len(lines.splitlines())
