"""`${VAR}` in values: replaced from the environment that the caller hands down."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pegbatch.errors import InputError, Problem

_REFERENCE = re.compile(r"\$\{([^{}]*)\}")


def expand(text: str, environment: Mapping[str, str], where: str) -> str:
    """Return the text with each `${VAR}` replaced; `$VAR` and a lone `$` stay.

    Shapes: replaced once, so that a value which itself holds `${…}` stays as it is.
    Errors: InputError with a problem at `where` for each variable that is not set.
    """
    if "${" not in text:
        return text
    names = dict.fromkeys(_REFERENCE.findall(text))
    missing = [name for name in names if environment.get(name) is None]
    if missing:
        raise InputError(problems=[_undefined(name, where) for name in missing])
    return _REFERENCE.sub(lambda match: environment[match[1]], text)


class AsWritten(Mapping[str, str]):
    """An environment in which every `${VAR}` stands for itself.

    For those who only look at a file (`inspect`) and need no values.
    """

    def __getitem__(self, name: str) -> str:
        return f"${{{name}}}"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _undefined(name: str, where: str) -> Problem:
    return Problem(
        f"the environment variable {name!r} is not set",
        where,
        f"set it before the command: `export {name}=…`" if name.isidentifier() else None,
    )
