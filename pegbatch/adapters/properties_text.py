"""Properties as text, in Java's syntax."""

from __future__ import annotations

from collections.abc import Mapping


def properties_text(properties: Mapping[str, str]) -> str:
    """Return properties sorted, a line each, without a date."""
    return "".join(
        f"{_escaped(key)} = {_escaped(value)}\n" for key, value in sorted(properties.items())
    )


def _escaped(text: str) -> str:
    special = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "=": "\\=", ":": "\\:"}
    special |= {"#": "\\#", "!": "\\!"}
    escaped = "".join(special.get(character, character) for character in text)
    return f"\\{escaped}" if escaped.startswith(" ") else escaped
