"""A progress bar in a notebook, where there is one; drawn by the browser, without widgets."""

from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from typing import Any

from pegbatch.cli.display import Telling
from pegbatch.cli.wiring import OpenRun
from pegbatch.model.run_look import RunLook
from pegbatch.model.run_status import RunStatus
from pegbatch.report.progress import progress_line

Redraw = Callable[[str], None]
"""Shows some HTML in place of what was shown before."""


class NotebookBar(Telling):
    """One bar over all tasks, and a line of words."""

    def __init__(self, run: OpenRun, redraw: Redraw) -> None:
        """Take who draws."""
        super().__init__(run)
        self._redraw = redraw

    def tell(self, look: RunLook) -> None:
        """Draw the bar anew."""
        self._redraw(progress_html(look.status))


def progress_html(status: RunStatus) -> str:
    """Return a bar as HTML; words of the workflow are text in it."""
    tasks = status.tasks
    done = tasks.succeeded + tasks.failed + tasks.skipped
    line = escape(f"{status.workflow}: {progress_line(status)}")
    return (
        f'<progress value="{done}" max="{max(1, tasks.total)}" style="width: 24em"></progress> '
        f"<span>{line}</span>"
    )


def notebook_redraw() -> Redraw | None:
    """Return how to draw in the notebook that this process is the kernel of; None elsewhere.

    Shapes: IPython is there already where it runs us, so it need not be installed elsewhere.
    """
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    show: Any = sys.modules["IPython.display"]
    handle = show.display(show.HTML(""), display_id=True)

    def redraw(html: str) -> None:
        handle.update(show.HTML(html))

    return redraw
