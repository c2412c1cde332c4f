"""The bar that is drawn in a notebook."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from pegbatch.cli.notebook import notebook_redraw, progress_html
from pegbatch.model.run_status import TaskCounts
from tests.run_looks import run_status

STATUS = run_status(
    workflow="<script>alert(1)</script>",
    tasks=TaskCounts(total=10, succeeded=3, failed=1, skipped=2, running=4),
)


class Shell:
    """What IPython hands out: in a notebook with the kernel that it talks to."""

    def __init__(self, *, in_notebook: bool) -> None:
        if in_notebook:
            self.kernel = object()


class Page:
    """The display of a notebook, as far as it is used."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def HTML(self, text: str) -> str:  # noqa: N802
        return text

    def display(self, text: str, *, display_id: bool) -> Page:
        assert display_id
        return self

    def update(self, text: str) -> None:
        self.shown.append(text)


def test_the_bar_counts_what_is_done_and_words_are_text() -> None:
    html = progress_html(STATUS)
    assert '<progress value="6" max="10"' in html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_in_a_notebook_it_is_drawn_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page()
    ipython = SimpleNamespace(get_ipython=lambda: Shell(in_notebook=True))
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", page)
    redraw = notebook_redraw()
    assert redraw is not None
    redraw("half")
    redraw("all of it")
    assert page.shown == ["half", "all of it"]


@pytest.mark.parametrize("shell", [None, Shell(in_notebook=False)])
def test_elsewhere_there_is_no_such_bar(
    monkeypatch: pytest.MonkeyPatch, shell: Shell | None
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert notebook_redraw() is None
    monkeypatch.delitem(sys.modules, "IPython")
    assert notebook_redraw() is None
