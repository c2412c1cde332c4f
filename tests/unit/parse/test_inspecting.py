from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbatch.errors import InputError
from pegbatch.parse.inspecting import inspect_data


def test_wfformat_counts_tasks_parent_links_and_files() -> None:
    tasks = [
        {"id": "a", "parents": [], "inputFiles": ["f"], "outputFiles": ["g"]},
        {"id": "b", "parents": ["a"], "inputFiles": ["g"], "outputFiles": []},
    ]
    document = {"schemaVersion": "1.5", "workflow": {"specification": {"tasks": tasks}}}
    told = inspect_data(json.dumps(document).encode(), "w.json")
    assert (told.kind, told.version) == ("wfformat-json", "1.5")
    assert (told.jobs, told.edges, told.files) == (2, 1, 2)


def test_older_wfformat_names_files_in_each_task() -> None:
    tasks = [{"name": "a", "parents": [], "files": [{"name": "f", "link": "input"}]}]
    document = {"schemaVersion": "1.2", "workflow": {"jobs": tasks}}
    told = inspect_data(json.dumps(document).encode(), "w.json")
    assert (told.jobs, told.edges, told.files) == (1, 0, 1)


def test_wfformat_without_tasks_is_refused() -> None:
    with pytest.raises(InputError, match="tasks"):
        inspect_data(b'{"workflow": {}}', "w.json")


@pytest.mark.parametrize(
    ("text", "entries"),
    [('{"jobDefinitionName": "d"}', 1), ('{"submitjob": [{}, {}]}', 2), ('{"SubmitJob": []}', 0)],
)
def test_aws_json_counts_its_requests(text: str, entries: int) -> None:
    assert inspect_data(text.encode(), "a.json").entries == entries


def test_json_with_a_broken_line_in_a_string_is_told_what_aws_will_say() -> None:
    told = inspect_data(b'{"jobQueueName": "a\nb"}', "q.json")
    assert [problem.where for problem in told.warnings] == ["q.json:1"]


def test_variables_are_told_in_one_warning() -> None:
    text = "replicas:\n" + "".join(
        f"- lfn: f{number}\n  pfns: [{{site: s, pfn: '${{V{number}}}/x'}}]\n" for number in range(7)
    )
    told = inspect_data(text.encode(), "rc.yml")
    (warning,) = told.warnings
    assert warning.message == (
        "needs environment variables: ${V0}, ${V1}, ${V2}, ${V3}, ${V4} and 2 more"
    )
    assert told.entries == 7


@pytest.mark.parametrize(
    ("data", "kind", "entries"),
    [
        (b"sites: [{name: a}, {name: a}]", "sc-yaml", 2),
        (b"<sitecatalog version='4.2'><site handle='a'/></sitecatalog>", "sc-xml", 1),
        (b'tr a { site s { pfn "/x" } }', "tc-text", 1),
        (b"transformations: []", "tc-yaml", 0),
        (b'a /x site="s"\na /y site="s"\n', "rc-file", 2),
        (b"env.A=1\nenv.A=1\n", "properties", 2),
    ],
)
def test_catalogs_and_properties_count_entries_as_written(
    data: bytes, kind: str, entries: int
) -> None:
    told = inspect_data(data, "f")
    assert (told.kind, told.entries) == (kind, entries)


def test_what_an_inline_catalog_warns_of_is_told_too() -> None:
    data = b"""pegasus: '5.0'
name: w
replicaCatalog:
  replicas: [{lfn: 'f.*', pfns: [{site: s, pfn: /x}], sizes: 3}]
jobs:
- {type: job, id: a, name: x, arguments: [], uses: []}
"""
    assert any("`sizes`" in problem.message for problem in inspect_data(data, "w.yml").warnings)


_PIECES = st.sampled_from(
    (
        "tr a::b:1 {",
        "}",
        "cont c {",
        "site s {",
        'pfn "/x"',
        '"',
        "\\",
        "\\u12",
        "=",
        "#",
        "pegasus.x = ${y}",
        'f /x site="s"',
        "sites:",
        "replicas:\n- lfn: a",
        "transformations:\n- name: a\n  sites:",
        "jobs:",
        "  - ",
        "[",
        "{",
        "${A}",
        "{{b}}",
        "{% if %}",
        "<sitecatalog version='4.0'>",
        "<site handle='s'>",
        "</site>",
        "<adag>",
        "&x;",
        ": ",
        "*a",
        "&a",
        "\n",
        "\n",
        "\n",
        "\t",
        "\r",
        "é",
    )
)


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_whatever_the_text_it_is_read_or_refused(text: str) -> None:
    try:
        told = inspect_data(text.encode(), "f")
    except InputError as error:
        assert all(problem.message for problem in error.problems)
    else:
        assert told.kind


@given(st.binary(max_size=200))
def test_whatever_the_bytes_they_are_read_or_refused(data: bytes) -> None:
    try:
        told = inspect_data(data, "rc.txt")
    except InputError as error:
        assert all(problem.message for problem in error.problems)
    else:
        assert told.kind


@pytest.mark.parametrize(
    "data",
    [
        b"<?xml version='1.0' encoding='nonsense'?>\n<adag/>",
        b"<?xml version='1.0' encoding='nonsense'?>\n<sitecatalog/>",
        b"replicas: []\n}",
        b"sites: []\n---\nsites: []\n",
    ],
)
def test_files_malformed_at_their_ends_are_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        inspect_data(data, "f")


@pytest.mark.parametrize("text", ['{"format": 1, "workflow": "w", "jobs": []}', '{"workflow": ""}'])
def test_a_file_of_a_plan_is_told_from_a_trace(text: str) -> None:
    with pytest.raises(InputError, match="a file of a plan that pegbatch has made"):
        inspect_data(text.encode(), "plan.json")
