"""Words, quoted strings and braces of the text transformation catalog."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pegbatch.parse.reading import Reading

_TOKEN = re.compile(
    r"""
    [ \t\f\r]+ | \#.*
    | "(?P<quoted>(?:[^"\\\n]|\\.)*)"
    | (?P<mark>\}|\{(?![{%]))
    | (?P<word>(?:\$\{[^{}\n]*\} | \{\{[^{}\n]*\}\} | [^\s{}"])+)
    | (?P<bad>.)
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)")


class Token(NamedTuple):
    """One word, string or brace."""

    text: str
    line: int
    quoted: bool = False
    mark: bool = False

    def is_mark(self, text: str) -> bool:
        """Tell whether this is a certain brace."""
        return self.mark and self.text == text


class Tokens:
    """The tokens of one file, taken one by one; what is missing is noted as a problem."""

    def __init__(self, tokens: Iterable[Token], reading: Reading) -> None:
        self._left = list(tokens)[::-1]
        self._reading = reading

    def take(self) -> Token | None:
        """Take the next token, or None at the end."""
        return self._left.pop() if self._left else None

    def take_values(self, after: Token, count: int) -> list[Token]:
        """Take words or strings that must stand on the same line.

        Shapes: `count` of them, or none, and a problem, where one is missing.
        """
        values: list[Token] = []
        while len(values) < count:
            if not self._left or self._left[-1].mark or self._left[-1].line != after.line:
                self._missing("a value", after)
                return []
            values.append(self._left.pop())
        return values

    def take_mark(self, text: str, after: Token) -> bool:
        """Take a certain brace; false, and a problem, where it is not there."""
        if self._left and self._left[-1].is_mark(text):
            self._left.pop()
            return True
        self._missing(f"`{text}`", after)
        return False

    def skip_line(self, line: int) -> None:
        """Drop the rest of a line that makes no sense."""
        while self._left and self._left[-1].line == line and not self._left[-1].mark:
            self._left.pop()

    def _missing(self, what: str, after: Token) -> None:
        self._reading.refuse(after.line, f"expected {what} after `{after.text}`")


def tokens_of(text: str, reading: Reading) -> Tokens:
    """Cut a text catalog into tokens, with `${VAR}` replaced."""
    return Tokens(_scan(text, reading), reading)


def _scan(text: str, reading: Reading) -> Iterator[Token]:
    for line, content in enumerate(text.split("\n"), 1):
        for found in _TOKEN.finditer(content):
            token = _token(found, line, reading)
            if token is not None:
                yield token
            elif found["bad"]:
                reading.refuse(line, f"unexpected {found['bad']!r}: is a quote missing?")
                break


def _token(found: re.Match[str], line: int, reading: Reading) -> Token | None:
    match found.lastgroup:
        case "quoted":
            plain = _ESCAPE.sub(r"\1", found["quoted"])
            return Token(reading.expand(plain, line), line, quoted=True)
        case "word":
            return Token(reading.expand(found["word"], line), line)
        case "mark":
            return Token(found["mark"], line, mark=True)
        case _:
            return None
