"""Writing registered outputs: the submit directory's catalog, and the one that is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegbatch.adapters.registered_files import OutputCatalog, output_catalog, write_registered
from pegbatch.errors import InputError, OutsideError
from pegbatch.model.registered import RegisteredFile
from pegbatch.parse.catalogs import read_replicas

TYPE = "pegasus.catalog.replica.output"


def file(lfn: str, pfn: str, sha256: str | None = None) -> RegisteredFile:
    return RegisteredFile(lfn=lfn, pfn=pfn, site="local", sha256=sha256, size_bytes=5)


def read(path: Path) -> dict[str, list[tuple[str, str | None]]]:
    catalog = read_replicas(path.read_bytes(), str(path), {})
    return {
        lfn: [(replica.pfn, replica.sha256) for replica in found]
        for lfn, found in catalog.replicas.items()
    }


def test_the_properties_name_the_catalog_and_its_format(tmp_path: Path) -> None:
    assert output_catalog({}, tmp_path) is None
    assert output_catalog({TYPE: "File"}, tmp_path) is None
    named = output_catalog({f"{TYPE}.file": "out.yml"}, tmp_path)
    assert named == OutputCatalog(tmp_path / "out.yml", is_yaml=True)
    named = output_catalog({TYPE: "File", f"{TYPE}.file": "/x/rc"}, tmp_path)
    assert named == OutputCatalog(Path("/x/rc"), is_yaml=False)
    with pytest.raises(InputError, match="not written"):
        output_catalog({TYPE: "JDBCRC"}, tmp_path)


@pytest.mark.parametrize("is_yaml", [True, False])
def test_a_named_catalog_keeps_what_it_had_and_takes_what_is_new(
    tmp_path: Path, is_yaml: bool
) -> None:
    named = OutputCatalog(tmp_path / "new folder" / "rc", is_yaml)
    write_registered(tmp_path, named, [file("a", "/one/a", "aa" * 32), file("b", "/one/b")])
    write_registered(tmp_path, named, [file("a", "/one/a", "bb" * 32), file("c", "/two/c")])
    assert read(named.path) == {
        "a": [("/one/a", "bb" * 32)],
        "b": [("/one/b", None)],
        "c": [("/two/c", None)],
    }
    assert sorted(read(tmp_path / "replicas.yml")) == ["a", "c"]
    assert [path.name for path in named.path.parent.iterdir()] == ["rc"]


def test_a_catalog_with_patterns_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "rc"
    path.write_text('f(.*) /x/[1] site="local" regex="true"\n')
    with pytest.raises(InputError, match="regular expressions"):
        write_registered(tmp_path, OutputCatalog(path, is_yaml=False), [file("a", "/a")])
    assert "regex" in path.read_text()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match="cannot be registered"):
        write_registered(tmp_path, OutputCatalog(tmp_path / "file" / "rc", True), [file("a", "/a")])
    with pytest.raises(OutsideError, match="cannot be registered"):
        write_registered(tmp_path / "gone", None, [file("a", "/a")])
