"""Checks compiled from botocore's shapes: types, required members, enums, sizes.

botocore's own validator knows neither enums nor upper bounds, and a check compiled once is
several times faster, so that every request and every answer of ours is checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

Check: TypeAlias = Callable[[Any, str, list[str]], None]
"""Adds one sentence for everything wrong with a value at a path."""

_CASELESS_ENUMS = frozenset({"RetryAction", "ArrayJobDependency"})
"""Enums whose "values aren't case sensitive" according to their documentation."""
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}


def compile_check(shape: Shape | None, *, known_only: bool) -> Check:
    """Return the check of a shape; None is the shape of an empty object.

    Shapes: with known_only a member that the shape does not have is wrong, otherwise ignored.
    """
    if shape is None:
        return lambda value, path, problems: None
    if isinstance(shape, StructureShape):
        return _structure(shape, known_only)
    if isinstance(shape, ListShape):
        return _list(shape, known_only)
    if isinstance(shape, MapShape):
        return _map(shape, known_only)
    return _scalar(shape)


def _structure(shape: StructureShape, known_only: bool) -> Check:
    members = {
        name: compile_check(member, known_only=known_only) for name, member in shape.members.items()
    }
    required = tuple(shape.required_members)

    def check(value: Any, path: str, problems: list[str]) -> None:
        if type(value) is not dict:
            problems.append(f"{path or 'the request'} must be an object")
            return
        problems.extend(
            f"{_join(path, name)} is required" for name in required if name not in value
        )
        for name, member in value.items():
            known = members.get(name)
            if known is not None:
                known(member, _join(path, name), problems)
            elif known_only:
                problems.append(f"{_join(path, name)} is not known")

    return check


def _list(shape: ListShape, known_only: bool) -> Check:
    item = compile_check(shape.member, known_only=known_only)
    bounds = _bounds(shape, "entries")

    def check(value: Any, path: str, problems: list[str]) -> None:
        if type(value) is not list:
            problems.append(f"{path} must be a list")
            return
        bounds(len(value), path, problems)
        for number, entry in enumerate(value):
            item(entry, f"{path}[{number}]", problems)

    return check


def _map(shape: MapShape, known_only: bool) -> Check:
    item = compile_check(shape.value, known_only=known_only)
    # An answer may have an empty map where a request may not.
    bounds = _bounds(shape, "entries") if not known_only else _no_check

    def check(value: Any, path: str, problems: list[str]) -> None:
        if type(value) is not dict:
            problems.append(f"{path} must be an object")
            return
        bounds(len(value), path, problems)
        for name, entry in value.items():
            item(entry, _join(path, name), problems)

    return check


def _scalar(shape: Shape) -> Check:
    types = _TYPES.get(shape.type_name)
    if types is None:
        return _no_check
    enum: frozenset[str] = frozenset(shape.enum) if isinstance(shape, StringShape) else frozenset()
    caseless = shape.name in _CASELESS_ENUMS
    bounds = _bounds(shape, "characters" if shape.type_name == "string" else "")
    is_number = shape.type_name not in ("string", "boolean")
    measure: Callable[[Any], float] = len if shape.type_name == "string" else float

    def check(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, types) or (is_number and isinstance(value, bool)):
            problems.append(f"{path} must be of type {shape.type_name}")
            return
        if enum and (str(value).upper() if caseless else value) not in enum:
            problems.append(f"{path} is {value!r}, none of {', '.join(sorted(enum))}")
        if bounds is not _no_check:
            bounds(measure(value), path, problems)

    return check


def _bounds(shape: Shape, unit: str) -> Callable[[float, str, list[str]], None]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is None and high is None:
        return _no_check
    words = f" {unit}" if unit else ""

    def check(size: float, path: str, problems: list[str]) -> None:
        if low is not None and size < low:
            problems.append(f"{path} has {size:g}{words}, less than {low}")
        if high is not None and size > high:
            problems.append(f"{path} has {size:g}{words}, more than {high}")

    return check


def _no_check(value: Any, path: str, problems: list[str]) -> None:
    """Find nothing wrong."""


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
