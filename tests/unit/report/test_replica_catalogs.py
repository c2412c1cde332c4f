"""Replica catalogs that are written are read back as they were."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.model.registered import RegisteredFile
from pegbatch.parse.catalogs import read_replicas
from pegbatch.parse.variables import AsWritten
from pegbatch.report.replica_catalogs import file_lines, yaml_lines

SUM = "ab" * 32
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=12)
FILES = st.lists(
    st.builds(
        RegisteredFile,
        lfn=NAMES.map(str.strip).filter(bool),
        pfn=NAMES.map(lambda name: f"s3://b/{name.strip()}x"),
        site=st.sampled_from(["local", "aws-batch"]),
        sha256=st.sampled_from([None, SUM]),
        size_bytes=st.one_of(st.none(), st.integers(0, 10**15)),
    ),
    max_size=6,
)


def places(text: str) -> set[tuple[str, str, str, str | None]]:
    catalog = read_replicas(text.encode(), "rc", AsWritten())
    return {
        (lfn, replica.pfn, replica.site, replica.sha256)
        for lfn, found in catalog.replicas.items()
        for replica in found
    }


def expected(files: list[RegisteredFile]) -> set[tuple[str, str, str, str | None]]:
    return {(file.lfn, file.pfn, file.site, file.sha256) for file in files}


@settings(max_examples=100, deadline=None)
@given(FILES)
def test_a_yaml_catalog_comes_back(files: list[RegisteredFile]) -> None:
    assert places("".join(yaml_lines(files))) == expected(files)


@settings(max_examples=100, deadline=None)
@given(FILES)
def test_a_file_catalog_comes_back(files: list[RegisteredFile]) -> None:
    text = "".join(file_lines(files))
    assert (places(text) if text else set()) == expected(files)


def test_both_formats_are_what_pegasus_writes() -> None:
    one = RegisteredFile(lfn="f", pfn="s3://b/f", site="s", sha256=SUM, size_bytes=3)
    two = RegisteredFile(lfn="f", pfn="file:///o/f", site="local", sha256=SUM, size_bytes=3)
    assert list(yaml_lines([one, two])) == [
        'pegasus: "5.0"\n',
        "replicas:\n",
        '- {"lfn":"f","pfns":[{"site":"local","pfn":"file:///o/f"},{"site":"s","pfn":"s3://b/f"}],'
        f'"checksum":{{"sha256":"{SUM}"}},"metadata":{{"size":3}}}}\n',
    ]
    assert list(file_lines([one])) == [
        f'f s3://b/f site="s" checksum.type="sha256" checksum.value="{SUM}" size="3"\n'
    ]


def test_a_file_without_checksum_and_size_says_only_where_it_is() -> None:
    bare = RegisteredFile(lfn="a b", pfn="/x=y", site="s", sha256=None, size_bytes=None)
    assert list(file_lines([bare])) == ['"a b" "/x=y" site="s"\n']
    assert places("".join(yaml_lines([bare]))) == {("a b", "/x=y", "s", None)}
