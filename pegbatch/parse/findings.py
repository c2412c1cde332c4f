"""What is found wrong or odd while a workflow file is read, each with its place."""

from __future__ import annotations

from pegbatch.errors import Problem
from pegbatch.parse.use_flags import LINKS


class Findings:
    """Three lists that grow while one file is read.

    Shapes: `problems` make the file unusable, `defects` keep the workflow from being planned,
    `warnings` are odd but harmless.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.defects: list[Problem] = []
        self.warnings: list[Problem] = []
        self._told: set[str] = set()

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was found."""
        return not (self.problems or self.defects or self.warnings)

    def where(self, line: int) -> str:
        """Return `file:line`; the file alone where no line is known (0)."""
        return f"{self.source}:{line}" if line else self.source

    def refuse(self, line: int, message: str, hint: str | None = None) -> None:
        """Note what makes the file unusable."""
        self.problems.append(Problem(message, self.where(line), hint))

    def defect(self, line: int, message: str, hint: str | None = None) -> None:
        """Note what keeps the workflow from being planned."""
        self.defects.append(Problem(message, self.where(line), hint))

    def warn_once(self, topic: str, line: int, message: str, hint: str | None = None) -> None:
        """Warn of the first thing of its kind; the others are passed over."""
        if topic not in self._told:
            self._told.add(topic)
            self.warnings.append(Problem(message, self.where(line), hint))

    def check_link(self, link: str, lfn: str, line: int) -> None:
        """Refuse a use whose direction is no word of Pegasus."""
        if link not in LINKS:
            self.defect(
                line,
                f"the file {lfn!r} is used as {link!r}",
                "write input, output, inout, checkpoint or none",
            )

    def warn_hook(self, line: int, message: str) -> None:
        """Warn of a hook that cannot be run; of several alike, of the first."""
        self.warn_once(message, line, message)
