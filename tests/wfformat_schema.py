"""What WfFormat 1.5 asks of an instance, as far as a run fills it in, for jsonschema.

Source: WfCommons, WfFormat schema 1.5; written anew, and stricter: no key but those named here.
"""

from __future__ import annotations

from typing import Any

WORD = {"type": "string", "minLength": 1}
TIME = {**WORD, "format": "date-time"}
ID = {"type": "string", "minLength": 1, "pattern": "^[0-9a-zA-Z_.-]+$"}
COUNT = {"type": "integer", "minimum": 0}
NUMBER = {"type": "number", "minimum": 0}


def _list(items: dict[str, Any], least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


_SPECIFIED = _object(
    {
        "name": WORD,
        "id": ID,
        "parents": {**_list(ID), "uniqueItems": True},
        "children": {**_list(ID), "uniqueItems": True},
    },
    {"inputFiles": _list(ID), "outputFiles": _list(ID)},
)
_EXECUTED = _object(
    {"id": ID, "runtimeInSeconds": NUMBER},
    {
        "executedAt": TIME,
        "command": _object({"program": WORD, "arguments": _list(WORD)}),
        "coreCount": {"type": "number", "minimum": 1},
        "avgCPU": NUMBER,
        "readBytes": NUMBER,
        "writtenBytes": NUMBER,
        "memoryInBytes": NUMBER,
        "machines": _list(WORD, 1),
    },
)
SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    **_object(
        {
            "name": WORD,
            "schemaVersion": {"enum": ["1.5"]},
            "createdAt": TIME,
            "workflow": _object(
                {
                    "specification": _object(
                        {
                            "tasks": _list(_SPECIFIED, 1),
                            "files": _list(_object({"id": ID, "sizeInBytes": COUNT})),
                        }
                    )
                },
                {
                    "execution": _object(
                        {
                            "makespanInSeconds": NUMBER,
                            "executedAt": TIME,
                            "tasks": _list(_EXECUTED, 1),
                        },
                        {"machines": _list(_object({"nodeName": WORD}), 1)},
                    )
                },
            ),
        },
        {
            "description": WORD,
            "runtimeSystem": _object({"name": WORD, "version": WORD}),
        },
    ),
}
