"""`pegbatch plan` as a user types it: files in, submit directory and exit code out."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
from pathlib import Path

import pytest

from pegbatch.cli.main import main

DAX = """<?xml version="1.0" encoding="UTF-8"?>
<adag xmlns="http://pegasus.isi.edu/schema/DAX" version="3.6" name="two steps">
  <job id="ID1" name="first"><uses name="in.txt" link="input"/>
    <uses name="mid.txt" link="output" transfer="false"/></job>
  <job id="ID2" name="second"><uses name="mid.txt" link="input"/>
    <uses name="out.txt" link="output"/></job>
  <child ref="ID2"><parent ref="ID1"/></child>
</adag>
"""
TC = """tr first { site compute { pfn "/bin/cp" type "INSTALLED" } }
tr second { site compute { pfn "/bin/cp" type "INSTALLED" } }
"""
SITES = """pegasus: "5.0"
sites:
  - name: compute
    directories:
      - type: sharedScratch
        path: /b/scratch
        fileServers: [{url: "s3://me@amazon/b/scratch", operation: all}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a small workflow and its catalogs, made the current one."""
    place = tmp_path / "my work"
    place.mkdir()
    (place / "wf.dax").write_text(DAX)
    (place / "tc.txt").write_text(TC)
    (place / "sites.yml").write_text(SITES)
    (place / "rc.txt").write_text('in.txt data/in.txt site="local"\n')
    (place / "data").mkdir()
    (place / "data" / "in.txt").write_text("hello\n")
    monkeypatch.chdir(place)
    return place


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(words))
    code = caught.value.code
    assert isinstance(code, int)
    return code


def submit_dirs(folder: Path) -> list[Path]:
    return sorted(folder.rglob("run0*"))


def test_a_plan_is_a_submit_directory(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", "wf.dax", "--dir", "out", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    place = Path(said["submit_dir"])
    assert place.parent.name == "two_steps"
    assert place.name == "run0001"
    assert said["tasks"] == 2
    assert said["levels"] == 2
    assert said["requests"] == 4
    names = [job["name"] for job in said["arrays"]]
    assert names == ["L0-first", "L1-second", "clean-up-1", "verdict"]
    assert said["arrays"][1]["depends_on"] == [{"array": "L0-first", "type": "ALL"}]
    assert sorted(path.name for path in place.iterdir()) == [
        "arrays", "braindump.yml", "catalogs", "outputs.jsonl.gz", "pegasus.properties",
        "plan.json", "uploads.jsonl.gz", "verdict.json",
    ]  # fmt: skip
    upload = json.loads(gzip.decompress((place / "uploads.jsonl.gz").read_bytes()))
    assert upload["source"] == str(folder / "data" / "in.txt")
    assert upload["url"].startswith("s3://b/scratch/inputs/")
    output = json.loads(gzip.decompress((place / "outputs.jsonl.gz").read_bytes()))
    assert output["destination"] == f"file://{folder}/out/wf-output/out.txt"


def test_the_text_shows_arrays_and_the_next_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("plan", "wf.dax") == 0
    text = capsys.readouterr().out
    assert "2 tasks and 3 files in 2 levels become 4 SubmitJob calls" in text
    assert f"pegbatch run '{folder}" in text


def test_the_same_inputs_give_the_same_bytes(folder: Path) -> None:
    assert run("plan", "wf.dax") == 0
    assert run("plan", "wf.dax") == 0
    first, second = submit_dirs(folder)
    names = [path.relative_to(first) for path in first.rglob("*") if path.is_file()]
    assert len(names) > 8
    names.remove(Path("braindump.yml"))  # it says where this plan lies, and when it was made
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_nothing_of_the_plan_names_a_date_or_the_machine(folder: Path) -> None:
    assert run("plan", "wf.dax") == 0
    (place,) = submit_dirs(folder)
    for path in place.rglob("*.gz"):
        assert path.read_bytes()[4:8] == b"\0\0\0\0"
    assert str(folder) not in (place / "plan.json").read_text()


def test_without_catalogs_a_workflow_alone_can_be_looked_at(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "sites.yml").write_text("not: [a catalog")
    assert run("plan", "wf.dax", "--no-catalogs", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["runnable"] is False


def fail(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> tuple[int, str]:
    code = run("plan", *words)
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    assert submit_dirs(folder) == []
    assert not list(folder.rglob(".planning*"))
    return code, said.err


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ('<child ref="ID2">', '<child ref="ID9">', 3, "wf.dax:7"),
        ('<parent ref="ID1"/>', '<parent ref="ID9"/>', 3, "ID9"),
        ('<child ref="ID2"><parent ref="ID1"/>', '<child ref="ID1"><parent ref="ID2"/>', 3,
         "cycle"),
        ("</adag>", "</adog>", 3, "wf.dax:8"),
        ('name="out.txt"', 'name="../out.txt"', 4, "leave the task's directory"),
        ('name="first"', 'name="third"', 4, "no entry for transformation third"),
    ],
)  # fmt: skip
def test_bad_workflows_leave_nothing_behind(
    folder: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, code: int, said: str
) -> None:
    (folder / "wf.dax").write_text(DAX.replace(old, new))
    found, text = fail(capsys, folder, "wf.dax")
    assert found == code
    assert said in text


def test_a_missing_input_is_told_with_the_line_of_the_catalog(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "data" / "in.txt").unlink()
    code, text = fail(capsys, folder, "wf.dax")
    assert code == 4
    assert "rc.txt:1: input in.txt of job ID1" in text
    assert "no such file" in text


def test_a_missing_workflow_or_catalog_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fail(capsys, folder, "nothing.dax")[0] == 3
    code, text = fail(capsys, folder, "wf.dax", "-Dpegasus.catalog.site.file=none.yml")
    assert code == 3
    assert "pegasus.catalog.site.file names none.yml" in text
    code, text = fail(capsys, folder, "wf.dax", "-Dpegasus.catalog.replica.file=none.yml")
    assert code == 3
    assert "pegasus.catalog.replica.file names none.yml" in text
    assert fail(capsys, folder, "rc.txt")[0] == 3


def test_a_missing_text_file_of_replicas_is_an_empty_one_as_in_pegasus(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = ("-Dpegasus.catalog.replica=File", "-Dpegasus.catalog.replica.file=./conf/rc.data")
    code, text = fail(capsys, folder, "wf.dax", *named)
    assert code == 4
    assert "names ./conf/rc.data, and there is no such file: it is taken as empty" in text
    assert "in.txt" in text
    assert run("plan", "wf.dax", "--input-dir", "data", *named) == 0


def test_a_directory_that_cannot_be_written_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "file").write_text("")
    code, text = fail(capsys, folder, "wf.dax", "--dir", "file/below")
    assert code == 5
    assert "cannot write the submit directory" in text


def test_a_wrong_option_is_usage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fail(capsys, folder, "wf.dax", "--no-such-option")[0] == 2


def test_what_a_killed_planner_left_is_swept(folder: Path) -> None:
    left = folder / os.environ.get("USER", "root") / "pegasus"
    assert run("plan", "wf.dax") == 0
    (place,) = submit_dirs(folder)
    left = place.parent / ".planning-999999999"
    (left / "arrays").mkdir(parents=True)
    assert run("plan", "wf.dax") == 0
    assert not left.exists()
    assert [path.name for path in submit_dirs(folder)] == ["run0001", "run0002"]


def test_a_property_file_finds_catalogs_beside_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = folder / "pegasus.properties"
    conf.write_text("pegasus.catalog.site.file = sites.yml\n")
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert run("plan", "../wf.dax", "--conf", str(conf)) == 0
    assert len(submit_dirs(elsewhere)) == 1


def test_what_is_wrong_in_several_files_is_told_at_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "sites.yml").write_text("sites:\n  - nam: compute\n")
    (folder / "rc.txt").write_text('in.txt "data\n')
    (folder / "wf.dax").write_text(DAX.replace('<parent ref="ID1"/>', '<parent ref="ID9"/>'))
    code, text = fail(capsys, folder, "wf.dax", "-Dpegbatch.pack.size=many")
    assert code == 3
    for said in ("pack.size = many", "sites.yml:2", "rc.txt:1", "wf.dax:7"):
        assert said in text


def test_a_missing_transformation_and_a_missing_input_are_told_together(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "rc.txt").write_text("")
    (folder / "wf.dax").write_text(DAX.replace('name="second"', 'name="third"'))
    code, text = fail(capsys, folder, "wf.dax")
    assert code == 4
    assert "wf.dax:5: there is no entry for transformation third" in text
    assert "wf.dax:3: input in.txt of job ID1 is made by no job" in text


def test_a_flood_of_problems_is_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edges = "".join(f'<child ref="ID2"><parent ref="X{n}"/></child>\n' for n in range(1020))
    (folder / "wf.dax").write_text(DAX.replace("</adag>", f"{edges}</adag>"))
    code, text = fail(capsys, folder, "wf.dax")
    assert code == 3
    assert text.count("which is not there") == 20
    assert "\npegbatch: … and 1,000 more like these\n  (error bad-input:" in text


def test_warnings_are_told_even_where_planning_fails(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = fail(capsys, folder, "nothing.dax", "-Dpegasus.catalog.sites.file=x")
    assert code == 3
    assert "warning: -D: unknown property pegasus.catalog.sites.file" in text
    assert text.count("unknown property") == 1


def test_warnings_are_told_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("-Dpegasus.data.configuration=sharedfs", "-Dpegbatch.pack.sise=3")
    assert run("plan", "wf.dax", "--json", *words) == 0
    said = capsys.readouterr()
    assert said.err.count("pegasus.data.configuration = sharedfs") == 1
    assert said.err.count("pegbatch.pack.sise") == 1
    assert len(json.loads(said.out)["warnings"]) == 2


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("pegbatch.on_failure=maybe", "must be one of continue, stop"),
        ("pegasus.catalog.replica=JDBCRC", "catalogs of this type are not read"),
    ],
)
def test_properties_that_ask_for_what_there_is_not_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], definition: str, said: str
) -> None:
    code, text = fail(capsys, folder, "wf.dax", f"-D{definition}")
    assert code == 3
    assert said in text


def test_a_catalog_is_no_properties_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = fail(capsys, folder, "wf.dax", "--conf", "sites.yml")
    assert code == 3
    assert "sites.yml: expected properties, found sc-yaml" in text


def test_a_workflow_that_may_not_be_read_is_bad_input(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "wf.dax").chmod(0)
    if os.access(folder / "wf.dax", os.R_OK):
        pytest.skip("this user reads everything")
    code, text = fail(capsys, folder, "wf.dax")
    assert code == 3
    assert "permission denied" in text


def test_a_current_directory_that_is_gone_is_no_bug(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert run("plan", str(folder / "wf.dax")) == 5
    said = capsys.readouterr().err
    assert "this machine refused: no such file or directory" in said
    assert "Traceback" not in said
    monkeypatch.chdir(folder)


def test_a_path_that_is_not_utf_8_is_refused_before_anything_is_done(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = fail(capsys, folder, "wf.dax", "--dir", "out\udcff")
    assert code == 2
    assert "this is not UTF-8: 'out\\udcff'" in text
    assert "LC_ALL=C.UTF-8" in text


INLINE = """pegasus: "5.0"
name: inline
transformationCatalog:
  transformations:
    - {name: cp, sites: [{name: compute, pfn: /bin/cp, type: installed, colour: red}]}
siteCatalog:
  sites: [{name: compute, flavour: sweet, directories: []}]
replicaCatalog:
  replicas: [{lfn: in.txt, smell: none, pfns: [{site: local, pfn: data/in.txt}]}]
jobs:
  - {type: job, name: cp, id: A, uses: [{lfn: in.txt, type: input}]}
"""


def test_what_inline_catalogs_warn_of_is_printed_by_plan(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "wf.yml").write_text(INLINE)
    assert run("plan", "wf.yml", "-s", "compute", "-Dpegasus.catalog.site.file=sites.yml") == 0
    said = capsys.readouterr().err
    for key, line in (("colour", 5), ("flavour", 7), ("smell", 9)):
        assert said.count(f"wf.yml:{line}: unknown key `{key}`") == 1


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ((), ["clean-up-1"]),
        (("--cleanup", "inplace"), ["clean-up-1"]),
        (("--cleanup", "leaf"), ["clean-up"]),
        (("--cleanup", "none"), []),
        (("-n",), []),
        (("--cleanup", "leaf", "--nocleanup"), []),
    ],
)
def test_clean_up_is_inplace_unless_told_otherwise(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], names: list[str]
) -> None:
    assert run("plan", "wf.dax", "--json", *options) == 0
    jobs = json.loads(capsys.readouterr().out)["arrays"]
    assert [job["name"] for job in jobs if job["kind"] == "clean-up"] == names


def test_a_clean_up_that_does_not_exist_is_a_usage_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("plan", "wf.dax", "--cleanup", "constraint") == 2
    assert "'inplace'" in capsys.readouterr().err


def test_data_reuse_is_told_in_words_and_numbers(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "made").mkdir()
    (folder / "made" / "out.txt").write_text("x")
    assert run("plan", "wf.dax", "--input-dir", "made") == 0
    text = capsys.readouterr().out
    assert "2 more tasks are not run, since the outputs exist already; nothing is left" in text
    assert run("plan", "wf.dax", "--input-dir", "made", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["tasks"], said["reused"], said["outputs"]) == (0, 2, 1)
    assert run("plan", "wf.dax", "-I", "made", "--force", "--json") == 0
    assert json.loads(capsys.readouterr().out)["tasks"] == 2
    assert run("plan", "wf.dax", "-I", "made", "--explain", "ID1") == 3
    assert "its outputs exist already" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["JDBCRC", "MRC"])
def test_replica_catalogs_that_are_no_files_are_refused_by_name(
    folder: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    assert run("plan", "wf.dax", f"-Dpegasus.catalog.replica={kind}") == 3
    assert f"pegasus.catalog.replica = {kind}" in capsys.readouterr().err
    assert submit_dirs(folder) == []


def test_a_directory_can_be_the_replica_catalog(folder: Path) -> None:
    (folder / "rc.txt").unlink()
    catalog = ("-Dpegasus.catalog.replica=Directory", "-Dpegasus.catalog.replica.directory=data")
    assert run("plan", "wf.dax", *catalog) == 0
    (place,) = submit_dirs(folder)
    upload = json.loads(gzip.decompress((place / "uploads.jsonl.gz").read_bytes()))
    assert upload["source"] == str(folder / "data" / "in.txt")


def test_a_login_file_that_others_may_read_is_warned_of_and_copied_nowhere(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folder / "home"
    (home / ".pegasus").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    conf = home / ".pegasus" / "credentials.conf"
    conf.write_text("[me@amazon]\naccess_key = CanaryId\nsecret_key = CanaryKey\n")
    conf.chmod(0o640)
    assert run("plan", "wf.dax") == 0
    streams = capsys.readouterr()
    assert "others may read this file (0640)" in streams.err
    (place,) = submit_dirs(folder)
    written = [path.read_bytes() for path in place.rglob("*") if path.is_file()]
    assert written and not any(b"Canary" in data for data in written)
    assert "Canary" not in streams.out + streams.err
    assert json.loads((place / "plan.json").read_text())["s3_users"] == {"b": "me@amazon"}


def test_catalogs_of_one_name_are_all_kept(folder: Path) -> None:
    for name in ("x", "y"):
        (folder / name).mkdir()
        (folder / name / "rc.txt").write_text(f'{name} /{name} site="local"\n')
    assert run("plan", "wf.dax", "--cache", "x/rc.txt,y/rc.txt") == 0
    (place,) = submit_dirs(folder)
    kept = {path.read_text().split()[0] for path in (place / "catalogs").glob("rc*.txt")}
    assert kept == {"in.txt", "x", "y"}


def test_the_output_directory_is_a_path_or_a_url(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for given, base in (("out", f"file://{folder}/out"), ("s3://b/out", "s3://b/out")):
        assert run("plan", "wf.dax", "--json", "-O", given) == 0
        place = Path(json.loads(capsys.readouterr().out)["submit_dir"])
        output = json.loads(gzip.decompress((place / "outputs.jsonl.gz").read_bytes()))
        assert output["destination"] == f"{base}/out.txt"


def test_plan_without_a_workflow_says_that_one_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["plan"])
    assert ended.value.code == 3
    assert capsys.readouterr().err == (
        "pegbatch: workflow.yml: no such file\n"
        "  it is read where no workflow is named; else: pegbatch plan WORKFLOW\n"
        "  (error bad-input: `pegbatch help bad-input`)\n"
    )


def test_a_clustering_technique_that_does_not_exist_is_a_usage_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = fail(capsys, folder, "wf.dax", "--cluster", "spiral")
    assert code == 2
    assert "--cluster spiral is not supported" in text


def test_what_another_planner_is_still_writing_is_not_swept(folder: Path) -> None:
    assert run("plan", "wf.dax") == 0
    (place,) = submit_dirs(folder)
    draft = place.parent / ".planning-999999999-ab12"
    draft.mkdir()
    handle = os.open(draft, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert run("plan", "wf.dax") == 0
        assert draft.exists()
    finally:
        os.close(handle)
    assert run("plan", "wf.dax") == 0
    assert not draft.exists()
