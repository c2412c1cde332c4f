"""The quirks policy, line by line: docs/quirks.md says no more and no less than what is done."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from pegbatch.errors import PegbatchError
from pegbatch.parse.catalogs import read_replicas, read_sites, read_transformations
from pegbatch.parse.dax_xml import parse_dax
from pegbatch.parse.kinds import looks_like_xml
from pegbatch.parse.properties import read_properties
from pegbatch.parse.settings import merge_settings
from pegbatch.parse.workflow_yaml import parse_workflow
from pegbatch.planner.check import check
from pegbatch.planner.map_to_site import map_to_site
from tests.unit.planner.test_places import given
from tests.workflows import T, make_given

PAGE = Path(__file__).resolve().parents[3] / "docs" / "quirks.md"
SECTIONS = {
    "Accepted without a word": "silent",
    "Accepted with a warning": "warned",
    "Refused": "refused",
}


def dax(*lines: str, root: str = '<adag name="w" version="3.6">') -> str:
    return "\n".join([root, *lines, "</adag>"])


def job(inside: str = "", **attributes: str) -> str:
    told = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f'<job id="a" name="n"{told}>{inside}</job>'


def yml(*jobs: str, top: str = "") -> str:
    return "\n".join(["pegasus: '5.0'", "name: w", *([top] if top else []), "jobs:", *jobs])


B = '<job id="b" name="n"/>'
EDGE = '<child ref="b"><parent ref="a"/></child>'
SITE = '<site handle="s">{}</site>'


def sites(inside: str, version: str = "4.2") -> str:
    return f'<sitecatalog version="{version}">{inside}</sitecatalog>'


def tr(inside: str = "", start: str = "tr n {", kind: str = "INSTALLED") -> str:
    return f'{start} {inside} site s {{ pfn "/bin/n" type "{kind}" }} }}\n'


WORKFLOWS: dict[str, str | bytes] = {
    "namespace missing or foreign": dax(job(), root='<adag xmlns="http://x" name="w">'),
    "version wrong or absent": dax(job(), root='<adag name="w" version="0.0.0">'),
    "spellings of other versions": dax(
        job('<argument><filename file="f"/></argument><uses file="f" link="input"/>'
            '<uses name="g" link="output" dontTransfer="true"/>')
    ),
    "extra attributes": dax(job(runtime="3.5", size="1", privacylevel="x"), '<?pi x?>'),
    "runtime of nonsense": dax(job(runtime="-1"), B.replace("/>", ' runtime="soon"/>')),
    "sizes of nonsense": dax(job('<uses name="f" link="input" size="-2e8"/>')),
    "counts that lie": dax(job(), root='<adag name="w" jobCount="9" childCount="9">'),
    "edges absent": dax(job('<uses name="f" link="output"/>'),
                        B.replace("/>", '><uses name="f" link="input"/></job>')),
    "edges given twice": dax(job(), B, EDGE, EDGE),
    "jobs without uses or names of workflows": dax(job(), root="<adag>"),
    "link missing or none": dax(job('<uses name="f"/><uses name="g" link="none"/>')),
    "executables among the uses": dax(job('<uses name="x" executable="true"/>')),
    "checkpoint files": dax(job('<uses name="f" link="checkpoint"/>')),
    "ids that begin with a digit": dax('<job id="1" name="n"/>'),
    "CRLF, US-ASCII, no declaration": dax(job()).replace("\n", "\r\n"),
    "elements in another order than the schema's": dax(
        job('<uses name="f" link="input"/><profile namespace="env" key="A">1</profile>')
    ),
    "metadata": dax('<metadata key="k">v</metadata>', job('<metadata key="k">v</metadata>')),
    "white space in arguments": dax(job("<argument>  -a\n  b </argument>")),
    "non-ASCII text": dax("<!-- \u00e9 -->", job()),
    "YAML or XML under any name": yml("- {id: a, name: n}"),
    "YAML jobs without a type": yml("- {id: a, name: n, uses: [{lfn: f, type: input}]}"),
    "what the official schema rejects": yml(
        "- {type: job, id: a, name: n, arguments: [1, 2.5, '-x y'], uses: [{lfn: f, type: input,"
        " size: 3}]}", top="siteCatalog: {sites: [{name: s, directories: []}]}"
    ),
    "keys for other parts of Pegasus": yml(
        "- {id: a, name: n, nodeLabel: l, uses: [{lfn: f, type: input, bypass: true,"
        " forPlanning: true}]}", top="x-pegasus: {apiLang: python}"
    ),
    "aliases and merge keys": yml("- &a {id: a, name: n}", "- {<<: *a, id: b}"),
    "unknown elements": dax(job("<decaf/>")),
    "unknown keys": yml("- {id: a, name: n, colour: red}"),
    "unknown profile namespaces": dax(job('<profile namespace="odd" key="k">v</profile>')),
    "YAML uses without a type": yml("- {id: a, name: n, uses: [{lfn: f}]}"),
    "several producers of one file": dax(
        job('<uses name="f" link="output"/>'),
        B.replace("/>", '><uses name="f" link="output"/></job>'),
    ),
    "streams of jobs that stand for workflows": dax(
        '<dax id="a" file="f"><stdout name="o" link="output"/></dax>', B
    ),
    "hooks that cannot be run": dax('<invoke when="noon">x</invoke>', job()),
    "a DOCTYPE, entities": "<!DOCTYPE adag>" + dax(job()),
    "text before the XML declaration": "junk\n<?xml version='1.0'?>" + dax(job()),
    "malformed XML, YAML or JSON": dax(job(), "<job"),
    "newer versions": dax(job(), root='<adag name="w" version="4.0">'),
    "dangling references": dax(job(), EDGE),
    "ids given twice": dax(job(), job()),
    "jobs without id or name": dax("<job name='n'/>"),
    "input and output at once": dax(
        job('<uses name="f" link="input"/><uses name="f" link="output"/>')
    ),
    "link that is no word of Pegasus": dax(job('<uses name="f" link="sideways"/>')),
    "cycles": dax(
        job('<uses name="f" link="output"/>'),
        B.replace("/>", '><uses name="f" link="input"/></job>'),
        '<child ref="a"><parent ref="b"/></child>',
    ),
    "jobs that wait for themselves": dax(job(), '<child ref="a"><parent ref="a"/></child>'),
    "no jobs": dax(),
    "jobs that are workflows planned already": dax('<dag id="a" file="f"/>', B),
    "file names that no run can hold": dax(job('<uses name="http://x/f" link="input"/>')),
    "quotes that are not closed": dax(job("<argument>'x</argument>")),
    "variables that are not set": dax(job("<argument>${NOT_SET}</argument>")),
    "YAML keys given twice": yml("- {id: a, id: b, name: n}"),
    "more than one YAML document": yml("- {id: a, name: n}", "---"),
    "alias bombs": "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{n}: &{n} [{','.join(['*' + m] * 9)}]\n"
        for m, n in zip("abcdefghijkl", "bcdefghijklm", strict=True)
    ),
    "deep nesting": yml("- " + "[" * 100 + "]" * 100),
}  # fmt: skip
SITE_CATALOGS: dict[str, str | bytes] = {
    "empty attributes of sites": sites('<site handle="s" osrelease="" glibc=""/>'),
    "elements of sites in any order": sites(
        SITE.format(
            '<profile namespace="env" key="A">1</profile><directory type="shared-scratch"'
            ' path="/s"><file-server operation="all" url="file:///s"> </file-server></directory>'
        )
    ),
    "unknown versions of the site catalog": sites(SITE.format(""), version="9.9"),
    "unfilled templates": sites(SITE.format("") + "<!-- {{x}} -->"),
    "site catalogs of layout 2.0 and 3.0": sites(SITE.format(""), version="3.0"),
}
TRANSFORMATION_CATALOGS: dict[str, str | bytes] = {
    "no blank before a brace, tabs, comments in blocks": tr("# c\n\t", start="tr n{"),
    "types in capitals or not": tr(kind="installed"),
    "one transformation written several times": tr() + tr(),
    "a closing brace too many": tr() + "}\n",
    "a block that is never closed": "tr n {\n",
}
REPLICA_CATALOGS: dict[str, str | bytes] = {
    "pool for site, tabs, trailing blanks": 'f\t file:///f  pool="local" \t\n',
    "several places of one file": 'f /f site="a"\nf /g site="b"\n',
}
PROPERTIES: dict[str, str | bytes] = {
    "Java's syntax, all of it": "pegasus.mode  debug\n\\pegasus.dir.exec = a\\\n  b\n! c\n",
    "keys of other programs": "condor.x = 1\ndagman.RETRY = 2\nelse = 3\n",
    "an empty properties file": "",
    "unknown properties": "pegasus.no.such.key = 1\n",
    "properties set twice": "pegasus.mode = debug\npegasus.mode = tutorial\n",
    "references to nothing": "pegasus.mode = ${nothing}\n",
    "malformed escapes": "pegasus.mode = \\u12\n",
}
EMPTY = {"empty catalogs": ""}
_IN_C = 'tr t { site aws { pfn "/bin/true" container "c" } }\n'
_DOCKER = 'cont c { type "docker" image "docker:///x" }\n'
CONTAINERS: dict[str, str | bytes] = {
    "a container defined twice": _IN_C + _DOCKER + _DOCKER,
    "profiles of a container beside env": _IN_C
    + 'cont c { type "docker" image "x" profile pegasus "container.arguments" "-i" }',
    "containers that are no docker images in a registry": _IN_C
    + 'cont c { type "singularity" image "docker:///x" }',
}


def verdict_on_workflow(data: bytes) -> str:
    parse = parse_dax if looks_like_xml(data) else parse_workflow
    workflow = parse(io.BytesIO(data), "file", {})
    told = (*workflow.warnings, *check(make_given(workflow)).warnings)
    return "warned" if told else "silent"


def verdict_on_properties(data: bytes) -> str:
    return "warned" if merge_settings([read_properties(data, "file")], {}).warnings else "silent"


def verdict_on_containers(data: bytes) -> str:
    catalog = read_transformations(data, "file", {})
    mapped = map_to_site(check(replace(given([T(id="a")]), transformations=catalog)))
    return "warned" if catalog.warnings + mapped.warnings else "silent"


def of_catalog(read):
    return lambda data: "warned" if read(data, "file", {}).warnings else "silent"


CASES = [
    (title, content, judge)
    for group, judge in (
        (WORKFLOWS, verdict_on_workflow),
        (SITE_CATALOGS, of_catalog(read_sites)),
        (TRANSFORMATION_CATALOGS, of_catalog(read_transformations)),
        (REPLICA_CATALOGS, of_catalog(read_replicas)),
        (EMPTY, of_catalog(read_sites)),
        (PROPERTIES, verdict_on_properties),
        (CONTAINERS, verdict_on_containers),
    )
    for title, content in group.items()
]


def policy() -> dict[str, str]:
    """Return what the page promises: title of a line to verdict."""
    found: dict[str, str] = {}
    verdict = ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            verdict = SECTIONS.get(line[3:], "")
        title = re.match(r"- \*\*(.+?)\*\*", line)
        if title and verdict:
            assert title[1] not in found
            found[title[1]] = verdict
    return found


@pytest.mark.parametrize(("title", "content", "judge"), CASES, ids=[case[0] for case in CASES])
def test_a_quirk_is_met_as_the_page_says(title: str, content: str | bytes, judge) -> None:
    data = content.encode() if isinstance(content, str) else content
    try:
        verdict = judge(data)
    except PegbatchError as error:
        assert str(error)
        verdict = "refused"
    assert verdict == policy().get(title)


def test_the_page_promises_nothing_that_is_not_tried() -> None:
    assert set(policy()) == {title for title, _, _ in CASES}
