"""Names, messages and outputs that others wrote steer no terminal, forge no line, start nothing."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from lxml import etree

from pegbatch.adapters.hook_commands import run_hook
from pegbatch.adapters.store import Store
from tests.functional.commands import ROOT, embedded_aws, pegbatch
from tests.functional.workflow_texts import cloud_sites

EVIL = "\x1b[31mred\x1b]0;title\x07\r\x9b2J\x85\u202eodd"
FORGED = "\npegbatch: all is well"
MARKUP = '<script>alert(1)</script>"]; x -> y; "&#x41;'
LOUD = """#!/bin/sh
printf '\\033[2J\\033]0;owned\\007\\r\\000\\377\\376 \\302\\233 tail\\n' >&2
head -c 300000 /dev/zero | tr '\\0' 'x' >&2
printf '\\n\\033[31mlast words' >&2
exit 3
"""
WORDS = [f"{start}touch BASE/pwned{end}" for start, end in (("$(", ")"), ("`", "`"), (";", ""))]
WORDS += ["|touch BASE/pwned", "-x"]
PROGRAMS = """\
transformationCatalog:
  pegasus: "5.0"
  transformations:
  - {name: echo, sites: [{name: cloud, type: installed, pfn: /bin/echo}]}
  - {name: loud, sites: [{name: local, type: stageable, pfn: BASE/loud.sh}]}
"""


def controls(text: str) -> set[str]:
    """Return what could steer a terminal."""
    return {
        letter
        for letter in text
        if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") and letter not in "\n\t"
    }


def on_a_terminal(*words: str | Path, cwd: Path) -> str:
    """Run a command on a terminal, and return all that reaches it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pegbatch", *map(str, words)],
        cwd=cwd,
        # TERM: no colours of ours, so that every control that comes is another's.
        env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    pieces = []
    while True:
        try:
            piece = os.read(ours, 1 << 16)
        except OSError:  # how a terminal says that nobody writes any more
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(ours)
    process.wait()
    return b"".join(pieces).decode().replace("\r\n", "\n")


def workflow(name: str = "w", job: str = "a", transformation: str = "echo") -> str:
    jobs = [{"type": "job", "id": job, "name": transformation, "arguments": []}]
    return json.dumps({"pegasus": "5.0", "name": name, "jobs": jobs})


@pytest.mark.parametrize(
    ("name", "job", "transformation"),
    [(EVIL + FORGED, "a", "n"), ("w", EVIL + FORGED, "n"), ("w", "a", EVIL + FORGED)],
)
def test_names_from_a_workflow_do_not_reach_the_terminal_as_they_are(
    name: str, job: str, transformation: str, tmp_path: Path
) -> None:
    (tmp_path / "w.yml").write_text(workflow(name, job, transformation))
    commands: list[tuple[str, ...]] = [("inspect", "w.yml"), ("inspect", "--json", "w.yml")]
    commands += [("graph", "w.yml"), ("graph", "--format", "mermaid", "w.yml")]
    commands += [("plan", "--no-catalogs", "w.yml"), ("--debug", "plan", "--no-catalogs", "w.yml")]
    for words in commands:
        said = on_a_terminal(*words, cwd=tmp_path)
        assert said and not controls(said), words
        assert "\npegbatch: all is well" not in said, words


def test_a_name_with_a_control_character_is_not_planned(tmp_path: Path) -> None:
    (tmp_path / "w.yml").write_text(workflow("w\n", "a\tb", "n\x1b"))
    ended = pegbatch("plan", "--no-catalogs", "w.yml", cwd=tmp_path)
    assert ended.returncode == 4
    assert ended.stderr.count("holds a control character") == 3


def test_a_file_name_or_option_with_control_characters_is_shown_harmless(tmp_path: Path) -> None:
    for words in (("inspect", EVIL + FORGED), ("--" + EVIL,), ("status", EVIL), ("graph", EVIL)):
        said = on_a_terminal(*words, cwd=tmp_path)
        assert said and not controls(said), words
        assert "\npegbatch: all is well" not in said


def test_what_a_catalog_or_properties_file_holds_is_shown_harmless(tmp_path: Path) -> None:
    odd = EVIL.replace("\x1b", "").replace("\x07", "").replace("\r", "")
    (tmp_path / "w.yml").write_text(workflow())
    (tmp_path / "p.properties").write_text(f"pegasus.{odd} = 1\npegasus.home = ${{x}}{odd}\n")
    (tmp_path / "sites.yml").write_text(f'pegasus: "5.0"\nsites: [{{name: "{odd}", {odd}: 1}}]\n')
    (tmp_path / "rc.txt").write_text(f"lfn{odd} pfn{odd} site={odd} oops\n")
    for words in (
        ("plan", "w.yml", "--conf", "p.properties"),
        ("inspect", "sites.yml"),
        ("inspect", "p.properties"),
        ("plan", "w.yml", "-Dpegasus.catalog.replica.file=rc.txt"),
    ):
        said = on_a_terminal(*words, cwd=tmp_path)
        assert said and not controls(said), words


class Tags(HTMLParser):
    """Notes the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.seen.add(tag)


@pytest.mark.parametrize("way", ["dot", "svg", "mermaid"])
def test_labels_break_out_of_no_drawing(way: str, tmp_path: Path) -> None:
    (tmp_path / "w.yml").write_text(workflow(MARKUP, MARKUP, MARKUP))
    drawn = pegbatch("graph", "--format", way, "w.yml", cwd=tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    text = drawn.stdout
    assert not controls(text)
    if way == "svg":
        root = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False))
        assert not [element for element in root.iter() if "script" in str(element.tag)]
    elif way == "mermaid":
        tags = Tags()
        tags.feed(text)
        assert tags.seen <= {"br"} and text.count('"') == 2 * text.count("[")
    else:
        strings = re.findall(r'"((?:[^"\\]|\\.)*)"', text)
        rest = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
        assert any("<script>" in string for string in strings)
        assert "script" not in rest and "->" not in rest


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Lend a base directory and the submit directory of a run whose tasks misbehave."""
    with embedded_aws(tmp_path_factory.mktemp("text") / "base") as base:
        (base / "loud.sh").write_text(LOUD)
        arguments = [word.replace("BASE", str(base)) for word in WORDS]
        use = {"lfn": "o;$(x) `y`", "type": "output", "stageOut": True}
        jobs = [
            {"type": "job", "id": "$(id);b", "name": "echo", "arguments": arguments, "uses": [use]},
            {"type": "job", "id": "loud", "name": "loud", "arguments": [], "uses": []},
        ]
        jobs[0]["stdout"] = use["lfn"]
        head = {"pegasus": "5.0", "name": "$(w) `x` -y", "jobs": jobs}
        keys = "".join(f"{key}: {json.dumps(value)}\n" for key, value in head.items())
        programs = PROGRAMS.replace("BASE", str(base))
        (base / "w.yml").write_text(keys + cloud_sites(base, "text") + programs)
        planned = pegbatch("plan", "--dir", base, "w.yml", cwd=base)
        assert planned.returncode == 0, planned.stderr
        submit_dir = next(base.glob("*/pegasus/*/run0001"))
        assert pegbatch("run", submit_dir, cwd=base).returncode == 1
        yield base, submit_dir


@pytest.mark.slow
def test_arguments_start_no_shell(failed: tuple[Path, Path]) -> None:
    base, _ = failed
    said = (base / "out" / "o;$(x) `y`").read_text()
    assert said == " ".join(WORDS).replace("BASE", str(base)) + "\n"
    assert not (base / "pwned").exists()


@pytest.mark.parametrize("word", [word.replace("BASE/", "") for word in WORDS])
def test_hooks_start_no_shell(word: str, tmp_path: Path) -> None:
    assert not run_hook(f"/bin/true {word}", tmp_path, {"PATH": os.defpath}, seconds=60)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_what_a_task_says_is_shown_harmless(failed: tuple[Path, Path]) -> None:
    base, submit_dir = failed
    said = on_a_terminal("status", submit_dir, cwd=base)
    assert "last words" in said and not controls(said)
    said = on_a_terminal("status", "--json", submit_dir, cwd=base)
    assert not controls(said)


@pytest.mark.slow
def test_headers_of_a_log_are_lines_of_their_own(failed: tuple[Path, Path]) -> None:
    base, _ = failed
    logs = [path.read_bytes() for path in (base / "local-aws" / "s3").rglob("*.log")]
    verdict = next(log for log in logs if b"tasks succeeded" in log)
    assert not controls(verdict.decode())
    lines = [line for log in logs for line in log.splitlines() if line.startswith(b"=== ")]
    assert set(lines) == {b"=== task $(id);b echo", b"=== task loud loud"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "\x1b[31m",
        '{"tasks": null}',
        "[]",
        '{"try": 1, "tasks": {"total": 2}, "failures": [1, "x", {"id": "\\u001b[2J"}]}',
        "9" * 10_000,
    ],
)
def test_a_summary_that_a_task_has_written_is_no_bug_and_no_command(
    failed: tuple[Path, Path], text: str
) -> None:
    base, submit_dir = failed
    url = json.loads(pegbatch("status", "--json", submit_dir, cwd=base).stdout)["run"]
    store = Store(s3_directory=base / "local-aws" / "s3")
    before = store.read(f"{url}/summary.json")
    store.write(f"{url}/summary.json", text.encode())
    try:
        ended = pegbatch("status", submit_dir, cwd=base)
    finally:
        store.write(f"{url}/summary.json", before)
    assert ended.returncode in (0, 5), ended.stderr
    assert not controls(ended.stdout + ended.stderr) and "a bug in pegbatch" not in ended.stderr


@pytest.mark.slow
def test_records_that_a_task_has_written_are_no_bug_and_no_command(
    failed: tuple[Path, Path],
) -> None:
    base, submit_dir = failed
    url = json.loads(pegbatch("status", "--json", submit_dir, cwd=base).stdout)["run"]
    store = Store(s3_directory=base / "local-aws" / "s3")
    rubbish = b"[" * 100_000 + b"\n\xff\xfe\0\n{}\n[]\n" + b"9" * 10_000 + b"\n"
    keys = [info.url for info in store.list(f"{url}/records")]
    before = {key: store.read(key) for key in keys}
    for key in keys:
        store.write(key, rubbish)
    store.write(f"{url}/records/L0/{'9' * 200}/1.1.jsonl", rubbish)
    store.write(f"{url}/failures/L0/{'9' * 99}.1.1.1", b"")
    store.write(f"{url}/failures/\x1b[2J/1.1.1.1", b"")
    try:
        for words in (("status",), ("fetch",), ("status", "--json")):
            ended = pegbatch(*words, submit_dir, cwd=base)
            assert "a bug in pegbatch" not in ended.stderr, ended.stderr
            assert not controls(ended.stdout + ended.stderr)
    finally:
        for key, data in before.items():
            store.write(key, data)
