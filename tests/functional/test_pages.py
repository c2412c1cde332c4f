"""The pages for users, followed word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console_pages import SavedFile, Typed, make_binaries, matches, run_page, steps_of
from tests.functional.commands import ROOT, pegbatch

PAGES = (
    *("tutorial.md", "coming-from-pegasus.md", "coming-from-nextflow-snakemake.md"),
    "sub-workflows.md",
)


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_binaries(tmp_path_factory.mktemp("commands") / "bin")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Lend an empty folder, and end what a page has started in it."""
    here = tmp_path / "here"
    here.mkdir()
    yield here
    for local in here.rglob("local-aws"):
        pegbatch("emulator", "--stop", "--dir", local.parent, cwd=here)


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_says_is_what_happens(name: str, folder: Path, binaries: Path) -> None:
    page = (ROOT / "docs" / name).read_text()
    assert any(isinstance(step, Typed) for step in steps_of(page))
    assert "\n\n".join(run_page(page, folder, binaries)) == ""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_command_that_is_not_tried(name: str) -> None:
    page = (ROOT / "docs" / name).read_text()
    fence = re.compile(r"^```(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for kind, body in fence.findall(page):
        shown = kind in ("text", "yaml") and "$ " not in body
        assert kind == "console" or "title=" in kind or shown, body
    assert "\n$ " not in fence.sub("", page)


PAGE = """
Save this:

```text title="a/b.txt"
one
```

```console
$ cat a/b.txt; echo "$(( 1 + 1 ))"
one
2
$ false
$ echo $?
1
$ cat <<E
> x
> E
x
$ printf '1\\n2\\n3 and 4'
1
…
3 … 4
```

```console
$ echo wrong
right
$ exit_with_7() { return 7; }; exit_with_7
```
"""


def test_a_page_that_is_wrong_is_found_out(folder: Path, binaries: Path) -> None:
    first, *_ = steps_of(PAGE)
    assert first == SavedFile("a/b.txt", "one\n")
    wrong = run_page(PAGE, folder, binaries)
    assert [one.splitlines()[0] for one in wrong] == [
        "line 26: $ echo wrong",
        "line 28: $ exit_with_7() { return 7; }; exit_with_7",
    ]


@pytest.mark.parametrize(
    ("expected", "printed", "fits"),
    [
        ((), (), True),
        ((), ("x",), False),
        (("…",), (), True),
        (("a", "…", "b"), ("a", "x", "y", "b"), True),
        (("a … c",), ("a  c",), True),
        (("a.c",), ("abc",), False),
        (("a",), ("a   ",), True),
    ],
)
def test_dots_stand_for_anything(expected, printed, fits: bool) -> None:
    assert matches(expected, printed) is fits
