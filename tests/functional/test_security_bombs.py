"""What only wants time or memory and is no large file: refused, in little of both."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.functional.measured import measured

MOST_MIB = 120
ENTITIES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
DOCTYPE = f'<!DOCTYPE l [<!ENTITY a0 "lol">{ENTITIES}]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
FILES = {
    "attribute.dax": f"{DOCTYPE}<adag name='&a9;'/>",
    "attribute.xml": f"{DOCTYPE}<sitecatalog x='&a9;'/>",
    "outside.xml": f"{OUTSIDE}<sitecatalog>&e;</sitecatalog>",
    "outside.dax": f"{OUTSIDE}<adag>&e;</adag>",
    "merge.yml": "a: &b0 {x: 1}\n"
    + "".join(f"b{n}: &b{n} {{<<: [*b{n - 1}, *b{n - 1}]}}\n" for n in range(1, 60)),
    "wide.yml": f"a: &a {{{','.join(f'k{n}: 1' for n in range(10_000))}}}\n"
    + "".join(f"b{n}: {{<<: *a}}\n" for n in range(2_000)),
    "digits.json": '{"workflow": {"tasks": []}, "n": ' + "1" * 1_000_000 + "}",
    "doubled.properties": "k0 = xxxxxxxxxx\n"
    + "".join(f"k{n} = ${{k{n - 1}}}${{k{n - 1}}}\n" for n in range(1, 60)),
    "wide.properties": f"k0 = {'x' * 60_000}\nk1 = {'${k0}' * 100_000}\n",
    "pattern.txt": 'f.a file:///x site="local"\n"(a+)+$" file:///x regex="true" site="local"\n',
    "pattern.yml": 'pegasus: "5.0"\nreplicas:\n- {lfn: "(a|aa*)*b", regex: true, '
    "pfns: [{site: local, pfn: /x}]}\n",
}


def test_a_message_that_could_be_looked_for_for_ever_is_not_planned(tmp_path: Path) -> None:
    profiles = "profiles: {pegasus: {exitcode.failuremsg: '(a+)+$'}}"
    job = f"{{type: job, id: a, name: b, arguments: [], {profiles}}}"
    (tmp_path / "w.yml").write_text(f'pegasus: "5.0"\nname: w\njobs:\n- {job}\n')
    ended = measured([sys.executable, "-m", "pegbatch", "plan", "--no-catalogs", "w.yml"], tmp_path)
    assert ended.exit_code in (3, 4), ended.said
    assert "repetition in a repetition" in ended.said


@pytest.mark.parametrize("name", FILES)
def test_a_bomb_of_a_few_kilobytes_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(FILES[name])
    if name.startswith("pattern"):
        name_of_input = "a" * 60
        (tmp_path / "w.dax").write_text(
            f'<adag name="w"><job id="a" name="b"><uses file="{name_of_input}" link="input"/></job>'
            "</adag>"
        )
        words = ["plan", "w.dax", f"-Dpegasus.catalog.replica.file={name}"]
    else:
        words = ["inspect", name]
    ended = measured([sys.executable, "-m", "pegbatch", *words], tmp_path)
    assert ended.exit_code == 3, ended.said
    assert name in ended.said and "Traceback" not in ended.said and "root:" not in ended.said
    assert len(ended.said) < 5000
    assert ended.peak_mib < MOST_MIB


@pytest.mark.parametrize("kind", ["many", "endless", "deep"])
def test_workflows_in_workflows_that_come_to_any_number_are_refused(
    kind: str, tmp_path: Path
) -> None:
    levels, width = (100, 1) if kind == "deep" else (4, 300)
    for level in range(levels):
        inner = 0 if kind == "endless" and level == levels - 1 else level + 1
        job = f"type: pegasusWorkflow, file: {inner}.yml"
        jobs = "".join(f"- {{id: s{number}, {job}}}\n" for number in range(width))
        (tmp_path / f"{level}.yml").write_text(f"jobs:\n{jobs}")
    (tmp_path / f"{levels}.yml").write_text("jobs: [{id: x, name: y}]\n")
    words = ["-m", "pegbatch", "plan", "--no-catalogs", "0.yml"]
    ended = measured([sys.executable, *words], tmp_path)
    assert ended.exit_code == 3, ended.said
    assert {"many": "8,100,000,000 tasks", "endless": "without end", "deep": "more than 50"}[
        kind
    ] in ended.said
    assert ended.peak_mib < MOST_MIB
