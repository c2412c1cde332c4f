"""Pages of docs/ that are made from the code: errors and properties, in Markdown and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pegbatch.report.explained_errors import EXPLANATIONS, Explanation

_ERRORS = """\
# Errors

<!-- Made by `pegbatch help --page errors`; change pegbatch/report/explained_errors.py. -->

An error says where, what, and what to do next, and then its code; `pegbatch help CODE` prints what
stands here. Every problem of an input is told at once. With `--json` the same stands on stdout as
one object:

```json
{"error": {"code": "bad-input", "exit_code": 3,
           "problems": [{"where": "workflow.yml:12", "message": "…", "hint": "…"}]}}
```

| exit code | codes |
|---|---|
| 0 | done |
| 1 | a task or the run failed: `pegbatch analyze` says what and why |
"""

_PROPERTIES = """\
# Properties

<!-- Made by `pegbatch help --page properties`; change pegbatch/parse/known_properties.py and
obeyed_properties.py. -->

Properties stand in `~/.pegasusrc`, in `./pegasus.properties` (or the file given with `--conf`), in
environment variables (`_PEGASUS__CATALOG__SITE__FILE`, two underscores for a dot), or on the
command line (`-D key=value`); the later of these win. `conf/pegasus.properties` is a sample to
copy. `*` stands for one or more characters, – for nothing. `pegbatch help NAME` prints the line of
one.
"""

_PASSED_OVER = """\
These are Pegasus's. They are read without a warning, so that a properties file may stay as it is,
and have no effect here. Any other name that begins with `pegasus.` or `pegbatch.` is warned about,
with the nearest name that is known.

| property | what it means to Pegasus |
|---|---|
"""


_WITHOUT_CODE = ("refused", "interrupted", "bug")
"""What is said in another way than errors of the tree are."""


@dataclass(frozen=True, slots=True)
class PropertyGroup:
    """Properties that stand together."""

    title: str
    meanings: Mapping[str, str]
    """By name or pattern."""


def errors_page() -> str:
    """Return docs/errors.md."""
    codes: dict[int, list[str]] = {}
    for code, one in EXPLANATIONS.items():
        codes.setdefault(one.exit_code, []).append(f"[{code}](#{code})")
    rows = "".join(f"| {number} | {', '.join(codes[number])} |\n" for number in sorted(codes))
    sections = "\n".join(_error_section(code, one) for code, one in EXPLANATIONS.items())
    return f"{_ERRORS}{rows}\n{sections}"


def _error_section(code: str, one: Explanation) -> str:
    typed = f"$ {one.command}\n" if one.command else ""
    language = "console" if one.command else "text"
    ending = "" if code in _WITHOUT_CODE else f"\n  (error {code}: `pegbatch help {code}`)"
    return (
        f"## {code}\n\n{one.meaning} Exit code {one.exit_code}.\n\n"
        f"```{language}\n{typed}{one.printed}{ending}\n```\n\n{one.advice}\n"
    )


def error_text(code: str) -> str:
    """Return what `pegbatch help CODE` prints.

    Errors: KeyError where there is no such code.
    """
    one = EXPLANATIONS[code]
    typed = f"  $ {one.command}\n" if one.command else ""
    printed = "".join(f"  {line}\n" for line in one.printed.splitlines())
    return (
        f"{code} (exit code {one.exit_code})\n\n{one.meaning}\n\n"
        f"Example:\n{typed}{printed}\nWhat to do: {one.advice}"
    )


def properties_page(groups: Sequence[PropertyGroup], defaults: Mapping[str, str]) -> str:
    """Return docs/properties.md: what is obeyed with its default, then what is passed over."""
    sections = []
    for group in groups:
        rows = [
            f"| `{name}` | {defaults[name]} | {_cell(meaning)} |\n"
            for name, meaning in sorted(group.meanings.items())
            if name in defaults
        ]
        head = "| property | default | what it says |\n|---|---|---|\n"
        sections.append(f"\n## {group.title}\n\n{head}{''.join(rows)}")
    passed_over = sorted(
        (name, meaning)
        for group in groups
        for name, meaning in group.meanings.items()
        if name not in defaults
    )
    rows = [f"| `{name}` | {_cell(meaning)} |\n" for name, meaning in passed_over]
    return f"{_PROPERTIES}{''.join(sections)}\n## Passed over\n\n{_PASSED_OVER}{''.join(rows)}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def property_text(name: str, meaning: str, default: str | None) -> str:
    """Return what `pegbatch help PROPERTY` prints; default None is a property without effect."""
    if default is None:
        return f"{name}: {meaning} (known from Pegasus; it has no effect here)"
    return f"{name}: {meaning}" + ("" if default == "–" else f" (default: {default})")
