"""Properties of a CloudFormation template as members of an API request.

Templates write `MaxvCpus` for `maxvCpus`, and numbers and booleans as text where they please.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


def as_request(value: Any, shape: Shape) -> Any:
    """Return a value as a shape of the API has it.

    Shapes: properties that the request does not have are left out; keys of maps stay.
    """
    if isinstance(shape, StructureShape):
        return _structure(value, shape)
    if isinstance(shape, ListShape):
        items = value if isinstance(value, list) else [value]
        return [as_request(item, shape.member) for item in items]
    if isinstance(shape, MapShape):
        return {key: as_request(item, shape.value) for key, item in value.items()}
    return _scalar(value, shape.type_name)


def _structure(value: Mapping[str, Any], shape: StructureShape) -> dict[str, Any]:
    members = {name.lower(): name for name in shape.members}
    return {
        members[key.lower()]: as_request(item, shape.members[members[key.lower()]])
        for key, item in value.items()
        if key.lower() in members
    }


def _scalar(value: Any, type_name: str) -> Any:
    match type_name:
        case "integer" | "long":
            return int(value)
        case "float" | "double":
            return float(value)
        case "boolean":
            return str(value).lower() == "true"
        case _:
            return str(value)
