from __future__ import annotations

import pytest

from pegbatch.errors import InputError
from pegbatch.parse.kinds import detect_kind


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<adag/>", "dax-xml"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- <sitecatalog> -->\n<adag/>", "dax-xml"),
        (b"junk\n<?xml version='1.0'?>\n<adag/>", "dax-xml"),
        (b"<d:adag xmlns:d='x'/>", "dax-xml"),
        (b"<sitecatalog/>", "sc-xml"),
        (b"pegasus: '5.0'\njobs:\n- id: a\n", "wf-yaml"),
        (b"x-pegasus: {}\nsiteCatalog:\n  sites: []\njobs: []\n", "wf-yaml"),
        (b'{"pegasus": "5.0", "jobs": []}', "wf-yaml"),
        (b"{pegasus: '5.0', jobs: []}", "wf-yaml"),
        ("pegasus: '5.0'\njobs: []\n".encode("utf-16"), "wf-yaml"),
        (b"sites: []\n", "sc-yaml"),
        (b"'transformations': []\n", "tc-yaml"),
        (b"containers:\n- name: c\n", "tc-yaml"),
        (b"replicas: []", "rc-yaml"),
        (b"# c\ntr a::b:1.0{\n}", "tc-text"),
        (b"cont c\n{\n}", "tc-text"),
        (b'f.a file:///x site="local"\n', "rc-file"),
        (b'pegasus.html file:///x pool="local"\n', "rc-file"),
        (b"f.a file:///x\n", "rc-file"),
        (b"pegasus.catalog.replica  File\n", "properties"),
        (b"\\pegasus.dir.useTimestamp=true\n", "properties"),
        (b"dagman.retry = 2\n", "properties"),
        (b'{"SubmitJob": []}', "aws-json"),
        (b'{"computeEnvironmentOrder": []}', "aws-json"),
        (b'{"name": "w", "workflow": {"tasks": []}}', "wfformat-json"),
    ],
)
def test_the_content_says_what_a_file_is_whatever_its_name(data: bytes, kind: str) -> None:
    assert detect_kind(data, "misleading.dax") == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pegasus.properties", "properties"),
        ("/home/me/.pegasusrc", "properties"),
        ("sites_empty.yml", "sc-yaml"),
        ("tc_test_empty.yml", "tc-yaml"),
        ("replicas.yaml", "rc-yaml"),
        ("rc.txt", "rc-file"),
        ("tc.text", "tc-text"),
    ],
)
def test_the_name_decides_where_the_content_is_mute(name: str, kind: str) -> None:
    assert detect_kind(b"# nothing\n", name) == kind
    assert detect_kind(b"something: else\n", name) == kind


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"Dear all,\nhow are you?\n", "none of the kinds"),
        (b"<html><body/></html>", "root is <html>"),
        (b'{"a":\n oops}', "malformed JSON"),
        (b"[section]\nkey = 1\n", "none of the kinds"),
        (b"\x7fELF\x02\x01\x00\x00", "no text"),
        (b"\xff\x80\x81", "not UTF-8"),
        (b'{"a":' * 100_000, "malformed JSON"),
    ],
)
def test_what_is_no_input_is_refused_with_a_reason(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        detect_kind(data, "f")
