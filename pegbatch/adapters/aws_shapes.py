"""JSON against botocore's model of a request: every wrong key, type and word, with its path.

botocore's own validator stops at words outside an enumeration, and its report has no paths that
can be looked up in a file.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import UnknownRegionError
from botocore.model import ServiceModel, Shape

Fault = tuple[str, str, str | None]
"""JSON path (empty: the whole), what is wrong, what to do."""

_TYPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "string": (lambda value: isinstance(value, str), "a string"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "integer": (lambda value: _is_whole(value), "a whole number"),
    "long": (lambda value: _is_whole(value), "a whole number"),
    "float": (lambda value: isinstance(value, int | float), "a number"),
    "double": (lambda value: isinstance(value, int | float), "a number"),
}


@cache
def batch_model() -> ServiceModel:
    """Return botocore's model of AWS Batch."""
    return botocore.session.get_session().get_service_model("batch")


@cache
def batch_regions() -> frozenset[str]:
    """Return the regions in which botocore knows AWS Batch, in every partition."""
    session = botocore.session.get_session()
    return frozenset(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("batch", partition)
    )


@cache
def partition_of(region: str) -> str:
    """Return the partition of a region: aws, aws-cn, aws-us-gov, …; of an unknown one aws."""
    try:
        return str(botocore.session.get_session().get_partition_for_region(region))
    except UnknownRegionError:
        return "aws"


def request_faults(operation: str, body: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Return everything in a request body that does not fit its model.

    Shapes: operation as in the API, `RegisterJobDefinition`.
    """
    shape: Any = batch_model().operation_model(operation).input_shape
    return tuple(_faults(shape, body, ""))


def _faults(shape: Any, value: Any, path: str) -> Iterator[Fault]:
    if shape.type_name == "structure":
        yield from _structure(shape, value, path)
    elif shape.type_name == "list":
        yield from _list(shape, value, path)
    elif shape.type_name == "map":
        yield from _map(shape, value, path)
    else:
        yield from _scalar(shape, value, path)


def _structure(shape: Any, value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield path, f"{_shown(value)} is not an object", None
        return
    for name in shape.required_members:
        if name not in value:
            yield _below(path, name), "missing", None
    for key, one in value.items():
        if key in shape.members:
            yield from _faults(shape.members[key], one, _below(path, key))
        else:
            yield _below(path, key), "unknown key", _nearest(key, shape.members)


def _list(shape: Any, value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield path, f"{_shown(value)} is not a list", "write it in square brackets"
        return
    for number, one in enumerate(value):
        yield from _faults(shape.member, one, f"{path}[{number}]")


def _map(shape: Any, value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield path, f"{_shown(value)} is not an object", None
        return
    for key, one in value.items():
        yield from _faults(shape.value, one, _below(path, key))


def _scalar(shape: Shape, value: Any, path: str) -> Iterator[Fault]:
    fits, words = _TYPES[shape.type_name]
    if not fits(value):
        yield path, f"{_shown(value)} is not {words}", _advice(value, words)
        return
    allowed = getattr(shape, "enum", None)
    # Old words are answered in capitals and taken in either case.
    if allowed and value not in allowed and value.upper() not in {w.upper() for w in allowed}:
        yield path, f"{value!r} is none of {', '.join(allowed)}", None


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _nearest(key: str, known: Mapping[str, Any]) -> str | None:
    by_small = {name.lower(): name for name in known}
    close = difflib.get_close_matches(key.lower(), by_small, n=1, cutoff=0.6)
    return f"did you mean {by_small[close[0]]}?" if close else f"known: {', '.join(known)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _advice(value: Any, words: str) -> str | None:
    if words == "a string" and isinstance(value, str | int | float | bool):
        return "write it in quotes"
    return "write it without quotes" if isinstance(value, str) else None
