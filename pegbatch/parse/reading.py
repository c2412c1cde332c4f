"""One pass over one input file: where things are, what is wrong, what is odd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pegbatch.errors import InputError, Problem
from pegbatch.parse.variables import AsWritten, expand


@dataclass(frozen=True, slots=True)
class Reading:
    """What a catalog parser carries along; problems and warnings grow as it reads on."""

    source: str
    """Path of the file, for messages."""
    environment: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def where(self, line: int) -> str:
        """Return `file:line`."""
        return f"{self.source}:{line}"

    def refuse(self, line: int, message: str, hint: str | None = None) -> None:
        """Note what makes the file unusable, and read on."""
        self.problems.append(Problem(message, self.where(line), hint))

    def warn(self, line: int, message: str, hint: str | None = None) -> None:
        """Note what is odd but can be lived with."""
        self.warnings.append(Problem(message, self.where(line), hint))

    def expand(self, text: str, line: int) -> str:
        """Replace `${VAR}`; a variable that is not set is a problem, and stays as written."""
        try:
            return expand(text, self.environment, self.where(line))
        except InputError as error:
            self.problems.extend(error.problems)
            return text

    def is_open(self, text: str) -> bool:
        """Tell whether a value still holds `${VAR}`, so that nothing can be said about it."""
        return "${" in text

    @property
    def looks_only(self) -> bool:
        """Whether the caller wants to know what the file is, and no values."""
        return isinstance(self.environment, AsWritten)

    def finish(self) -> None:
        """Raise all problems at once, in the order of lines, if there are any.

        Errors: InputError.
        """
        if self.problems:
            raise InputError(problems=sorted(self.problems, key=_line))


def _line(problem: Problem) -> int:
    """Return the line of a problem: some are found before others that stand above them."""
    _, _, line = (problem.where or "").rpartition(":")
    return int(line) if line.isdecimal() else 0
