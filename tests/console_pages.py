"""Runs a page of docs/ word by word: saves its files, types its commands, compares what is printed.

In a page, a fenced block with a title (```yaml title="sites.yml") is a file to save, and a block of
the language `console` is typed: a line that begins with `$ ` is a command, `> ` continues it, and
what follows is what it prints, stdout and stderr together. `…` stands for anything within a line,
a line of `…` alone for any number of lines. A command ends with 0, unless `echo $?` comes next.
All commands of a page are typed into one shell, in an empty folder.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 300
_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?[^\n]*\n(?P<body>.*?)"
    r"^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_MARK = "@@end-of-command"
_AFTER = f'__ended=$?; printf "\\n{_MARK} %d\\n" $__ended; (exit $__ended)'


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file that the page tells its reader to save."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A command, and what the page says it prints."""

    command: str
    expected: tuple[str, ...]
    line: int


def steps_of(page: str) -> Iterator[SavedFile | Typed]:
    """Yield what the reader of a page does, in order."""
    for block in _BLOCK.finditer(page):
        body = re.sub(f"^{block['indent']}", "", block["body"], flags=re.MULTILINE)
        if block["title"]:
            yield SavedFile(block["title"], body)
        elif block["language"] == "console":
            yield from _typed(body.splitlines(), page.count("\n", 0, block.start("body")) + 1)


def _typed(lines: Sequence[str], first: int) -> Iterator[Typed]:
    command, expected, at = "", list[str](), first
    for number, line in enumerate(lines, first):
        if line.startswith("$ "):
            if command:
                yield Typed(command, tuple(expected), at)
            command, expected, at = line[2:], [], number
        elif line.startswith("> ") and not expected:
            command += "\n" + line[2:]
        else:
            assert command, f"line {number}: printed before anything is typed"
            expected.append(line)
    if command:
        yield Typed(command, tuple(expected), at)


def run_page(page: str, folder: Path, binaries: Path) -> list[str]:
    """Do what a page says in a folder; return what is not as the page says, each with its line."""
    steps = list(steps_of(page))
    shell = subprocess.run(
        ["bash", "--norc", "-c", "\n".join(["exec 2>&1", *map(_shell_lines, steps)])],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "100",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    typed = [step for step in steps if isinstance(step, Typed)]
    results = re.split(rf"\n?{_MARK} (\d+)\n", shell.stdout)
    wrong = []
    for number, step in enumerate(typed):
        printed, code = results[2 * number], int(results[2 * number + 1])
        follows = typed[number + 1].command if number + 1 < len(typed) else ""
        if code and follows != "echo $?":
            wrong.append(f"line {step.line}: $ {step.command}\nends with {code}\n{printed}")
        elif not matches(step.expected, printed.splitlines()):
            expected = "\n".join(step.expected)
            wrong.append(
                f"line {step.line}: $ {step.command}\n--- the page\n{expected}\n--- here\n{printed}"
            )
    return wrong


def _shell_lines(step: SavedFile | Typed) -> str:
    if isinstance(step, SavedFile):
        folder = str(Path(step.name).parent)
        ending = "end-of-a-saved-file"
        return f"mkdir -p '{folder}'\ncat > '{step.name}' <<'{ending}'\n{step.text}{ending}"
    return f"{step.command}\n{_AFTER}"


def matches(expected: Sequence[str], printed: Sequence[str]) -> bool:
    """Say whether lines are those of a page, with its `…`."""
    parts = [
        r"(?:.*\n)*?" if line.strip() == "…" else _line_pattern(line.rstrip()) for line in expected
    ]
    text = "".join(f"{line.rstrip()}\n" for line in printed)
    return re.fullmatch("".join(parts), text) is not None


def _line_pattern(line: str) -> str:
    return ".*".join(map(re.escape, line.split("…"))) + r"\n"


def make_binaries(folder: Path) -> Path:
    """Put the commands that pages type into a folder."""
    folder.mkdir()
    modules = {
        "pegbatch": "pegbatch.cli.main",
        "pegbatch-aws-batch": "pegbatch.cli.aws_batch_main",
    }
    for name, module in modules.items():
        program = f"import sys; sys.argv[0] = {name!r}; from {module} import main; main()"
        _write_script(folder / name, f'exec "{sys.executable}" -c "{program}" "$@"')
    _write_script(folder / "python3", f'exec "{sys.executable}" "$@"')
    return folder


def _write_script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
