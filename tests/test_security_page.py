"""SECURITY.md: each promise names tests, and they are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "SECURITY.md").read_text()
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)


def promises() -> list[str]:
    """Return the paragraphs under "What is promised"."""
    text = PAGE.partition("## What is promised")[2].partition("\n## ")[0]
    return [paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip()]


@pytest.mark.parametrize(("file", "test"), NAMED, ids=lambda word: word[:60])
def test_every_test_that_is_named_is_there(file: str, test: str) -> None:
    path = ROOT / "tests" / file
    assert path.is_file(), file
    assert re.search(rf"^(async )?def {test}\(", path.read_text(), re.MULTILINE), test


@pytest.mark.parametrize("promise", promises(), ids=lambda text: text[:40])
def test_no_promise_is_made_without_a_test(promise: str) -> None:
    assert re.search(r"`[\w/]+\.py::\w+`", promise), promise


def test_every_attack_is_named_on_the_page_or_belongs_to_one_that_is() -> None:
    named = {file for file, _ in NAMED}
    attacks = (ROOT / "tests" / "functional").glob("test_security*.py")
    files = {f"functional/{path.name}" for path in attacks}
    assert files and files <= named


def test_the_readme_leads_to_the_page() -> None:
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text()
