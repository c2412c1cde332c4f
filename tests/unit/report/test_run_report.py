"""The report as a file: what stands in it before any script runs."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from typing import Any

import pytest
from lxml import html

from pegbatch.cli.reporting import MOST_BARS, page_parts
from pegbatch.model.plan import JobLink, LinkType
from pegbatch.report.html import json_text, policy
from pegbatch.report.page_data import LONGEST_NAME, MOST_BOXES, STATES, shown
from pegbatch.report.page_findings import MOST_GROUPS, coded, tail_of
from tests.invented_histories import invented_history
from tests.report_pages import data_of, page_of
from tests.sketched_histories import job

HOSTILE = "</script><img src=x onerror=canary()>\u202e\x00\u2028"


def words_of(page: str) -> str:
    document = html.document_fromstring(page)
    for script in document.xpath("//script|//style"):
        script.drop_tree()
    return " ".join(document.text_content().split())


def at(column: Any, row: int) -> Any:
    return column[row] if isinstance(column, list) else column


def test_counts_failures_and_tables_are_there_without_any_script() -> None:
    history = invented_history(levels=3, children=100, failing=0.1)
    words = words_of(page_of(history))
    tasks = history.status.tasks
    assert f"Failed{tasks.failed}" in words
    assert "no convergence after 500 steps" in words
    assert "sim::step2:1.0" in words
    assert "L1-step (N_TO_N)" in words
    assert "pegbatch debug run0001 t0-" in words


def test_the_page_names_no_address_that_a_browser_would_load() -> None:
    document = html.document_fromstring(page_of(invented_history()))
    assert document.xpath("//@src|//link|//iframe|//object|//embed|//base|//img") == []
    assert all(one.startswith("#") for one in document.xpath("//@href"))
    assert document.xpath("//@style|//*[@*[starts-with(name(), 'on')]]") == []


def test_the_policy_allows_the_scripts_and_the_style_of_the_page_and_nothing_else() -> None:
    document = html.document_fromstring(page_of(invented_history()))
    (said,) = document.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert said == policy(page_parts())
    assert said.startswith("default-src 'none'; ")
    assert "unsafe" not in said and "http" not in said and "*" not in said
    scripts = document.xpath("//script[not(@type)]")
    assert len(scripts) == len(page_parts().scripts)
    for part in (*scripts, *document.xpath("//style")):
        digest = base64.b64encode(hashlib.sha256(part.text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in said


def test_no_script_of_ours_ends_the_element_it_stands_in() -> None:
    for script in page_parts().scripts:
        assert not re.search(r"</script|<!--", script, re.IGNORECASE)


@pytest.mark.parametrize("field", ["workflow", "words", "name"])
def test_hostile_words_are_text_wherever_they_come_from(field: str) -> None:
    given: dict[str, Any] = {field: HOSTILE}
    if field == "name":
        given = {"name": lambda level, child: f"{HOSTILE}{level} {child}"}
    page = page_of(invented_history(failing=0.5, **given))
    document = html.document_fromstring(page)
    assert document.xpath("//img") == []
    assert "<img src=x" not in page
    assert not {"\u202e", "\x00", "\u2028"} & set(page)
    assert r"\u202e" in document.text_content()


def test_data_cannot_end_the_script_it_stands_in() -> None:
    text = json_text({"name": "</script><!--&\u2028\u2029"})
    assert not {"<", ">", "&", "\u2028", "\u2029"} & set(text)


def test_the_columns_tell_of_every_attempt_in_drawing_order() -> None:
    history = invented_history(levels=2, children=30, failing=0.2)
    bars = data_of(page_of(history))["bars"]
    assert bars["count"] == len(history.attempts)
    assert sum(band["count"] for band in bars["bands"]) == bars["count"]
    states = [STATES[at(bars["state"], row)] for row in range(bars["count"])]
    assert states.count("failed") == history.status.tasks.failed
    assert states.count("skipped") == history.status.tasks.skipped
    assert states.count("lost") == sum(one.state == "lost" for one in history.attempts)
    rows = [row for row in range(bars["count"]) if states[row] == "failed"]
    failed = {one.id for one in history.executions if one.state == "failed"}
    assert {bars["words"][at(bars["task"], row)] for row in rows} == failed


def test_words_stand_once_and_a_column_of_one_value_is_that_value() -> None:
    bars = data_of(page_of(invented_history(levels=1, children=500, failing=0)))["bars"]
    assert bars["try"] == 1
    assert bars["words"].count("L0-step") == 1


def test_a_long_name_is_cut_and_a_short_one_is_not() -> None:
    assert shown("n" * 10_000) == "n" * (LONGEST_NAME - 1) + "…"
    assert shown("n" * LONGEST_NAME) == "n" * LONGEST_NAME
    assert len(page_of(invented_history(name=lambda *_: "n" * 10_000))) < 1_500_000


def test_a_very_large_run_is_drawn_as_a_grid() -> None:
    history = invented_history(levels=1, children=50, failing=0.2)
    history = replace(history, attempts=list(history.attempts) * (MOST_BARS // 40))
    page = page_of(history)
    bars = data_of(page)["bars"]
    assert bars["coarse"] and bars["count"] < 300_000
    assert "too many to be drawn one by one" in words_of(page)
    assert not html.document_fromstring(page).xpath("//*[@id='attempts']")


def test_jobs_are_boxes_with_links_and_many_jobs_one_box_a_layer() -> None:
    few = data_of(page_of(invented_history(levels=3)))["graph"]
    assert (few["rows"], few["folded"]) == ([1, 1, 1], False)
    assert few["links"] == [[0, 1, "N_TO_N"], [1, 2, "N_TO_N"]]
    jobs = [job(f"a{number}", 2) for number in range(MOST_BOXES)]
    last = job("z", 2, depends_on=(JobLink("a0", LinkType.ALL), JobLink("a1", LinkType.ALL)))
    many = replace(invented_history(levels=1), jobs=(*jobs, last), tasks={})
    graph = data_of(page_of(many))["graph"]
    assert [box["jobs"] for box in graph["boxes"]] == [MOST_BOXES, 1]
    assert graph["links"] == [[0, 1, "ALL"]]


def test_a_chain_of_hundreds_of_jobs_is_folded_to_a_height_that_can_be_read() -> None:
    jobs = [job("a0", 2)] + [
        job(f"a{number}", 2, depends_on=(JobLink(f"a{number - 1}", LinkType.ALL),))
        for number in range(1, 140)
    ]
    graph = data_of(page_of(replace(invented_history(levels=1), jobs=jobs, tasks={})))["graph"]
    assert len(graph["rows"]) <= 60
    assert sum(box["jobs"] for box in graph["boxes"]) == 140


def test_a_run_of_which_nothing_has_begun_shows_its_array_jobs_alone() -> None:
    history = invented_history()
    history = replace(history, attempts=(), executions=(), newest={}, started=None, ended=None)
    titles = html.document_fromstring(page_of(history)).xpath("//h2/text()")
    assert titles == ["Summary", "Failures", "Array jobs"]


def test_a_run_without_a_success_says_that_there_is_nothing_to_measure() -> None:
    assert "there are none so far" in words_of(page_of(invented_history(levels=1, failing=1.0)))


def test_the_last_lines_of_a_task_are_shown_harmless_and_not_endless() -> None:
    tail = tail_of(
        "\n".join(["x" * 9000, *(f"line {number}" for number in range(100))]) + "\x1b[2J"
    )
    assert tail.splitlines()[0] == "line 60"
    assert tail.endswith(r"line 99\u001b[2J")
    assert len(tail_of("y" * 9000)) == 2000


def test_what_stands_between_backticks_is_code() -> None:
    assert coded("run `a<b` now") == "run <code>a&lt;b</code> now"


def test_an_attempt_that_left_no_word_of_its_time_is_in_the_table_alone() -> None:
    history = invented_history(levels=1, children=3, failing=0)
    lost = replace(history.attempts[0], state="lost", start=None, end=None, waited_seconds=None)
    page = page_of(replace(history, attempts=[lost, *history.attempts[1:]]))
    bars = data_of(page)["bars"]
    assert sum(band["count"] for band in bars["bands"]) == bars["count"] - 1
    assert (bars["start"][-1], bars["length"][-1], bars["waited"][-1]) == (None, None, None)
    assert "nobody knows when they ran: 1 attempt." in words_of(page)


def test_only_so_many_kinds_of_failure_are_told_in_full() -> None:
    history = invented_history(levels=1, children=MOST_GROUPS + 3, failing=1.0)
    tasks = {
        task.id: replace(task, transformation=f"kind{number}")
        for number, task in enumerate(history.tasks.values())
    }
    document = html.document_fromstring(page_of(replace(history, tasks=tasks)))
    assert len(document.xpath("//article")) == MOST_GROUPS
    assert "… and 3 more kinds of failure" in document.text_content()
