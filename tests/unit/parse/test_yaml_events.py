from __future__ import annotations

import io
import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.errors import InputError, Problem
from pegbatch.parse.yaml_events import MAX_ALIASED, MAX_DEPTH, Node, YamlReader, parse_document


def reader(text: str | bytes, **environment: str) -> YamlReader:
    data = text.encode() if isinstance(text, str) else text
    return YamlReader(io.BytesIO(data), "f.yml", environment)


def plain(node: Node) -> Any:
    """Return a node without its lines."""
    if isinstance(node.value, dict):
        return {key: plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    return node.value


def refused(text: str | bytes) -> Problem:
    with pytest.raises(InputError) as caught:
        reader(text).document()
    return caught.value.problems[-1]


def test_scalars_stay_as_written_and_nothing_is_none() -> None:
    text = "[4.0, '4.0', 010, 1e3, true, No, null, ~, '', 'null', ]"
    assert plain(reader(text).document()) == [
        "4.0", "4.0", "010", "1e3", "true", "No", None, None, "", "null",
    ]  # fmt: skip


def test_every_value_knows_its_line() -> None:
    root = reader("a: 1\nb:\n  - x\n  - {c: y}\n").document()
    entries = root.mapping() or {}
    assert (root.line, entries["a"].line, entries["b"].line) == (1, 1, 3)
    assert [item.line for item in entries["b"].sequence() or ()] == [3, 4]


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("Yes", True), ("on", True), ("FALSE", False), ("no", False), ("2", None)],
)
def test_booleans_are_read_as_yaml_1_1_does(text: str, value: bool | None) -> None:
    assert Node(text, 1).boolean() is value


def test_a_node_gives_only_what_it_is() -> None:
    listed, mapped, text, nothing = Node([], 1), Node({}, 1), Node("x", 1), Node(None, 1)
    assert (listed.text(), mapped.text(), text.text(), nothing.text()) == (None, None, "x", None)
    assert (text.sequence(), mapped.sequence(), nothing.sequence()) == (None, None, ())
    assert (text.mapping(), listed.mapping(), nothing.mapping()) == (None, None, {})
    assert (listed.boolean(), nothing.boolean()) == (None, None)
    assert [node.kind for node in (listed, mapped, text, nothing)] == [
        "a list", "a mapping", "a single value", "nothing",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_an_empty_file_is_nothing(text: str) -> None:
    assert reader(text).document().value is None


def test_top_level_keys_are_walked_in_order_and_lists_item_by_item() -> None:
    found = reader("a: {x: 1}\njobs: [p, {q: 1}]\nb: z\n")
    walked: list[Any] = []
    for key, line in found.entries():
        values = list(found.items()) if key == "jobs" else [found.value()]
        walked.append((key, line, [plain(value) for value in values]))
    assert walked == [("a", 1, [{"x": "1"}]), ("jobs", 2, ["p", {"q": "1"}]), ("b", 3, ["z"])]


def test_an_empty_file_has_no_entries() -> None:
    assert list(reader("").entries()) == []


@pytest.mark.parametrize("text", ["[a]", "word", "*a"])
def test_entries_of_what_is_no_mapping_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"f\.yml:1: expected a mapping"):
        list(reader(text).entries())


def test_a_list_that_is_an_alias_or_anchored_is_walked_too() -> None:
    found = reader("a: &l [x, y]\nb: *l\nc: &m [z]\nd: *m\n")
    walked = [[plain(item) for item in found.items()] for _ in found.entries()]
    assert walked == [["x", "y"], ["x", "y"], ["z"], ["z"]]


def test_a_list_that_is_none_is_a_problem() -> None:
    found = reader("jobs: {a: 1}\nmore: ~\n")
    assert [list(found.items()) for _ in found.entries()] == [[], []]
    assert [str(problem) for problem in found.problems] == [
        "f.yml:1: expected a list, found a mapping"
    ]


def test_duplicate_keys_are_problems_at_every_depth() -> None:
    found = reader("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n")
    found.document()
    assert [str(problem) for problem in found.problems] == [
        "f.yml:4: the key 'c' is written twice",
        "f.yml:5: the key 'a' is written twice",
    ]
    with pytest.raises(InputError):
        found.finish()
    walked = reader("a: 1\na: 2\n")
    assert [walked.value().value for _ in walked.entries()] == ["1", "2"]
    assert [problem.where for problem in walked.problems] == ["f.yml:2"]


def test_variables_are_replaced_in_values_and_unset_ones_collected() -> None:
    found = reader("${K}: ${A}/x\nb: ['${B}']\n", A="1")
    assert plain(found.document()) == {"${K}": "1/x", "b": ["${B}"]}
    assert [problem.where for problem in found.undefined] == ["f.yml:2"]
    with pytest.raises(InputError, match="'B' is not set"):
        found.finish()


def test_aliases_share_the_node_of_their_anchor() -> None:
    entries = reader("a: &x {k: v}\nb: *x\nc: [*x, &s w, *s]\n").document().mapping() or {}
    assert entries["a"] is entries["b"]
    assert plain(entries["c"]) == [{"k": "v"}, "w", "w"]


def test_merge_keys_give_way_to_the_keys_beside_them() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {a: 5, c: 6}\nz: {<<: [*x, *y], b: 3}\nw: {<<: *y}\n"
    found = reader(text)
    document = plain(found.document())
    assert document["z"] == yaml.safe_load(text)["z"] | {"a": "1", "b": "3", "c": "6"}
    assert document["w"] == {"a": "5", "c": "6"}
    assert found.problems == []


def test_a_merge_key_takes_nothing_but_mappings() -> None:
    found = reader("a:\n  <<: word\n  b: 1\n")
    assert plain(found.document()) == {"a": {"b": "1"}}
    assert [str(problem) for problem in found.problems] == [
        "f.yml:2: `<<` takes mappings, found a single value"
    ]


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("a: b: c", "f.yml:1", "malformed YAML"),
        ("a:\n\tb: c", "f.yml:2", "malformed YAML"),
        ("a: [x\n", "f.yml:2", "malformed YAML"),
        ("a: 1\nb: *c\n", "f.yml:2", "no anchor"),
        ("a: &x\n  b: *x\n", "f.yml:2", "no anchor"),
        ("? [a]\n: b", "f.yml:1", "a key must be a single value"),
        ("a: 1\n---\nb: 2\n", "f.yml:2", "second document"),
        (b"a: 1\nb: \xff\xfe\n", "f.yml:2", "not readable as text"),
        (bytes(range(256)), "f.yml:1", "not readable as text"),
        (b"\x1f\x8b\x08\x00" + b"\x93" * 99, "f.yml:1", "not readable as text"),
    ],
)
def test_what_is_malformed_is_refused_with_its_line(
    text: str | bytes, where: str, words: str
) -> None:
    problem = refused(text)
    assert problem.where == where
    assert words in problem.message


def test_bytes_that_are_no_text_in_a_stream_without_rewind_are_refused_without_line() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(InputError) as caught:
        YamlReader(Pipe(b"a: \xff"), "f.yml", {}).document()
    assert caught.value.problems[0].where == "f.yml"


@pytest.mark.parametrize("opening", ["[", "[\n", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused(opening: str) -> None:
    assert refused(opening * 200_000).message.startswith(
        (f"nested deeper than {MAX_DEPTH}", "a key must be")
    )


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "aliases stand for" in refused("\n".join(lines)).message


def test_many_aliases_of_a_large_file_are_no_bomb() -> None:
    shared = ", ".join("x" * 1000)
    items = ", ".join(["{a: *x, b: [1, 2, 3, 4, 5, 6, 7, 8]}"] * 1200)
    found = reader(f"x: &x [{shared}]\ny: [{items}]\n").document().mapping() or {}
    assert len(found["y"].sequence() or ()) == 1200
    assert MAX_ALIASED < 1000 * 1200


def test_what_was_found_before_a_malformed_line_is_told_too() -> None:
    with pytest.raises(InputError) as caught:
        reader("a: 1\na: 2\nb: *none\n").document()
    assert [problem.where for problem in caught.value.problems] == ["f.yml:2", "f.yml:3"]


def test_a_whole_document_is_read_with_the_problems_of_file_and_meaning_together() -> None:
    def read(node: Node, source: str) -> str:
        if node.mapping() and "bad" in (node.mapping() or {}):
            raise InputError("bad", where=source)
        return "read"

    def parse(text: str) -> str:
        return parse_document(io.BytesIO(text.encode()), "f.yml", {}, read)

    assert parse("a: 1") == "read"
    with pytest.raises(InputError) as caught:
        parse("bad: ${X}\na: 1\na: 2\n")
    assert len(caught.value.problems) == 3
    with pytest.raises(InputError, match="written twice"):
        parse("a: 1\na: 2\n")


letters = st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp"), exclude_characters="$")
values = st.recursive(
    st.text(alphabet=letters | st.sampled_from("\n\t:-#{}[]'\"\\"), max_size=8)
    | st.integers()
    | st.none(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(alphabet="abcxyz", min_size=1, max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(values)
def test_what_json_and_yaml_write_is_read_back_as_text(value: Any) -> None:
    def texts(inner: Any) -> Any:
        if isinstance(inner, dict):
            return {key: texts(item) for key, item in inner.items()}
        if isinstance(inner, list):
            return [texts(item) for item in inner]
        return inner if inner is None else str(inner)

    written = yaml.safe_dump(value, allow_unicode=True)
    assert plain(reader(written).document()) == texts(value)
    assert plain(reader(json.dumps(value)).document()) == texts(value)
