"""The examples run, from anywhere, to the very bytes that their pages promise."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.functional.commands import EXAMPLES, answer, embedded_aws
from tests.plan_checker import problems_of
from tests.workflow_reader import ReadWorkflow, read_workflow

DIAMOND = EXAMPLES / "black-diamond"
MONTAGE = EXAMPLES / "montage-25"


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    """Lend a folder for runs, with a space in its path."""
    with embedded_aws(tmp_path / "with a space" / "runs") as folder:
        yield folder


def run(example: Path, workflow: str, base: Path) -> dict[str, bytes]:
    """Plan and run an example from another folder; return the delivered files."""
    outputs = base / "outputs"
    plan = answer(
        "plan",
        *("--conf", example / "pegasus.properties"),
        *("--dir", base),
        *("--output-dir", outputs),
        example / workflow,
        cwd=base,
    )
    submit_dir = Path(plan["submit_dir"])
    assert problems_of(submit_dir, example / workflow) == []
    status = answer("run", submit_dir, cwd=base)
    assert status["state"] == "succeeded"
    assert status["tasks"]["succeeded"] == status["tasks"]["total"] == plan["tasks"]
    return {path.name: path.read_bytes() for path in outputs.iterdir()}


def promised(example: Path) -> dict[str, str]:
    """Return the checksums that the example's page promises, by file."""
    lines = re.findall(r"^([0-9a-f]{64})  (\S+)$", (example / "README.md").read_text(), re.M)
    return {name: digest for digest, name in lines}


def checksums(files: dict[str, bytes]) -> dict[str, str]:
    return {name: sha256(data).hexdigest() for name, data in files.items()}


def shape(workflow: ReadWorkflow) -> Counter[tuple[int, str]]:
    """Count the tasks by level and transformation."""
    levels = workflow.levels()
    return Counter((levels[id], task.transformation.lower()) for id, task in workflow.tasks.items())


@pytest.mark.parametrize("workflow", ["diamond.dax", "diamond.yml"])
def test_the_black_diamond_comes_out_as_promised(workflow: str, base: Path) -> None:
    assert checksums(run(DIAMOND, workflow, base)) == promised(DIAMOND)


def test_another_byte_in_the_diamonds_input_is_another_byte_in_every_output(base: Path) -> None:
    example = base / "copy of the diamond"
    shutil.copytree(DIAMOND, example)
    (example / "inputs" / "f.a").write_text("another first file\n")
    changed = checksums(run(example, "diamond.dax", base))
    assert changed.keys() == promised(DIAMOND).keys()
    assert not changed.items() & promised(DIAMOND).items()


def test_montage_25_comes_out_as_promised(base: Path) -> None:
    assert checksums(run(MONTAGE, "montage-25.dax", base)) == promised(MONTAGE)


def test_the_diamonds_two_files_are_the_same_workflow() -> None:
    xml, yaml = (read_workflow(DIAMOND / f"diamond.{kind}") for kind in ("dax", "yml"))
    assert xml.tasks == yaml.tasks
    assert xml.edges() == yaml.edges()


def test_montage_25_has_the_public_shape(shared_data: Path) -> None:
    (public,) = shared_data.glob("github/*/config/dax/Montage_25.xml")
    ours, theirs = read_workflow(MONTAGE / "montage-25.dax"), read_workflow(public)

    assert shape(ours) == shape(theirs)


def test_montage_25_is_what_its_script_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, MONTAGE / "generate.py", tmp_path], check=True)
    written = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {
        path.name: path.read_bytes()
        for path in [MONTAGE / "montage-25.dax", *(MONTAGE / "inputs").iterdir()]
    }
