from __future__ import annotations

import pytest

from pegbatch.errors import InputError
from pegbatch.model.catalogs import FileServer, SiteCatalog
from pegbatch.model.profiles import Profile
from pegbatch.parse.catalogs import read_sites
from pegbatch.parse.variables import AsWritten

HEAD = '<sitecatalog xmlns="http://pegasus.isi.edu/schema/sitecatalog" version="{}">'


def read(body: str, version: str = "4.1", **environment: str) -> SiteCatalog:
    text = f"{HEAD.format(version)}\n{body}\n</sitecatalog>"
    return read_sites(text.encode(), "sc", environment)


def test_a_site_has_directories_servers_and_profiles() -> None:
    catalog = read(
        """<site handle="s" arch="x86_64" os="LINUX" osrelease="" glibc="">
  <grid type="gt5" contact="c" scheduler="PBS"/>
  <profile namespace="PEGASUS" key="style"> condor </profile>
  <directory type="shared-scratch" path="/scratch">
    <file-server operation="get" url="http://h/scratch"> </file-server>
    <file-server operation="put" url="scp://h/scratch"/>
  </directory>
  <metadata key="k">v</metadata>
  <replica-catalog type="LRC" url="x"/>
</site>"""
    )
    site = catalog.sites["s"]
    (directory,) = site.directories
    assert (site.arch, site.os, site.where) == ("x86_64", "linux", "sc:2")
    assert site.profiles == (Profile("pegasus", "style", "condor"),)
    assert (directory.kind, directory.path, directory.where) == (
        "shared-scratch",
        "/scratch",
        "sc:5",
    )
    assert directory.file_servers == (
        FileServer("http://h/scratch", "get"),
        FileServer("scp://h/scratch", "put"),
    )
    assert (catalog.version, catalog.entries, catalog.warnings) == ("4.1", 1, ())


def test_the_namespace_does_not_matter() -> None:
    data = b'<sitecatalog version="4.0"><site handle="s"/></sitecatalog>'
    assert list(read_sites(data, "sc", {}).sites) == ["s"]


def test_variables_are_replaced_in_attributes_and_profiles() -> None:
    catalog = read(
        '<site handle="${S}"><directory type="shared-scratch" path="${B}">'
        '<file-server url="${U}/${B}"/></directory>'
        '<profile namespace="env" key="H">${B}/..</profile></site>',
        S="aws",
        B="bucket",
        U="s3://me@amazon",
    )
    site = catalog.sites["aws"]
    assert site.directories[0].file_servers == (FileServer("s3://me@amazon/bucket", "all"),)
    assert site.profiles[0].value == "bucket/.."


def test_all_problems_come_at_once_each_with_its_line() -> None:
    with pytest.raises(InputError) as caught:
        read(
            """<site handle="${NOT_SET}">
  <directory type="shared" path="/x">
    <file-server operation="most" url="file:///x"/>
    <file-server/>
  </directory>
</site>
<site>
  <profile namespace="env">x</profile>
  <directory path="/x"/>
</site>"""
        )
    lines = [problem.where for problem in caught.value.problems]
    assert lines == [f"sc:{line}" for line in (2, 3, 4, 5, 8, 9, 10)]


@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_older_layouts_are_refused_by_name(version: str) -> None:
    with pytest.raises(InputError, match=rf"layout {version}"):
        read('<site handle="s"/>', version)


def test_an_older_layout_can_be_looked_at() -> None:
    data = f'{HEAD.format("3.0")}<site handle="s"/></sitecatalog>'.encode()
    catalog = read_sites(data, "sc", AsWritten())
    assert (catalog.version, catalog.entries, len(catalog.warnings)) == ("3.0", 1, 1)


def test_odd_things_are_warnings() -> None:
    catalog = read('<site handle="s" arch="x68"/>\n<site handle="s"><what/></site>', version="4.9")
    assert [problem.where for problem in catalog.warnings] == ["sc:1", "sc:2", "sc:3", "sc:3"]
    assert catalog.entries == 2


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'<sitecatalog version="4.0">\n<site handle="s">\n</sitecatalog>', 3),
        (b'<sitecatalog version="4.0">\n<site handle=\\"s\\"/>\n</sitecatalog>', 2),
        (b"@@HEAD@@\n<?xml version='1.0'?>\n<sitecatalog version='4.0'/>", 1),
        (b"<sitecatalogue version='4.0'/>", 1),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>\n<sitecatalog version="4.0">&a;</sitecatalog>', 1),
    ],
)
def test_malformed_xml_is_refused_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(InputError) as caught:
        read_sites(data, "sc", {})
    assert caught.value.problems[0].where == f"sc:{line}"


def test_huge_nesting_is_refused() -> None:
    deep = b"<site>" * 100_000
    with pytest.raises(InputError):
        read_sites(b'<sitecatalog version="4.0">' + deep, "sc", {})


def test_a_workflow_is_no_site_catalog() -> None:
    with pytest.raises(InputError, match="expected a site catalog, found dax-xml"):
        read_sites(b"<adag/>", "sc", {})
