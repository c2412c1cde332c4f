from __future__ import annotations

import pytest

from pegbatch.errors import InputError
from pegbatch.model.catalogs import ReplicaCatalog
from pegbatch.parse.catalogs import read_replicas
from pegbatch.parse.variables import AsWritten

DIGEST = "0123456789ABCDEF" * 4


def read(text: str, **environment: str) -> ReplicaCatalog:
    return read_replicas(text.encode(), "rc", environment)


def places(text: str) -> list[tuple[str, str, str]]:
    catalog = read(text)
    return [
        (lfn, replica.pfn, replica.site)
        for lfn, found in catalog.replicas.items()
        for replica in found
    ]


@pytest.mark.parametrize(
    "line",
    [
        'f.a file:///x/f.a site="s"',
        'f.a file:///x/f.a pool="s"',
        "f.a file:///x/f.a site=s",
        'f.a   file:///x/f.a\t site = "s" \t',
        '"f.a" "file:///x/f.a" site="s"\r',
        'f.a file:///x/f.a pool="other" site="s"',
    ],
)
def test_every_spelling_of_a_line_says_the_same(line: str) -> None:
    assert places(line) == [("f.a", "file:///x/f.a", "s")]


def test_quoted_words_hold_blanks_quotes_backslashes_and_equals_signs() -> None:
    line = r'"my \"file\"" "http://h/x?a=b\\c d" site="s"'
    assert places(line) == [('my "file"', r"http://h/x?a=b\c d", "s")]


def test_one_lfn_may_lie_in_several_places_in_the_order_written() -> None:
    text = 'f.a /1 site="a"\nf.b /2 site="a"\nf.a /3 site="b"\n'
    assert [pfn for _, pfn, _ in places(text)] == ["/1", "/3", "/2"]


def test_comments_stand_in_the_first_column_only() -> None:
    catalog = read('# no\n#f.a /x site="s"\nf#b /y site="s"\n\n')
    assert list(catalog.replicas) == ["f#b"]


def test_an_lfn_that_looks_like_a_property_is_an_lfn() -> None:
    assert places("pegasus.html file:///x site=local")[0][0] == "pegasus.html"


def test_a_line_without_a_site_is_local_with_a_warning() -> None:
    catalog = read("f.a file:///x\n")
    assert catalog.replicas["f.a"][0].site == "local"
    assert [problem.where for problem in catalog.warnings] == ["rc:1"]


def test_a_checksum_is_taken_in_lower_case() -> None:
    text = f'f.a /x site="s" checksum.type="sha256" checksum.value="{DIGEST}"'
    assert read(text).replicas["f.a"][0].sha256 == DIGEST.lower()


def test_checksums_of_other_kinds_are_left_alone() -> None:
    text = 'f.a /x site="s" checksum.type="md5" checksum.value="abc"'
    assert read(text).replicas["f.a"][0].sha256 is None


def test_a_regex_replica_becomes_a_pattern_and_lines_of_the_same_one_are_joined() -> None:
    catalog = read(
        'f.a /x site="s"\nf\\.([a-z]) /y/[0] site="s" regex="true"\n'
        'f\\.([a-z]) /z/[1] site="t" regex="TRUE"\n'
    )
    assert (list(catalog.replicas), catalog.entries) == (["f.a"], 3)
    (pattern,) = catalog.patterns
    assert pattern.expression.fullmatch("f.b")
    assert [replica.pfn for replica in pattern.replicas] == ["/y/[0]", "/z/[1]"]


def test_an_expression_that_only_java_knows_is_refused_with_its_line() -> None:
    with pytest.raises(InputError) as caught:
        read('a /x site="s"\n"[a&&b]" /y site="s" regex="true"\n( /z site="s" regex="true"\n')
    assert [problem.where for problem in caught.value.problems] == ["rc:2", "rc:3"]
    assert "intersection" in caught.value.problems[0].message


def test_variables_come_from_the_environment() -> None:
    assert read('f.a file:///${DIR}/f.a site="${S}"', DIR="d", S="s").replicas["f.a"][0].pfn == (
        "file:///d/f.a"
    )


def test_every_bad_line_is_named_and_none_is_skipped() -> None:
    text = "\n".join(
        [
            'good /x site="s"',
            "alone",
            'f.a http://h/x?a=b site="s"',
            'f.b "/never closed site=s',
            'f.c /x site="s" stray',
            'f.d /${NOT_SET} site="s"',
            'f.e /x site="s" checksum.value="12"',
        ]
    )
    with pytest.raises(InputError) as caught:
        read(text)
    assert [problem.where for problem in caught.value.problems] == [
        f"rc:{line}" for line in range(2, 8)
    ]


def test_a_template_is_refused_but_can_be_looked_at() -> None:
    data = b'{% if x == true %}\nf.a file://{{dir}}/f.a site="local"\n{% endif %}\n'
    with pytest.raises(InputError, match="template"):
        read_replicas(data, "rc", {})
    assert read_replicas(data, "rc", AsWritten()).entries == 1


@pytest.mark.parametrize("data", [b"", b"# nothing yet\n"])
def test_an_empty_catalog_has_no_replicas_and_a_warning(data: bytes) -> None:
    catalog = read_replicas(data, "rc", {})
    assert (dict(catalog.replicas), len(catalog.warnings)) == ({}, 1)


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    with pytest.raises(InputError) as caught:
        read_replicas(b'f.a /x site="s"\nf.b /\xff site="s"\n', "rc", {})
    assert caught.value.problems[0].where == "rc:2"


def test_a_checksum_that_is_still_open_is_not_judged() -> None:
    data = b'f.a /x site="s" checksum.value="${SUM}"'
    assert read_replicas(data, "rc", AsWritten()).replicas["f.a"][0].sha256 is None
