"""The properties that steer planning, read once into typed values."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast, get_args

from pegbatch.errors import InputError, Problem
from pegbatch.model.settings import Settings

ARRAY_CHILDREN_MAX = 10_000
"""Source: AWS Batch API, ArrayProperties."""

ArrayBy = Literal["level", "cluster", "auto"]

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Properties of planning, with their defaults."""

    data_edges: bool = True
    """`pegasus.parser.dax.data.dependencies`."""
    array_by: ArrayBy = "level"
    """`pegbatch.array.by`."""
    pack_size: int | None = None
    """`pegbatch.pack.size`: tasks a bag."""
    pack_runtime_seconds: float | None = None
    """`pegbatch.pack.runtime`."""
    max_children: int = ARRAY_CHILDREN_MAX
    """`pegbatch.pack.max_children`: bags that a level (or cluster) may have."""
    infrastructure_retries: int = 2
    """`pegbatch.infrastructure_retries`."""
    aggregator: str = "AWSBatch"
    """`pegasus.clusterer.job.aggregator`."""


def read_tuning(settings: Settings) -> Tuning:
    """Read the planning properties.

    Errors: InputError with every value that does not fit, each with file and line.
    """
    problems: list[Problem] = []
    found: dict[str, Any] = {
        field: value
        for field, (key, read) in _READERS.items()
        if (value := _value(settings, key, read, problems)) is not None
    }
    if problems:
        raise InputError(problems=problems)
    return dataclasses.replace(Tuning(), **found)


def _value(
    settings: Settings, key: str, read: Callable[[str], Value], problems: list[Problem]
) -> Value | None:
    text = settings.get(key).strip()
    if not text:
        return None
    try:
        return read(text)
    except ValueError as error:
        problems.append(Problem(f"{key} = {text}: {error}", settings.where(key)))
        return None


def _whole(text: str, least: int) -> int:
    number = int(text) if text.lstrip("-").isdecimal() else None
    if number is None or number < least:
        raise ValueError(f"must be a whole number, {least} or more")
    return number


def _positive(text: str) -> int:
    return _whole(text, 1)


def _count(text: str) -> int:
    return _whole(text, 0)


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise ValueError("must be a number of seconds above 0")
    return number


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return text.lower() == "true"


def _array_by(text: str) -> ArrayBy:
    if text not in get_args(ArrayBy):
        raise ValueError(f"must be one of {', '.join(get_args(ArrayBy))}")
    return cast(ArrayBy, text)


def _aggregator(text: str) -> str:
    return aggregator_name(text)


def aggregator_name(text: str) -> str:
    """Return the aggregator in its usual spelling.

    Errors: ValueError where it is none that pegbatch has.
    """
    known = {name.lower(): name for name in ("AWSBatch", "seqexec")}
    if text.lower() not in known:
        raise ValueError("must be AWSBatch or seqexec; other aggregators are not supported")
    return known[text.lower()]


_READERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "data_edges": ("pegasus.parser.dax.data.dependencies", _boolean),
    "array_by": ("pegbatch.array.by", _array_by),
    "pack_size": ("pegbatch.pack.size", _positive),
    "pack_runtime_seconds": ("pegbatch.pack.runtime", _seconds),
    "max_children": ("pegbatch.pack.max_children", _positive),
    "infrastructure_retries": ("pegbatch.infrastructure_retries", _count),
    "aggregator": ("pegasus.clusterer.job.aggregator", _aggregator),
}
