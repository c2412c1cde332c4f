"""The notebook and the page on Python: every line of code in them, run as it stands there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.commands import EXAMPLES, LONGEST, ROOT, embedded_aws

BLOCKS = re.compile(r"^```(python)?\n(.*?)^```\n", re.MULTILINE | re.DOTALL).findall


def said_by(code: str, folder: Path) -> str:
    """Run code in a Python of its own, in a folder."""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """Return a copy of the examples that are run from Python."""
    for name in ("notebook", "black-diamond"):
        shutil.copytree(EXAMPLES / name, tmp_path / name)
    return tmp_path


def test_the_notebook_runs_from_its_first_cell_to_its_last(examples: Path) -> None:
    folder = examples / "notebook"
    book = json.loads((folder / "black-diamond.ipynb").read_text())
    cells = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] for cell in cells)
    # What a notebook shows of a cell is the value of its last line.
    code = "".join(f"{cell['source']}\n" for cell in cells)
    shown = [f"print({line})" for line in ("status.state", "frame.state.tolist()")]
    with embedded_aws(folder / "pegbatch-work"):
        said = said_by(code + "\n".join(shown), folder).splitlines()
    assert said[0] == "L0-preprocess compute 1 []"
    assert said[-2:] == ["succeeded", "['succeeded', 'succeeded', 'succeeded', 'succeeded']"]


def test_the_page_on_python_is_right_word_by_word(examples: Path) -> None:
    folder = examples / "black-diamond"
    blocks = BLOCKS((ROOT / "docs" / "python.md").read_text())
    code = "\n".join(text for language, text in blocks if language)
    promised = "".join(text for language, text in blocks if not language)
    with embedded_aws(folder / "pegbatch-work"):
        assert said_by(code, folder) == promised
