"""Regular expressions that a text of a few dozen letters keeps busy for years, told beforehand.

Python tries all ways in which a text could match. `(a+)+` splits it in exponentially many; nothing
can interrupt that once it has begun, so such an expression is refused where it is read.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from re import _constants as words  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_MANY = 20
"""Repeated more often than that is as good as without end."""
_REPEATS = (words.MAX_REPEAT, words.MIN_REPEAT)
_SINGLE = (words.LITERAL, words.NOT_LITERAL, words.IN)
_SAMPLE = string.printable
"""Letters that names and messages are made of."""
_CATEGORIES = {
    words.CATEGORY_DIGIT: r"\d",
    words.CATEGORY_NOT_DIGIT: r"\D",
    words.CATEGORY_SPACE: r"\s",
    words.CATEGORY_NOT_SPACE: r"\S",
    words.CATEGORY_WORD: r"\w",
    words.CATEGORY_NOT_WORD: r"\W",
}


def explodes(pattern: str, flags: int = 0) -> bool:
    """Tell whether a repetition holds another one, and no letter tells where a round ends.

    Shapes: `(a+)+` and `(.*/?)*` do; `(?:[^/]+/)+` does not, for `/` parts what is repeated.
    Errors: re.error.
    """
    return any(_is_ambiguous(body) for body in _repeated(parser.parse(pattern, flags)))


def _repeated(items: Any) -> Iterator[Any]:
    """Yield the bodies of all repetitions without end, inner ones as well."""
    for name, value in items:
        if name in _REPEATS and value[1] > _MANY:
            yield value[2]
        for below in _below(name, value):
            yield from _repeated(below)


def _below(name: Any, value: Any) -> Iterator[Any]:
    """Yield the expressions inside one item."""
    if name in (*_REPEATS, words.POSSESSIVE_REPEAT):
        yield value[2]
    elif name is words.SUBPATTERN:
        yield value[-1]
    elif name is words.BRANCH:
        yield from value[1]
    elif name in (words.ASSERT, words.ASSERT_NOT):
        yield value[1]
    elif name is words.ATOMIC_GROUP:
        yield value
    elif name is words.GROUPREF_EXISTS:
        yield from (part for part in value[1:] if part)


def _is_ambiguous(body: Any) -> bool:
    marks = list(_marks(body))
    return any(all(mark & _letters(inner) for mark in marks) for inner in _elastic(body))


def _elastic(items: Any) -> Iterator[Any]:
    """Yield what may be longer or shorter in the same place: where rounds can be cut otherwise."""
    for name, value in items:
        if name in _REPEATS and value[0] != value[1]:
            yield value[2]
        elif name is words.BRANCH and _overlap(value[1]):
            yield [item for part in value[1] for item in part]
        for below in _below(name, value):
            yield from _elastic(below)


def _overlap(parts: Any) -> bool:
    """Tell whether two alternatives may begin alike, or one is empty."""
    seen: frozenset[str] = frozenset()
    for part in parts:
        first = _letters(part[:1])
        if not first or first & seen:
            return True
        seen |= first
    return False


def _marks(items: Any) -> Iterator[frozenset[str]]:
    """Yield, for each thing that stands in every round, the letters it can be made of."""
    for name, value in items:
        if name is words.SUBPATTERN:
            yield from _marks(value[-1])
        elif name in _REPEATS and value[0]:
            yield _letters(value[2])
        elif name in _SINGLE:
            yield _letters([(name, value)])


def _letters(items: Any) -> frozenset[str]:
    return frozenset(letter for letter in _SAMPLE if _takes(items, letter))


def _takes(items: Any, letter: str) -> bool:
    """Tell whether a letter may be part of what an expression matches; in doubt it may."""
    return any(_item_takes(name, value, letter) for name, value in items)


def _item_takes(name: Any, value: Any, letter: str) -> bool:
    if name is words.LITERAL:
        return bool(value == ord(letter))
    if name is words.NOT_LITERAL:
        return bool(value != ord(letter))
    if name is words.IN:
        return _class_takes(value, letter)
    below = list(_below(name, value))
    return any(_takes(part, letter) for part in below) if below else name is not words.AT


def _class_takes(parts: Any, letter: str) -> bool:
    negated = bool(parts) and parts[0][0] is words.NEGATE
    return negated != any(_part_takes(name, value, letter) for name, value in parts)


def _part_takes(name: Any, value: Any, letter: str) -> bool:
    if name is words.RANGE:
        return bool(value[0] <= ord(letter) <= value[1])
    if name is words.CATEGORY:
        return value not in _CATEGORIES or bool(re.match(_CATEGORIES[value], letter))
    return bool(name is words.LITERAL and value == ord(letter))
