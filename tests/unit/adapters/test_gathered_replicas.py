"""What the command line and the properties name as sources of replicas."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pegbatch.adapters.directory_replicas import DirectoryRules, read_directory
from pegbatch.adapters.gathered_replicas import Gathered, NamedReplicas, gather_replicas
from pegbatch.errors import InputError, ObjectMissing
from pegbatch.model.catalogs import Replica, ReplicaCatalog
from pegbatch.ports import ObjectInfo
from tests.workflows import make_settings

EMPTY = ReplicaCatalog(source="", replicas={})
LFNS = ("a", "deep/b", "c", "name.txt")


class Bucket:
    """Lists what it was told, and remembers who asked."""

    def __init__(self, *urls: str) -> None:
        self.urls = urls
        self.asked: list[str] = []

    def __call__(self, url: str) -> Iterator[ObjectInfo]:
        self.asked.append(url)
        if "nowhere" in url:
            raise ObjectMissing("no such bucket", where=url)
        start = url.rstrip("/") + "/"
        for known in self.urls:
            if known.startswith(start):
                yield ObjectInfo(url=known, size_bytes=1)


def gathered(
    named: NamedReplicas = NamedReplicas(),  # noqa: B008
    properties: dict[str, str] | None = None,
    *,
    bucket: Bucket | None = None,
    inline: ReplicaCatalog | None = None,
    catalog: ReplicaCatalog = EMPTY,
) -> Gathered:
    return gather_replicas(
        named, make_settings(properties or {}), inline, catalog, LFNS, {}, bucket or Bucket()
    )


def pfns(found: Gathered, lfn: str) -> list[str]:
    return [replica.pfn for replica in found.sources.find(lfn)]


def rc(tmp_path: Path, name: str, text: str) -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def test_caches_are_joined_and_go_first(tmp_path: Path) -> None:
    one = rc(tmp_path, "one", 'a /one/a site="s"\n')
    two = rc(tmp_path, "two.yml", "replicas: [{lfn: a, pfns: [{pfn: /two/a}]}]\n")
    known = ReplicaCatalog(source="rc", replicas={"a": (Replica(site="s", pfn="/rc/a"),)})
    found = gathered(NamedReplicas(caches=(one, two)), catalog=known)
    assert pfns(found, "a") == ["/one/a", "/two/a"]
    assert found.files == (Path(one), Path(two))
    adding = {"pegasus.catalog.replica.cache.asrc": "true"}
    found = gathered(NamedReplicas(caches=(one,)), adding, catalog=known)
    assert pfns(found, "a") == ["/one/a", "/rc/a"]


def test_inherited_catalogs_come_before_the_own_one_and_after_inline(tmp_path: Path) -> None:
    old = rc(tmp_path, "old", 'a /old/a site="s"\nc /old/c site="s"\n')
    inline = ReplicaCatalog(source="wf", replicas={"a": (Replica(site="s", pfn="/in/a"),)})
    known = ReplicaCatalog(source="rc", replicas={"c": (Replica(site="s", pfn="/rc/c"),)})
    named = NamedReplicas(inherited=(old,))
    found = gathered(named, inline=inline, catalog=known)
    assert (pfns(found, "a"), pfns(found, "c")) == (["/in/a"], ["/old/c"])
    adding = {"pegasus.catalog.replica.dax.asrc": "true"}
    assert pfns(gathered(named, adding, inline=inline), "a") == ["/in/a", "/old/a"]


def test_the_problems_of_all_files_come_together(tmp_path: Path) -> None:
    bad = rc(tmp_path, "bad", "alone\n")
    with pytest.raises(InputError) as caught:
        gathered(NamedReplicas(caches=(bad, str(tmp_path / "gone")), input_dirs=("/no/dir",)))
    assert [problem.where for problem in caught.value.problems] == [
        f"{bad}:1", str(tmp_path / "gone"), "/no/dir",
    ]  # fmt: skip


def test_input_directories_have_deep_names(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("a", "deep/b", "unrelated"):
        (tmp_path / "in" / name).write_text("x")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    bucket = Bucket("s3://b/p/a", "s3://b/p/c", "s3://b/p/deep/", "s3://b/pc/c")
    named = NamedReplicas(input_dirs=(str(tmp_path / "in"), "s3://b/p/"))
    found = gathered(named, bucket=bucket)
    assert pfns(found, "a") == [f"{tmp_path}/in/a", "s3://b/p/a"]
    assert pfns(found, "deep/b") == [f"{tmp_path}/in/deep/b"]
    assert pfns(found, "c") == ["s3://b/p/c"]
    assert pfns(found, "unrelated") == []
    assert bucket.asked == ["s3://b/p/"]


def test_a_directory_may_be_the_catalog(tmp_path: Path) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "name.txt").write_text("x")
    key = "pegasus.catalog.replica"
    properties = {key: "Directory", f"{key}.directory": str(tmp_path / "data")}
    assert pfns(gathered(properties=properties), "name.txt") == []
    flat = {
        **properties,
        f"{key}.directory.flat.lfn": "true",
        f"{key}.directory.site": "hpc",
        f"{key}.directory.url.prefix": "s3://bucket",
    }
    (replica,) = gathered(properties=flat).sources.find("name.txt")
    assert replica.site == "hpc"
    assert replica.pfn == f"s3://bucket{tmp_path}/data/deep/name.txt"
    with pytest.raises(InputError, match="names none"):
        gathered(properties={key: "Directory"})
    on_s3 = {key: "directory", f"{key}.directory": "s3://b"}
    assert pfns(gathered(properties=on_s3, bucket=Bucket("s3://b/a")), "a") == ["s3://b/a"]


def test_flat_names_of_one_directory_may_meet(tmp_path: Path) -> None:
    for folder in ("y", "x"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a").write_text(folder)
    catalog = read_directory(str(tmp_path), DirectoryRules(is_flat=True), {"a"}, Bucket())
    assert [replica.pfn for replica in catalog.replicas["a"]] == [
        f"{tmp_path}/x/a", f"{tmp_path}/y/a",
    ]  # fmt: skip
    assert catalog.entries == 2


def earlier_run(tmp_path: Path, *entries: str) -> Path:
    folder = tmp_path / "run0001"
    folder.mkdir()
    (folder / "plan.json").write_text("{}")
    lines = ["replicas:"]
    for entry in entries:
        lfn, pfn = entry.split()
        lines += [f"- lfn: {lfn}", f"  pfns: [{{site: local, pfn: '{pfn}'}}]"]
    if entries:
        (folder / "replicas.yml").write_text("\n".join(lines) + "\n")
    return folder


def test_an_earlier_run_gives_what_it_registered_and_what_is_still_there(tmp_path: Path) -> None:
    (tmp_path / "my out").mkdir()
    (tmp_path / "my out" / "a").write_text("x")
    folder = earlier_run(
        tmp_path,
        f"a file://{tmp_path}/my%20out/a",
        f"deep/b file://{tmp_path}/gone",
        "c s3://b/out/c",
        "name.txt s3://nowhere/name.txt",
        "unrelated s3://b/out/unrelated",
    )
    bucket = Bucket("s3://b/out/c", "s3://b/out/d")
    found = gathered(NamedReplicas(reuse=(str(folder),)), bucket=bucket)
    assert [lfn for lfn in LFNS if pfns(found, lfn)] == ["a", "c"]
    assert bucket.asked == ["s3://b/out", "s3://nowhere"]
    (warning,) = found.warnings
    assert "2 of the files registered here are gone" in warning.message


def test_an_earlier_run_without_a_catalog_is_told_of(tmp_path: Path) -> None:
    found = gathered(NamedReplicas(reuse=(str(earlier_run(tmp_path)),)))
    assert "has registered no outputs" in found.warnings[0].message


def test_a_directory_of_outputs_can_be_reused_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    named = NamedReplicas(reuse=(str(tmp_path), "s3://b/out"))
    found = gathered(named, bucket=Bucket("s3://b/out/c"))
    assert (pfns(found, "a"), pfns(found, "c")) == ([f"{tmp_path}/a"], ["s3://b/out/c"])
