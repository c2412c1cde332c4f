"""Numbers with their nouns, as people read them."""

from __future__ import annotations


def count_text(number: int, noun: str) -> str:
    """Return `1 task`, `2,000 tasks`, `3 losses`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun}{'es' if noun.endswith('s') else 's'}"
