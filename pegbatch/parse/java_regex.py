"""Java's regular expressions, as Pegasus reads them, turned into Python's.

Most of the two is the same. What Java spells otherwise is translated; what Python does not have
is refused by name. Digits, words and blanks are the ASCII ones, as in Java.
Source: java.util.regex.Pattern; Python's re.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pegbatch.model.regex_cost import explodes

_ESCAPES = {
    "z": r"\Z",
    "h": r"[ \t\xA0]",
    "e": r"\x1B",
    "R": r"(?:\r\n|[\n\x0B\f\r\x85])",
}
"""One-letter escapes that Python spells otherwise, or has not."""

_SAME = frozenset("dDwWsSbBAtnrfaxu0123456789")
"""Letters and digits whose escapes mean the same in both."""

_CLASSES = {
    "Lower": "a-z", "Upper": "A-Z", "Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`{-~", "Graph": "!-~", "Print": " -~", "Blank": r" \t",
    "Cntrl": r"\x00-\x1F\x7F", "XDigit": "0-9a-fA-F", "Space": r" \t\n\x0B\f\r",
    "ASCII": r"\x00-\x7F",
}  # fmt: skip
"""`\\p{…}` of POSIX, as the inside of a class."""

_PIECE = re.compile(
    r"""\\Q (?P<quoted> .*? ) (?: \\E | \Z )
      | \\ (?P<sign> [pP] ) (?: \{ (?P<long> [^}]* ) \} | (?P<short> . ) )
      | \\k < (?P<back> [A-Za-z][A-Za-z0-9]* ) >
      | \\ (?P<escape> . )
      | \( \? < (?P<name> [A-Za-z][A-Za-z0-9]* ) >
      | \( \? (?P<flags> [a-zA-Z-]+ ) (?P<scope> [:)] )
      | (?P<open> \[ )
      | (?P<close> \] )
      | (?P<and> && )
      | (?P<plain> . )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(slots=True)
class _Class:
    """Whether the scan is inside `[…]`, and just behind its beginning."""

    is_open: bool = False
    is_fresh: bool = False


def translate_java(text: str) -> re.Pattern[str]:
    """Return the expression that matches in Python what the text matches in Java.

    Errors: ValueError with a sentence on what Python cannot do, or what is wrong with it.
    """
    inside = _Class()
    pieces = "".join(_piece(match, inside) for match in _PIECE.finditer(text))
    try:
        expression = re.compile(pieces, re.ASCII)
        endless = explodes(pieces, re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"this is no regular expression: {error}") from error
    if endless:
        raise ValueError(
            "a repetition inside a repetition could take for ever; write `[ab]+` for `(a+b*)+`"
        )
    return expression


def _piece(match: re.Match[str], inside: _Class) -> str:
    """Return one piece of the expression in Python's spelling."""
    was_fresh, inside.is_fresh = inside.is_fresh, False
    match match.lastgroup:
        case "quoted":
            return re.escape(match["quoted"])
        case "long" | "short":
            return _property(match["sign"], match["long"] or match["short"], inside)
        case "back":
            return f"(?P={match['back']})"
        case "escape":
            return _escape(match["escape"], inside)
        case "open" | "close" | "and":
            return _bracket(match[0], inside, was_fresh)
        case _:
            inside.is_fresh = was_fresh and match[0] == "^"
            return match[0] if inside.is_open else _group(match)


def _group(match: re.Match[str]) -> str:
    """Return a piece outside `[ ]`: the beginning of a group, or a plain character."""
    if match.lastgroup == "name":
        return f"(?P<{match['name']}>"
    if match.lastgroup == "scope":
        return _flags(match["flags"], match["scope"], at_start=match.start() == 0)
    return match[0]


def _property(sign: str, name: str, inside: _Class) -> str:
    known = _CLASSES.get(name.removeprefix("Is"))
    if known is None:
        raise ValueError(f"\\{sign}{{{name}}} of Java is not supported; write the letters in [ ]")
    if not inside.is_open:
        return f"[{'^' if sign == 'P' else ''}{known}]"
    if sign == "P":
        raise ValueError(f"\\P{{{name}}} of Java is not supported inside [ ]")
    return known


def _escape(letter: str, inside: _Class) -> str:
    if letter in _ESCAPES:
        if inside.is_open and letter in "zR":
            raise ValueError(f"\\{letter} means nothing inside [ ]")
        found = _ESCAPES[letter]
        return found.strip("[]") if inside.is_open else found
    if letter == "Z":
        return r"(?=\n?\Z)"
    if letter in _SAME or not (letter.isascii() and letter.isalpha()):
        return f"\\{letter}"
    raise ValueError(f"\\{letter} of Java is not supported")


def _flags(flags: str, scope: str, *, at_start: bool) -> str:
    if scope == ")" and not at_start:
        raise ValueError(
            f"(?{flags}) within an expression is not supported; write it first, or (?{flags}:…)"
        )
    unknown = set(flags) - set("ims-")
    if unknown:
        raise ValueError(f"the flag {min(unknown)!r} in (?{flags}{scope} is not supported")
    return f"(?{flags}{scope}"


def _bracket(sign: str, inside: _Class, was_fresh: bool) -> str:
    if not inside.is_open:
        inside.is_open = inside.is_fresh = sign == "["
        return sign
    if sign == "]" and not was_fresh:
        inside.is_open = False
        return sign
    if sign == "&&":
        raise ValueError("the intersection && inside [ ] is Java's alone; name the letters")
    if sign == "[":
        raise ValueError("a class inside a class, [a[b]], is Java's alone; write [ab], or \\[")
    return "\\]"
