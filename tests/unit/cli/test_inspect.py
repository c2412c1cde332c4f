from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pegbatch.cli.main import main

DAX = """<?xml version="1.0"?>
<adag version="3.6" name="w">
  <job id="a" name="x"><uses name="f" link="output"/></job>
  <job id="b" name="x"><uses name="f" link="input"/><uses name="${G}" link="output"/></job>
  <child ref="b"><parent ref="a"/><parent ref="gone"/></child>
</adag>
"""


def inspect(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["inspect", *words])
    code = caught.value.code
    assert isinstance(code, int)
    return code


@pytest.fixture
def dax(tmp_path: Path) -> Path:
    path = tmp_path / "work flow.txt"
    path.write_text(DAX)
    return path


def as_json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    loaded = json.loads(capsys.readouterr().out)
    assert isinstance(loaded, dict)
    return loaded


def test_a_workflow_with_defects_is_counted_as_written_and_exits_0(
    dax: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert inspect(str(dax), "--json") == 0
    told = as_json(capsys)
    assert (told["kind"], told["version"]) == ("dax-xml", "3.6")
    assert (told["jobs"], told["edges"], told["files"]) == (2, 2, 2)
    assert told["entries"] is None
    assert any("gone" in warning for warning in told["warnings"])
    assert any("${G}" in warning for warning in told["warnings"])


def test_a_human_reads_kind_and_counts(dax: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(str(dax)) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1] == "  2 jobs · 2 edges · 2 files"
    assert err == ""


def test_properties_are_counted_with_duplicates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "conf"
    path.write_text("pegasus.mode debug\npegasus.mode=tutorial\npegasus.moed=x\n")
    assert inspect(str(path), "--json") == 0
    told = as_json(capsys)
    assert (told["kind"], told["entries"], len(told["warnings"])) == ("properties", 3, 2)


@pytest.mark.parametrize(
    ("name", "data", "line"),
    [
        ("w.dax", b"<adag>\n<job>\n</adag>", 3),
        ("w.yml", b"jobs:\n- id: a\n  uses: [\n- }", 4),
        ("sites.xml", b"<sitecatalog version='4.0'>\n<site/></sitecatalog>", 2),
        ("tc.txt", b"tr x {\n  site s {\n  what\n", 3),
        ("rc.txt", b'a /x site="s"\nb\n', 2),
        ("p.properties", b"a=1\nb=\\u1\n", 2),
        ("q.json", b'{"SubmitJob":\n oops}', 2),
    ],
)
def test_a_malformed_file_is_named_with_its_line_and_exits_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes, line: int
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert inspect(str(path), "--json") == 3
    out, err = capsys.readouterr()
    assert f"{path}:{line}" in [one["where"] for one in json.loads(out)["error"]["problems"]]
    assert f"{path}:{line}: " in err
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["missing.dax", ""])
def test_what_cannot_be_read_exits_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert inspect(str(tmp_path / name)) == 3
    assert str(tmp_path / name) in capsys.readouterr().err


def test_a_wrong_command_line_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect() == 2
    assert "FILE" in capsys.readouterr().err
