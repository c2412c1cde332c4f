"""`Ref::name` in a command."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping


def substitute(command: Iterable[str], parameters: Mapping[str, str]) -> tuple[str, ...]:
    """Put parameters into a command, several in one word too; unknown names stay as they are.

    Source: Batch User Guide, "Job definition parameters".
    """
    if not parameters:
        return tuple(command)
    # Longest first, so that `Ref::ab` is not read as `Ref::a` followed by b.
    names = sorted(parameters, key=len, reverse=True)
    reference = re.compile("Ref::(" + "|".join(re.escape(name) for name in names) + ")")
    return tuple(reference.sub(lambda match: parameters[match[1]], word) for word in command)
