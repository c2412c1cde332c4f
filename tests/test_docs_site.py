"""The user guide as web pages: all of it, no link that leads nowhere, nothing loaded."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOADED = re.compile(
    r"<(?:script|img|iframe)[^>]*\ssrc=\"(https?:[^\"]+)|<link[^>]*\shref=\"(https?:[^\"]+)"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the guide; a page outside the navigation or a broken link or anchor is an error."""
    folder = tmp_path_factory.mktemp("site")
    words = ["-m", "mkdocs", "build", "--strict", "-f", ".ci/mkdocs.yml", "-d", str(folder)]
    built = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_of_the_guide_is_built(site: Path) -> None:
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")}
    assert pages <= {page.stem for page in site.glob("*.html")}


def test_the_guide_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = {found for page in site.glob("*.html") for found in LOADED.findall(page.read_text())}
    assert loaded == set()


def test_a_link_out_of_the_guide_names_the_file_of_the_repository(site: Path) -> None:
    page = (site / "commands.html").read_text()
    assert "<code>README.md</code>" in page
    assert 'href="../' not in page
