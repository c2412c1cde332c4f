from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import pytest

from pegbatch.errors import InputError
from pegbatch.model.catalogs import FileServer
from pegbatch.model.hooks import Hook
from pegbatch.model.profiles import Profile
from pegbatch.model.workflow import TransformationName
from pegbatch.parse.catalogs import read_replicas, read_sites, read_transformations
from pegbatch.parse.sites_yaml import sites_from_node
from pegbatch.parse.variables import AsWritten
from pegbatch.parse.yaml_events import parse_document

SITES = """pegasus: "5.0"
sites:
- name: aws
  arch: x86_64
  os.type: LINUX
  directories:
  - type: sharedScratch
    path: /bucket
    sharedFileSystem: false
    fileServers:
    - {url: "${URL}/bucket", operation: all}
  - type: localStorage
    path: /tmp
    fileServers: []
  grids: [{type: batch}]
  profiles:
    PEGASUS: {clusters.num: 1, x-note: ignored}
    x-ext: true
    env:
      EMPTY:
"""


def wheres(read: Callable[[], object]) -> list[str | None]:
    with pytest.raises(InputError) as caught:
        read()
    return [problem.where for problem in caught.value.problems]


def test_a_site_has_directories_servers_and_profiles() -> None:
    catalog = read_sites(SITES.encode(), "sc", {"URL": "s3://me@amazon"})
    site = catalog.sites["aws"]
    scratch, storage = site.directories
    assert (scratch.kind, scratch.path, storage.kind) == (
        "shared-scratch",
        "/bucket",
        "local-storage",
    )
    assert scratch.file_servers == (FileServer("s3://me@amazon/bucket", "all"),)
    assert storage.file_servers == ()
    assert site.profiles == (Profile("pegasus", "clusters.num", "1"), Profile("env", "EMPTY", ""))
    assert (site.os, site.where) == ("linux", "sc:3")
    assert (catalog.version, catalog.entries, catalog.warnings) == ("5.0", 1, ())


def test_an_inline_catalog_needs_no_version() -> None:
    def read(node: object, source: str) -> object:
        return sites_from_node(node, source, {})  # type: ignore[arg-type]

    catalog = parse_document(io.BytesIO(b"sites: [{name: s}]"), "wf", {}, read)
    assert list(catalog.sites) == ["s"]  # type: ignore[attr-defined]


def test_sites_are_wrong_in_many_ways_at_once() -> None:
    text = """sites:
- arch: x86
- name: a
  directories:
  - type: nowhere
    fileServers:
    - operation: most
  - plain
- name: b
  profiles: [x]
- name: ${NOT_SET}
  profiles: {env: {A: [b]}}
  directories: {a: b}
"""
    assert sorted(
        int(str(where).removeprefix("sc:"))
        for where in wheres(lambda: read_sites(text.encode(), "sc", {}))
    ) == [2, 5, 7, 7, 8, 10, 11, 12, 13]


def test_unknown_keys_are_warned_of_with_the_nearest_known_one() -> None:
    catalog = read_sites(b"sites:\n- name: s\n  directorys: []\n", "sc", {})
    assert [(problem.where, problem.hint) for problem in catalog.warnings] == [
        ("sc:3", "did you mean `directories`?")
    ]


def test_profiles_by_tag_are_warned_of() -> None:
    catalog = read_sites(b"sites:\n- name: s\n  x-tags: [{name: t}]\n", "sc", {})
    assert [problem.where for problem in catalog.warnings] == ["sc:3"]


TRANSFORMATIONS = """pegasus: 5.0.4
transformations:
- namespace: diamond
  name: analyze
  version: 4.0
  requires: [diamond::findrange:4.0, bar]
  profiles: {pegasus: {memory: 2048}}
  sites:
  - {name: local, pfn: /bin/a, type: stageable, arch: x86_64, os.type: linux, container: keg}
  - name: hpc
    pfn: ${BIN}/a
    type: INSTALLED
    profiles: {env: {A: b}}
- name: bar
  hooks: {shell: [{_on: start, cmd: x}]}
containers:
- name: keg
  type: docker
  image: docker:///pegasus/keg
  mounts: [/data:/data]
"""


def test_a_transformation_has_requirements_profiles_and_sites() -> None:
    catalog = read_transformations(TRANSFORMATIONS.encode(), "tc", {"BIN": "/opt"})
    entry = catalog.transformations[TransformationName("diamond", "analyze", "4.0")]
    local, hpc = entry.sites
    assert entry.requires == (
        TransformationName("diamond", "findrange", "4.0"),
        TransformationName("", "bar", ""),
    )
    assert (local.kind, local.container, hpc.kind, hpc.pfn) == (
        "stageable",
        "keg",
        "installed",
        "/opt/a",
    )
    assert hpc.profiles == (Profile("env", "A", "b"),)
    assert catalog.containers["keg"].image == "docker:///pegasus/keg"
    assert (catalog.version, catalog.entries) == ("5.0.4", 2)


def test_hooks_are_kept_and_missing_sites_are_warned_of() -> None:
    catalog = read_transformations(TRANSFORMATIONS.encode(), "tc", {"BIN": "/opt"})
    entry = catalog.transformations[TransformationName("", "bar", "")]
    assert entry.hooks == (Hook("start", "x"),)
    assert [problem.where for problem in catalog.warnings] == ["tc:14"]


def test_transformations_are_wrong_in_many_ways_at_once() -> None:
    text = """transformations:
- version: 1
- name: a
  requires: [[b]]
  sites:
  - name: s
    type: sometimes
- name: [x]
"""
    assert sorted(
        str(where) for where in wheres(lambda: read_transformations(text.encode(), "tc", {}))
    ) == ["tc:2", "tc:4", "tc:6", "tc:7", "tc:8"]


REPLICAS = """pegasus: 5.0.4
replicas:
- lfn: f.a
  pfns:
  - {site: local, pfn: /data/f.a}
  - {pfn: "s3://me@amazon/b/f.a"}
  checksum: {sha256: '%s'}
  metadata: {size: 1024}
- lfn: run_(\\d+)
  pfns: [{site: local, pfn: '/data/[1]'}]
  regex: true
"""


def test_replicas_carry_site_and_checksum_and_regular_expressions_are_patterns() -> None:
    catalog = read_replicas((REPLICAS % ("AB" * 32)).encode(), "rc", {})
    first, second = catalog.replicas["f.a"]
    assert (first.site, first.pfn, first.sha256) == ("local", "/data/f.a", "ab" * 32)
    assert (second.site, second.pfn) == ("local", "s3://me@amazon/b/f.a")
    assert (list(catalog.replicas), catalog.entries) == (["f.a"], 2)
    assert [pattern.expression.pattern for pattern in catalog.patterns] == [r"run_(\d+)"]
    assert catalog.patterns[0].replicas[0].where == "rc:10"


def test_replicas_are_wrong_in_many_ways_at_once() -> None:
    text = """replicas:
- pfns: [{pfn: /x}]
- lfn: a
- lfn: b
  pfns: [{site: s}]
  checksum: {sha256: short}
  regex: maybe
"""
    assert sorted(
        str(where) for where in wheres(lambda: read_replicas(text.encode(), "rc", {}))
    ) == ["rc:2", "rc:3", "rc:5", "rc:6", "rc:7"]


Reader = Callable[[bytes, str, Mapping[str, str]], object]


@pytest.mark.parametrize("read", [read_sites, read_transformations, read_replicas])
@pytest.mark.parametrize("data", [b"a: [\n", b"\tb: c\n  d", b"- x\n- y\n", b"\x00\x01\xff"])
def test_what_is_no_catalog_is_refused(read: Reader, data: bytes) -> None:
    with pytest.raises(InputError):
        read(data, "f.yml", {})


@pytest.mark.parametrize("read", [read_sites, read_transformations, read_replicas])
def test_yaml_with_a_misspelt_key_is_still_read_as_yaml(read: Reader) -> None:
    with pytest.raises(InputError, match="is missing"):
        read(b"pegasus: '5.0'\nreplica: []\n", "f", {})


@pytest.mark.parametrize(
    ("read", "key"),
    [(read_sites, "sites"), (read_transformations, "transformations"), (read_replicas, "replicas")],
)
def test_huge_nesting_is_refused(read: Reader, key: str) -> None:
    with pytest.raises(InputError):
        read(f"{key}:\n {'[' * 100_000}".encode(), "f", {})


@pytest.mark.parametrize("read", [read_sites, read_transformations, read_replicas])
def test_a_catalog_of_another_kind_is_refused_by_name(read: Reader) -> None:
    with pytest.raises(InputError, match="found wf-yaml"):
        read(b"pegasus: '5.0'\njobs: []\n", "f", {})


@pytest.mark.parametrize("read", [read_sites, read_transformations, read_replicas])
def test_an_empty_file_is_an_empty_catalog_with_a_warning(read: Reader) -> None:
    catalog = read(b"", "f", {})
    assert len(catalog.warnings) == 1  # type: ignore[attr-defined]


def test_values_that_are_still_open_are_not_judged() -> None:
    text = "sites:\n- name: ${S}\n  arch: ${A}\n  directories:\n  - {type: '${T}', path: /x}\n"
    catalog = read_sites(text.encode(), "sc", AsWritten())
    assert (list(catalog.sites), catalog.warnings) == (["${S}"], ())
