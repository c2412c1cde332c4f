"""`pegbatch debug` as a user types it: one task on this machine, with its real inputs."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pegbatch.model.manifest import IndexLine, format_index_line
from tests.functional.commands import called, embedded_aws, pegbatch, planned

WORKFLOW = """\
pegasus: "5.0"
name: fitting
siteCatalog:
  pegasus: "5.0"
  sites: [{{name: here, directories: []}}]
replicaCatalog:
  pegasus: "5.0"
  replicas: [{{lfn: raw/points.txt, pfns: [{{site: local, pfn: {base}/points.txt}}]}}]
transformationCatalog:
  pegasus: "5.0"
  transformations:
    - name: sh
      sites: [{{name: here, pfn: /bin/sh, type: installed}}]
    - name: fit
      sites: [{{name: local, pfn: {base}/fit.sh, type: stageable}}]
jobs:
  - type: job
    id: model
    name: sh
    arguments: ["-c", "'echo line > model.txt; echo $$ > pid.txt'"]
    uses:
      - {{lfn: model.txt, type: output, stageOut: false}}
      - {{lfn: pid.txt, type: output, stageOut: true}}
  - type: job
    id: fit it
    name: fit
    stdin: raw/points.txt
    stdout: "fit log.txt"
    arguments: ["'two words'"]
    profiles: {{env: {{METHOD: "it's least squares"}}}}
    uses:
      - {{lfn: raw/points.txt, type: input}}
      - {{lfn: model.txt, type: input}}
      - {{lfn: fit log.txt, type: output, stageOut: true}}
"""
FIT = """\
#!/bin/sh
echo "$METHOD: $1: $(cat model.txt) through"
cat
echo no convergence >&2
exit 4
"""


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the submit directory of a run whose last task fails with all its inputs there."""
    base = tmp_path_factory.mktemp("fitting")
    (base / "points.txt").write_text("1 2\n")
    (base / "fit.sh").write_text(FIT)
    (base / "fit.sh").chmod(0o755)
    (base / "workflow.yml").write_text(WORKFLOW.format(base=base))
    with embedded_aws(base / "runs"):
        made = planned(base / "workflow.yml", base / "runs", "--cleanup", "none")
        ran = pegbatch("run", made["submit_dir"], cwd=base)
        assert ran.returncode == 1, ran.stderr
        yield Path(made["submit_dir"])


def told(*words: str | Path) -> tuple[int, dict[str, Any]]:
    code, printed, talk = called("debug", "--json", *words)
    assert code in (0, 1), talk
    return code, json.loads(printed)


def everything_in(folder: Path) -> dict[str, str]:
    """Return the checksum of every file below a folder, but of the lock."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.lock"
    }


def test_a_failed_task_is_reproduced_with_its_inputs_and_its_command(
    fitted: Path, tmp_path: Path
) -> None:
    base = fitted.parents[3]
    before = everything_in(fitted), everything_in(base / "local-aws" / "s3")
    folder = tmp_path / "a folder"
    code, found = told("--into", folder, fitted, "fit it")
    assert (code, found["inputs"], found["ran"]) == (0, 3, None)
    assert (found["record"]["exit_code"], found["folder"]) == (4, str(folder))
    assert (folder / "inputs" / "raw" / "points.txt").read_text() == "1 2\n"
    ran = subprocess.run(["sh", folder / "command.sh"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (4, "no convergence\n")
    said = (folder / "task" / "fit log.txt").read_text()
    assert said == "it's least squares: two words: line through\n1 2\n"
    assert "exit code 4" in (folder / "README.txt").read_text()
    assert (everything_in(fitted), everything_in(base / "local-aws" / "s3")) == before


def test_run_by_its_worker_it_ends_as_on_record(fitted: Path, tmp_path: Path) -> None:
    code, text, _ = called("debug", "--run", "--into", tmp_path / "x", fitted, "fit it")
    assert code == 1
    assert "here:       failed, exit code 4" in text
    assert "stderr | no convergence" in text
    assert "it ended as in the run" in text


def test_outputs_are_held_against_the_record_byte_for_byte(fitted: Path, tmp_path: Path) -> None:
    code, found = told("--run", "--into", tmp_path / "x", fitted, "model")
    assert (code, found["ran"]["state"]) == (0, "succeeded")
    assert found["comparison"]["files"] == {"model.txt": "same", "pid.txt": "differs"}
    assert (tmp_path / "x" / "outputs" / "model.txt").read_text() == "line\n"


def test_an_input_that_a_failed_task_should_have_made_names_that_task(
    half_failed_run: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "x"
    code, _, talk = called("debug", "--into", folder, half_failed_run, "r5")
    assert code == 5
    assert "input sample5.txt is not there: its producer m5 (L0-measure, bag 5) failed" in talk
    assert f"pegbatch debug {half_failed_run} m5" in talk
    assert not folder.exists()


def test_an_input_that_was_cleaned_up_says_so(half_failed_run: Path, tmp_path: Path) -> None:
    code, _, talk = called("debug", "--into", tmp_path / "x", half_failed_run, "r2")
    assert (code, "--cleanup none" in talk) == (5, True)


def test_a_folder_with_something_in_it_is_refused_and_stays_as_it_is(
    half_failed_run: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("mine")
    for place in (tmp_path, tmp_path / "mine"):
        code, _, talk = called("debug", "--into", place, half_failed_run, "m3")
        assert (code, "stays as it is" in talk) == (3, True)
    assert everything_in(tmp_path).keys() == {"mine"}


def test_the_folder_is_called_after_the_task(
    half_failed_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told(half_failed_run, "m3")[1]["folder"] == str(tmp_path / "debug-m3")


@pytest.mark.parametrize("words", [("m33",), ()])
def test_a_task_that_is_none_is_refused(half_failed_run: Path, words: tuple[str, ...]) -> None:
    code, _, talk = called("debug", half_failed_run, *words)
    assert code == (3 if words else 2)
    assert ("did you mean m3?" if words else "nothing in it is named") in talk


@pytest.mark.parametrize("lfn", ["../../evil", "/tmp/evil", "a/../../../evil"])
@pytest.mark.parametrize("key", ["inputs", "outputs", "stdout"])
def test_a_plan_with_names_that_lead_out_of_the_folder_is_refused(
    half_failed_run: Path, tmp_path: Path, lfn: str, key: str
) -> None:
    copy = tmp_path / "copied"
    shutil.copytree(half_failed_run, copy)
    value = lfn if key == "stdout" else [{"lfn": lfn, "url": "data/sample0.txt"}]
    _change_bags(copy / "arrays" / "L0-measure", {key: value})
    code, _, talk = called("debug", "--run", "--into", tmp_path / "x", copy, "m0")
    assert (code, f"file name '{lfn}'" in talk) == (3, True)
    assert not (tmp_path / "x").exists()


def _change_bags(array: Path, change: dict[str, Any]) -> None:
    """Change every task of an array, whose bags are then one member."""
    bags, index = (array.with_name(array.name + end) for end in (".bags.jsonl.gz", ".index"))
    with gzip.open(bags, "rt") as lines:
        rows = [{**json.loads(line), **change} for line in lines]
    member = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    bags.write_bytes(member)
    numbers = sorted({row["bag"] for row in rows})
    lines = (format_index_line(IndexLine(number, 0, len(member))) for number in numbers)
    index.write_bytes(b"".join(lines))
