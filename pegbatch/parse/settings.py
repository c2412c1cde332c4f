"""Properties in force: layers of settings merged in Pegasus's search order.

Low to high: `~/.pegasusrc`, the properties file (`--conf`, which is `./pegasus.properties` where
it is not given), the environment (`_PEGASUS__CATALOG__SITE__FILE`), `-D`.
`${name}` in a value stands for another property, or else for an environment variable, and is
replaced once. Source: Pegasus, CommonProperties and pegasus-plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from pegbatch.errors import InputError, Problem, UsageError
from pegbatch.model.settings import Property, Settings
from pegbatch.parse.known_properties import is_known, known_spelling, nearest
from pegbatch.parse.properties import PropertyLine

_REFERENCE = re.compile(r"\$\{([-a-zA-Z0-9._]+)\}")
_JAVA = {"user.name": "USER", "user.home": "HOME", "user.dir": "PWD"}
"""Properties of the Java machine, which Pegasus's files refer to, and where we find them."""

LONGEST_VALUE = 1 << 16
"""Characters; references that double each other would fill the memory."""
MOST_GUESSES = 100
"""Unknown names for which a known one is looked for, which takes a millisecond each."""

_CHECKED = ("pegasus.", "pegbatch.")
"""Prefixes whose keys must be known."""


def environment_layer(environment: Mapping[str, str]) -> tuple[PropertyLine, ...]:
    """Return the properties set as `_PEGASUS__…` variables: `__` is a dot, capitals are small."""
    names = sorted(name for name in environment if name.startswith(("_PEGASUS__", "_PEGBATCH__")))
    return tuple(
        PropertyLine(name[1:].replace("__", ".").lower(), environment[name].strip(), name)
        for name in names
    )


def definitions_layer(definitions: Sequence[str]) -> tuple[PropertyLine, ...]:
    """Return the properties of the command line, each `key=value`.

    Errors: UsageError naming every one that is not.
    """
    parts = [definition.partition("=") for definition in definitions]
    bad = [
        Problem(f"-D {key}{equals}: expected key=value", hint="for example -D dagman.retry=2")
        for key, equals, _ in parts
        if not (equals and key.strip())
    ]
    if bad:
        raise UsageError(problems=bad)
    return tuple(PropertyLine(key.strip(), value.strip(), "-D") for key, _, value in parts)


def merge_settings(
    layers: Iterable[Sequence[PropertyLine]], environment: Mapping[str, str]
) -> Settings:
    """Merge layers, lowest first; the last setting of a key wins.

    Shapes: keys come out as the list of known names spells them; warnings tell of unknown keys,
    references to nothing, and keys set twice in one layer with different values.
    Errors: InputError where references in references grow beyond all bounds; what a value means
    is for those who read it.
    """
    properties: dict[str, Property] = {}
    warnings: list[Problem] = []
    for layer in layers:
        lines = [_spelled(line) for line in layer]
        warnings += _placeholders(lines)
        warnings += _twice(lines)
        properties |= _resolve(lines, properties, environment, warnings)
    warnings += _unknown(properties)
    return Settings(properties=properties, warnings=tuple(warnings))


def _spelled(line: PropertyLine) -> PropertyLine:
    """Give keys that come without case, or in any, the spelling of the list."""
    if line.where.startswith("_") or line.key.startswith("dagman."):
        return PropertyLine(known_spelling(line.key), line.value, line.where)
    return line


def _resolve(
    lines: Sequence[PropertyLine],
    lower: Mapping[str, Property],
    environment: Mapping[str, str],
    warnings: list[Problem],
) -> dict[str, Property]:
    """Replace the references of one layer: from itself, then from lower ones, then from outside."""
    written = {line.key: line.value for line in lines}
    result: dict[str, Property] = {}
    for line in lines:
        values = dict(_references(line, (result, lower), written, environment))
        warnings += [
            Problem(f"{line.key}: ${{{name}}} stands for nothing, and is left out", line.where)
            for name, value in values.items()
            if value is None
        ]
        result[line.key] = Property(value=_replaced(line, values), where=line.where)
    return result


def _replaced(line: PropertyLine, values: Mapping[str, str | None]) -> str:
    names = _REFERENCE.findall(line.value)
    if sum(len(values[name] or "") for name in names) > LONGEST_VALUE:
        raise InputError(
            f"{line.key}: its references stand for more than {LONGEST_VALUE:,} characters",
            where=line.where,
            hint="write the value out",
        )
    return _REFERENCE.sub(lambda match: values[match[1]] or "", line.value)


def _references(
    line: PropertyLine,
    resolved: Sequence[Mapping[str, Property]],
    written: Mapping[str, str],
    environment: Mapping[str, str],
) -> Iterable[tuple[str, str | None]]:
    """Yield each name that a value refers to, with what it stands for."""
    here, lower = resolved
    for name in dict.fromkeys(_REFERENCE.findall(line.value)):
        if name in here:
            yield name, here[name].value
        elif name in written and name != line.key:
            yield name, written[name]
        elif name in lower:
            yield name, lower[name].value
        else:
            yield name, environment.get(_JAVA.get(name, name))


def _placeholders(lines: Sequence[PropertyLine]) -> Iterable[Problem]:
    found = next((line for line in lines if line.key.startswith(("{%", "{{"))), None)
    if found is not None:
        yield Problem(f"{found.key} is no property: is this an unfilled template?", found.where)


def _twice(lines: Sequence[PropertyLine]) -> Iterable[Problem]:
    first: dict[str, PropertyLine] = {}
    for line in lines:
        if line.key.startswith("{"):
            continue
        before = first.setdefault(line.key, line)
        if before is not line and before.value != line.value:
            yield Problem(
                f"{line.key} is set before, at {before.where}; the last setting counts", line.where
            )


def _unknown(properties: Mapping[str, Property]) -> Iterable[Problem]:
    unknown = (key for key in properties if key.startswith(_CHECKED) and not is_known(key))
    for number, key in enumerate(unknown):
        found = properties[key]
        likely = nearest(key) if number < MOST_GUESSES else None
        hint = f"did you mean {likely}?" if likely else None
        yield Problem(f"unknown property {key}", found.where, hint)
