"""`pegbatch report` as a user calls it; what its page does in a browser is in test_report_page."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from lxml import html

from tests.functional.commands import EXAMPLES, called, pegbatch, planned
from tests.report_pages import data_of

DIAMOND = EXAMPLES / "black-diamond" / "diamond.dax"


def words_of(path: Path) -> str:
    document = html.document_fromstring(path.read_text())
    for script in document.xpath("//script|//style"):
        script.drop_tree()
    return " ".join(document.text_content().split())


def test_a_healthy_run_is_told_in_one_file(healthy_run: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    code, printed, said = called("report", healthy_run, "-o", page)
    assert code == 0, said
    assert printed.startswith(str(page))
    words = words_of(page)
    assert "Tasks13Succeeded13Failed0" in words
    assert "Nothing has failed." in words
    assert "lab::join:1.0" in words
    assert data_of(page.read_text())["bars"]["count"] == 11  # join's four tasks are in two bags


def test_a_failed_run_is_told_with_what_its_tasks_said(
    half_failed_run: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    assert called("report", half_failed_run, "-o", page)[0] == 0
    words = words_of(page)
    assert "Failed5" in words
    assert "reading block 7 checksum of block 7 is wrong" in words
    assert "sample9.txt was not made" in words
    assert f"pegbatch debug {half_failed_run} m3" in words
    assert "1 task failed first and succeeded when tried again" in words


def test_json_names_the_file_and_what_is_in_it(half_failed_run: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    code, printed, _ = called("report", "--json", half_failed_run, "--output", page)
    told = json.loads(printed)
    assert code == 0
    assert (told["report"], told["state"], told["tasks"]) == (str(page), "failed", 25)
    assert told["size_bytes"] == page.stat().st_size


def test_a_plan_that_was_not_run_is_told_in_its_own_directory(tmp_path: Path) -> None:
    submit_dir = Path(planned(DIAMOND, tmp_path, "--no-catalogs")["submit_dir"])
    code, printed, said = called("report", submit_dir)
    page = submit_dir / "report.html"
    assert code == 0, said
    assert printed.startswith(str(page))
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert "planned" in words_of(page)


def test_a_report_that_cannot_be_written_says_so(healthy_run: Path, tmp_path: Path) -> None:
    code, printed, said = called("report", healthy_run, "-o", tmp_path / "none" / "page.html")
    assert (code, printed) == (5, "")
    assert "cannot write" in said


def test_open_hands_the_file_to_the_browser(healthy_run: Path, tmp_path: Path) -> None:
    page, seen = tmp_path / "a page.html", tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > "{seen}"\n')
    browser.chmod(0o755)
    ran = pegbatch(
        *("report", "--open", healthy_run, "-o", page),
        cwd=tmp_path,
        environment={"BROWSER": f"{browser} %s"},
    )
    assert ran.returncode == 0, ran.stderr
    assert seen.read_text() == page.as_uri()
