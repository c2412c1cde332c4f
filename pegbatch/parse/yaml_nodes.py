"""One value of a YAML document, and the line it begins on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

_TRUE = frozenset(("true", "yes", "on", "y"))
_FALSE = frozenset(("false", "no", "off", "n"))

Value: TypeAlias = "str | Sequence[Node] | Mapping[str, Node] | None"


class Node(NamedTuple):
    """One value and the line it begins on.

    Scalars are text as written (`4.0` stays `4.0`), a plain `null`, `~` or nothing is None.
    """

    value: Value
    line: int

    def text(self) -> str | None:
        """Return the scalar as written; None for null, a list or a mapping."""
        return self.value if isinstance(self.value, str) else None

    def boolean(self) -> bool | None:
        """Return the scalar read as YAML 1.1 does; None where it is not a boolean."""
        word = self.value.lower() if isinstance(self.value, str) else ""
        if word in _TRUE:
            return True
        return False if word in _FALSE else None

    def sequence(self) -> Sequence[Node] | None:
        """Return the items of a list; an empty one for null; None for anything else."""
        if self.value is None:
            return ()
        return self.value if isinstance(self.value, list) else None

    def mapping(self) -> Mapping[str, Node] | None:
        """Return the entries of a mapping; an empty one for null; None for anything else."""
        if self.value is None:
            return {}
        return self.value if isinstance(self.value, dict) else None

    @property
    def kind(self) -> str:
        """Return what the value is, for messages."""
        if self.value is None:
            return "nothing"
        return {str: "a single value", list: "a list", dict: "a mapping"}[type(self.value)]
