"""The text layout of the transformation catalog: `tr ns::name:version { site s { … } }`.

Source: Pegasus, "Transformation Catalog, multi line text"; quirks of real files: no blank before
a brace, types in either case, comments inside blocks, a closing brace too many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pegbatch.model.catalogs import (
    Container,
    Transformation,
    TransformationCatalog,
    TransformationSite,
)
from pegbatch.model.hooks import Hook
from pegbatch.model.profiles import Profile
from pegbatch.parse.hooks import read_hook
from pegbatch.parse.names import InstallKind, install_kind, transformation_name
from pegbatch.parse.profiles import written_profile
from pegbatch.parse.reading import Reading
from pegbatch.parse.templates import blank_statements, warn_of_placeholders
from pegbatch.parse.text_tokens import Token, Tokens, tokens_of
from pegbatch.parse.transformations import build_catalog

_SITE_WORDS = ("pfn", "arch", "os", "osrelease", "osversion", "glibc", "type", "container")
_CONTAINER_WORDS = ("type", "image", "image_site", "dockerfile")


@dataclass(slots=True)
class _Block:
    """What was found between two braces."""

    values: dict[str, Token] = field(default_factory=dict)
    profiles: list[Profile] = field(default_factory=list)
    sites: list[TransformationSite] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    mounts: list[str] = field(default_factory=list)

    def text(self, word: str) -> str:
        found = self.values.get(word)
        return found.text if found else ""


def read_transformations_text(text: str, reading: Reading) -> TransformationCatalog:
    """Read a text catalog.

    Errors: InputError with all problems, each with file and line.
    """
    plain = blank_statements(text, reading)
    warn_of_placeholders(plain, reading)
    tokens = tokens_of(plain, reading)
    transformations: list[Transformation] = []
    containers: list[Container] = []
    while (token := tokens.take()) is not None:
        if token.text == "tr" and not token.quoted:
            transformations += _transformation(tokens, token, reading)
        elif token.text == "cont" and not token.quoted:
            containers += _container(tokens, token, reading)
        elif token.is_mark("}"):
            reading.warn(token.line, "a closing brace too many; it is ignored")
        else:
            reading.refuse(
                token.line,
                f"expected `tr` or `cont`, found {token.text!r}",
                'write tr NAME { site SITE { pfn "…" } }',
            )
            tokens.skip_line(token.line)
    return build_catalog(reading, "", transformations, containers)


def _transformation(tokens: Tokens, start: Token, reading: Reading) -> list[Transformation]:
    names = tokens.take_values(start, 1)
    if not names:
        return []
    block = _block(tokens, start, reading, _transformation_word)
    return [
        Transformation(
            name=transformation_name(names[0].text),
            profiles=tuple(block.profiles),
            sites=tuple(block.sites),
            hooks=tuple(block.hooks),
            where=reading.where(start.line),
        )
    ]


def _container(tokens: Tokens, start: Token, reading: Reading) -> list[Container]:
    names = tokens.take_values(start, 1)
    if not names:
        return []
    block = _block(tokens, start, reading, _container_word)
    return [
        Container(
            name=names[0].text,
            kind=block.text("type").lower(),
            image=block.text("image"),
            mounts=tuple(block.mounts),
            profiles=tuple(block.profiles),
            where=reading.where(start.line),
        )
    ]


_Word = Callable[[Tokens, Token, Reading, _Block], bool]
"""Reads what follows a word in a block; false where the word has no place there."""


def _block(tokens: Tokens, start: Token, reading: Reading, read_word: _Word) -> _Block:
    """Read `{ … }`, word by word, up to its closing brace."""
    block = _Block()
    if not tokens.take_mark("{", start):
        return block
    while (token := tokens.take()) is not None:
        if token.is_mark("}"):
            return block
        if not read_word(tokens, token, reading, block):
            reading.refuse(token.line, f"unknown word {token.text!r} in `{start.text}`")
            tokens.skip_line(token.line)
    reading.refuse(start.line, f"the block of this `{start.text}` is never closed", "add a `}`")
    return block


def _transformation_word(tokens: Tokens, token: Token, reading: Reading, block: _Block) -> bool:
    if token.text == "site" and not token.quoted:
        block.sites += _site(tokens, token, reading)
        return True
    return _common_word(tokens, token, reading, block)


def _site_word(tokens: Tokens, token: Token, reading: Reading, block: _Block) -> bool:
    return _value_word(tokens, token, block, _SITE_WORDS) or _common_word(
        tokens, token, reading, block
    )


def _container_word(tokens: Tokens, token: Token, reading: Reading, block: _Block) -> bool:
    if token.text == "mount" and not token.quoted:
        block.mounts += [value.text for value in tokens.take_values(token, 1)]
        return True
    return _value_word(tokens, token, block, _CONTAINER_WORDS) or _common_word(
        tokens, token, reading, block
    )


def _value_word(tokens: Tokens, token: Token, block: _Block, words: tuple[str, ...]) -> bool:
    if token.quoted or token.text not in words:
        return False
    for value in tokens.take_values(token, 1):
        block.values[token.text] = value
    return True


def _common_word(tokens: Tokens, token: Token, reading: Reading, block: _Block) -> bool:
    """Read a profile, or pass over what we do not act on."""
    match token.text:
        case "profile":
            if values := tokens.take_values(token, 3):
                namespace, key, value = (word.text for word in values)
                profile = written_profile(reading, token.line, namespace, key, value)
                block.profiles += [profile] if profile else []
        case "metadata":
            tokens.take_values(token, 2)
        case "invoke":
            if values := tokens.take_values(token, 2):
                event, command = (word.text for word in values)
                block.hooks += read_hook(event, command, token.line, reading.warn)
        case _:
            return False
    return True


def _site(tokens: Tokens, start: Token, reading: Reading) -> list[TransformationSite]:
    names = tokens.take_values(start, 1)
    if not names:
        return []
    block = _block(tokens, start, reading, _site_word)
    if "pfn" not in block.values:
        reading.refuse(
            start.line, f"site {names[0].text} has no `pfn`", 'add the path: pfn "/path/to/program"'
        )
    return [
        TransformationSite(
            site=names[0].text,
            pfn=block.text("pfn"),
            kind=_kind(block, reading),
            arch=block.text("arch"),
            os=block.text("os").lower(),
            profiles=tuple(block.profiles),
            container=block.text("container") or None,
            where=reading.where(start.line),
        )
    ]


def _kind(block: _Block, reading: Reading) -> InstallKind:
    found = block.values.get("type")
    kind = install_kind(found.text) if found else None
    if found and kind is None and not reading.is_open(found.text):
        reading.refuse(found.line, f"unknown type {found.text!r}", "it is INSTALLED or STAGEABLE")
    return kind or "installed"
