"""`pegbatch graph` of runs: what is drawn, in which colours, and what is refused."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from tests.functional.commands import EXAMPLES, ROOT, called
from tests.functional.seen_runs import BAD_SAMPLES, MENDED, SAMPLES

DIAMOND = EXAMPLES / "black-diamond" / "diamond.dax"
SPACE = {"s": "http://www.w3.org/2000/svg"}
PNG = b"\x89PNG\r\n\x1a\n"


def boxes(*words: str | Path) -> dict[str, tuple[str, list[str]]]:
    """Draw as SVG; return by the first line of each box its class and its other lines."""
    code, printed, said = called("graph", "-f", "svg", *words)
    assert code == 0, said
    groups = etree.fromstring(printed.encode()).findall("s:g", SPACE)
    texts = [[text.text for text in group.findall("s:text", SPACE)] for group in groups]
    classes = [group.find("s:rect", SPACE).get("class") for group in groups]
    return {lines[0]: (name, lines[1:]) for name, lines in zip(classes, texts, strict=True)}


def test_the_tasks_of_a_half_failed_run_have_the_colours_of_their_states(
    half_failed_run: Path,
) -> None:
    drawn = boxes("--of", "tasks", half_failed_run)
    bad = set(BAD_SAMPLES) - {MENDED}
    for number in range(SAMPLES):
        state = "failed" if f"m{number}" in bad else "succeeded"
        behind = "skipped" if f"m{number}" in bad else "succeeded"
        assert drawn[f"m{number}"] == (f"box task {state}", ["measure", state])
        assert drawn[f"r{number}"] == (f"box task {behind}", ["refine", behind])
    assert drawn["gather"] == ("box task skipped", ["gather", "skipped"])


def test_the_array_jobs_of_a_half_failed_run_say_how_many_tasks_stand_how(
    half_failed_run: Path,
) -> None:
    drawn = boxes(half_failed_run)
    failed = len(BAD_SAMPLES) - 1
    counts = f"{SAMPLES - failed} succeeded, {failed}"
    assert drawn["L0-measure"] == (
        "box array failed",
        [f"{SAMPLES} children, {SAMPLES} tasks", f"{counts} failed"],
    )
    assert drawn["L1-refine"][1][-1] == f"{counts} skipped"
    assert drawn["verdict"] == ("box helper failed", ["failed"])


def test_a_child_that_was_lost_has_failed_and_what_waits_for_it_was_skipped(
    lost_children_run: Path,
) -> None:
    drawn = boxes("--of", "tasks", lost_children_run)
    states = {name: lines[-1] for name, (_, lines) in drawn.items() if len(lines) > 1}
    assert states["d1"] == "failed" and states["after"] == "skipped"


def test_a_healthy_run_is_all_of_one_colour_in_every_language(
    healthy_run: Path, tmp_path: Path
) -> None:
    for name in ("run.svg", "run.dot", "run.mmd"):
        code, _, said = called("graph", "--of", "tasks", healthy_run, "-o", tmp_path / name)
        assert code == 0, said
        text = (tmp_path / name).read_text()
        assert "succeeded" in text and not re.search("failed|skipped|waiting", text)


def test_a_plan_can_be_drawn_without_asking_how_its_run_stands(healthy_run: Path) -> None:
    assert boxes("--nostates", healthy_run)["L0-split"] == ("box plain", ["plain job, 1 task"])


def test_a_png_goes_to_a_file_and_through_a_pipe(tmp_path: Path) -> None:
    code, _, said = called("graph", DIAMOND, "-o", tmp_path / "diamond.png")
    assert code == 0, said
    assert (tmp_path / "diamond.png").read_bytes().startswith(PNG)
    piped = subprocess.run(
        [sys.executable, "-m", "pegbatch", "graph", DIAMOND, "-f", "png"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    assert piped.stdout == (tmp_path / "diamond.png").read_bytes()


_WITHOUT_PILLOW = """
import sys
from importlib.machinery import PathFinder
class Hidden(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name == "PIL" else super().find_spec(name, path, target)
sys.meta_path.insert(0, Hidden)
sys.meta_path.remove(PathFinder)
from pegbatch.cli.main import main
main(sys.argv[1:])
"""


def test_without_pillow_a_png_is_refused_with_what_to_install(tmp_path: Path) -> None:
    words = [sys.executable, "-c", _WITHOUT_PILLOW, "graph", str(DIAMOND), "-o", "a.png"]
    result = subprocess.run(
        words, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "pip install 'pegbatch[png]'" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("-f", "gif", DIAMOND), 2, "'gif' is not one of"),
        ((DIAMOND, "-o", "no/such/folder.svg"), 5, "cannot write"),
        ((DIAMOND, "-o", "diamond.pdf"), 2, "| dot -Tpdf > FILE.pdf"),
        (("no-such-file.dax",), 3, "no such file"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    words, code: int, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended, _, said = called("graph", *words)
    assert ended == code
    assert expected in said
