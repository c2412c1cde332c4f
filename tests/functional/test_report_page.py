"""The report in a real browser: nothing goes wrong, everything can be seen and reached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from pegbatch.model.history import History
from tests.functional.chromium import needs_chromium, opened, started_browser
from tests.functional.commands import called
from tests.invented_histories import invented_history
from tests.report_pages import page_of

pytestmark = needs_chromium

WIDTHS = (360, 900, 1600)
HOSTILE = (
    "</script><img src=x onerror=canary=1><svg/onload=canary=1>{a|b}{b}"
    "\u202e\x00javascript:canary=1"
)
BOXES = (
    "#timeline-chart, #arrays-chart, #shapes-chart, #histogram-chart, #vcpus-chart, #memory-chart"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as found:
        yield found


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("invented"), invented_history(children=200, seed=3))


def written(folder: Path, history: History) -> Path:
    path = folder / "report.html"
    path.write_text(page_of(history), "utf-8")
    return path


def reported(run: Path, folder: Path) -> Path:
    path = folder / "report.html"
    code, _, said = called("report", run, "-o", path)
    assert code == 0, said
    return path


def painted(page: Page, chart: str) -> int:
    """Return how many colours a chart is painted with."""
    return int(
        page.evaluate(
            """(chart) => {
              const canvas = document.querySelector(`${chart} canvas`);
              const all = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
              return new Set(new Uint32Array(all.data.buffer)).size;
            }""",
            chart,
        )
    )


def seen(said: str) -> int:
    """Return the number of attempts that the timeline says are in view."""
    found = re.search(r"([\d,]+) of [\d,]+ attempts in view", said)
    assert found, said
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_healthy_run_is_shown_without_a_complaint(
    browser: Browser, healthy_run: Path, tmp_path: Path, scheme: str
) -> None:
    with opened(browser, reported(healthy_run, tmp_path), color_scheme=scheme) as watched:
        page = watched.page
        assert page.title() == "healthy: report"
        assert "13" in page.locator("#summary dd").first.inner_text()
        assert "Nothing has failed." in page.locator("#failures").inner_text()
        assert seen(watched.range) == 11
        for chart in BOXES.split(", "):
            assert painted(page, chart) > 2, chart
    assert watched.troubles == []


def test_failures_are_shown_with_the_last_lines_of_their_tasks(
    browser: Browser, half_failed_run: Path, tmp_path: Path
) -> None:
    with opened(browser, reported(half_failed_run, tmp_path)) as watched:
        failures = watched.page.locator("#failures").inner_text()
        assert "checksum of block 7 is wrong" in failures
        assert "m11" in failures and "./no-such-program was not found" in failures
        watched.page.locator("#failures summary").first.click()
        assert "pegbatch debug" in watched.page.locator("#failures").inner_text()
    assert watched.troubles == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(browser: Browser, invented: Path, width: int) -> None:
    with opened(browser, invented, viewport={"width": width, "height": 800}) as watched:
        page = watched.page
        for details in page.locator("details").all():
            details.locator("summary").first.click()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        widths = page.locator(BOXES).evaluate_all("all => all.map((one) => one.clientWidth)")
        assert len(widths) == 6 and all(width / 2 < one <= width for one in widths)
    assert watched.troubles == []


def test_charts_follow_the_width_of_the_window(browser: Browser, invented: Path) -> None:
    with opened(browser, invented, viewport={"width": 1200, "height": 800}) as watched:
        page = watched.page
        page.set_viewport_size({"width": 500, "height": 800})
        canvas = page.locator("#arrays-chart canvas")
        for _ in range(600):
            box = canvas.bounding_box()
            if box and box["width"] < 500:
                break
            page.evaluate("new Promise((done) => requestAnimationFrame(done))")
        assert box and box["width"] < 500
    assert watched.troubles == []


def test_the_timeline_is_moved_and_zoomed_by_keys(browser: Browser, invented: Path) -> None:
    with opened(browser, invented) as watched:
        whole = watched.range
        page = watched.page
        page.locator("#timeline-chart").focus()
        views = [whole]
        for key in ("ArrowUp", "ArrowUp", "ArrowRight", "ArrowLeft", "ArrowDown", "Home"):
            views.append(view_after(page, views[-1], key))
        assert seen(views[2]) < seen(views[1]) < seen(whole)
        assert views[4] == views[2] != views[3]
        assert views[5:] == [views[1], whole]
    assert watched.troubles == []


def view_after(page: Page, before: str, key: str) -> str:
    """Press a key, and return what the timeline says once it says something else."""
    page.keyboard.press(key)
    return changed_range(page, before)


def changed_range(page: Page, before: str) -> str:
    place = page.locator("#timeline-range").filter(has_not_text=before)
    place.wait_for(timeout=60_000)
    return place.inner_text()


def test_the_buttons_of_the_timeline_do_the_same(browser: Browser, invented: Path) -> None:
    with opened(browser, invented) as watched:
        whole, page = watched.range, watched.page
        page.get_by_role("button", name="Zoom in").click()
        closer = changed_range(page, whole)
        assert seen(closer) < seen(whole)
        page.get_by_role("button", name="Show the whole run").click()
        assert changed_range(page, closer) == whole


def test_everything_is_reached_by_the_tabulator_in_the_order_of_the_page(
    browser: Browser, invented: Path
) -> None:
    with opened(browser, invented) as watched:
        page, found = watched.page, []
        for _ in range(60):
            page.keyboard.press("Tab")
            found.append(
                page.evaluate(
                    "(document.activeElement.id || document.activeElement.textContent || '').trim()"
                )
            )
        assert found[0] == "Skip to the content"
        wanted = [
            "Summary",
            "theme",
            "timeline-chart",
            "The attempts as a table",
            "metric",
            "shape",
        ]
        places = [found.index(one) for one in wanted]
        assert places == sorted(places)


def test_every_chart_says_in_words_what_it_shows(browser: Browser, invented: Path) -> None:
    with opened(browser, invented) as watched:
        for chart in watched.page.locator(BOXES).all():
            words = chart.get_attribute("aria-label")
            assert words and words in chart.locator("xpath=..").inner_text()


def test_a_theme_can_be_chosen_against_that_of_the_system(browser: Browser, invented: Path) -> None:
    with opened(browser, invented, color_scheme="dark") as watched:
        page = watched.page
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        button = page.locator("#theme")
        button.click()
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert button.inner_text() == "Theme: light"
        assert sum(map(int, re.findall(r"\d+", dark))) < 200
        assert sum(map(int, re.findall(r"\d+", light))) > 700
        button.click()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    assert watched.troubles == []


def test_the_attempts_are_a_table_that_can_be_narrowed_and_paged(
    browser: Browser, invented: Path
) -> None:
    with opened(browser, invented) as watched:
        page = watched.page
        place = page.locator("#attempts")
        place.locator("summary").focus()
        page.keyboard.press("Enter")
        place.locator("tbody tr").nth(49).wait_for()
        place.get_by_role("button", name="Next").click()
        assert "51 to 100 of " in place.inner_text()
        place.get_by_label("State").select_option("failed")
        states = set(place.locator("tbody .badge").all_inner_texts())
        assert states == {"failed"}
    assert watched.troubles == []


def test_a_bar_tells_of_its_attempt(browser: Browser, invented: Path) -> None:
    with opened(browser, invented) as watched:
        page = watched.page
        page.locator("#timeline-chart").scroll_into_view_if_needed()
        box = page.locator("#timeline-chart").bounding_box()
        assert box
        tip = page.locator(".tip")
        for x in range(190, int(box["width"])):
            page.mouse.move(box["x"] + x, box["y"] + 17)
            if tip.is_visible():
                break
        assert re.search("^task t0-[0-9]{5}$", tip.inner_text(), re.MULTILINE)
        page.mouse.click(box["x"] + x, box["y"] + 17)
        assert "L0-step, bag" in page.locator("#timeline-picked").inner_text()
    assert watched.troubles == []


def test_it_is_printed_in_the_colours_of_light_and_as_wide_as_paper(
    browser: Browser, invented: Path
) -> None:
    with opened(browser, invented, color_scheme="dark") as watched:
        page = watched.page
        before = page.locator("#arrays-chart").bounding_box()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate("colours().back") == "rgb(255, 255, 255)"
        printed = page.locator("#arrays-chart").bounding_box()
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert printed and before and printed["width"] == 680 < before["width"]
        assert page.locator("#arrays-chart").bounding_box() == before
        assert page.pdf().startswith(b"%PDF-")
        page.emulate_media(media="print")
        assert not page.locator("nav").is_visible()
        assert page.locator("#timeline-chart canvas").is_visible()
    assert watched.troubles == []


def test_hostile_names_and_lines_are_text_in_every_corner(browser: Browser, tmp_path: Path) -> None:
    history = invented_history(
        children=30,
        failing=0.4,
        workflow=HOSTILE,
        words=HOSTILE,
        name=lambda level, child: (
            f"{HOSTILE} {level} {child} {'long' * 2500 if child == 3 else ''}"
        ),
    )
    with opened(browser, written(tmp_path, history)) as watched:
        page = watched.page
        for details in page.locator("details").all():
            details.locator("summary").first.click()
        box = page.locator("#timeline-chart").bounding_box()
        assert box
        for x in range(0, int(box["width"]), 40):
            page.mouse.move(box["x"] + x, box["y"] + 40)
            page.mouse.click(box["x"] + x, box["y"] + 40)
        assert page.evaluate("typeof canary") == "undefined"
        assert page.locator("img").count() == 0
        assert page.locator("svg").count() == 1  # the bar of states
        assert "<img src=x onerror=canary=1>" in page.locator("h1").inner_text()
        assert "<img src=x onerror=canary=1>" in page.locator("#attempts").inner_text()
        assert "\\u202e\\u0000javascript:" in page.locator("#failures pre").first.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert watched.troubles == []


def test_a_script_that_is_not_ours_does_not_run(browser: Browser, invented: Path) -> None:
    with opened(browser, invented) as watched:
        watched.page.evaluate(
            """() => {
              const script = document.createElement("script");
              script.textContent = "globalThis.canary = 1";
              document.body.append(script);
              document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='canary = 1'>");
            }"""
        )
        assert watched.page.evaluate("typeof canary") == "undefined"
    assert any("Content Security Policy" in trouble for trouble in watched.troubles)


def test_without_scripts_everything_but_the_charts_is_there(
    browser: Browser, invented: Path
) -> None:
    with opened(browser, invented, java_script_enabled=False) as watched:
        page = watched.page
        assert "Charts need scripts" in page.locator("noscript").inner_text()
        assert "no convergence after 500 steps" in page.locator("#failures").inner_text()
        assert not page.locator("#theme").is_visible()
    assert watched.troubles == []


def test_a_large_run_is_drawn_and_zoomed(browser: Browser, tmp_path: Path) -> None:
    history = invented_history(levels=4, children=5000, vcpus=1000, seed=5)
    with opened(browser, written(tmp_path, history)) as watched:
        page = watched.page
        assert painted(page, "#timeline-chart") > 4
        view = watched.range
        assert seen(view) == len(history.attempts)
        page.locator("#timeline-chart").focus()
        for _ in range(4):
            view = view_after(page, view, "ArrowUp")
        assert 0 < seen(view) < len(history.attempts) / 4
    assert watched.troubles == []
