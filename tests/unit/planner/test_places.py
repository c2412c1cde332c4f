"""Sites, executables and inputs: from catalog entries to URLs."""

from __future__ import annotations

import pytest

from pegbatch.errors import PlanError
from pegbatch.model.catalogs import (
    Directory,
    FileServer,
    Replica,
    ReplicaCatalog,
    Site,
    SiteCatalog,
    Transformation,
    TransformationCatalog,
    TransformationSite,
)
from pegbatch.model.facts import Facts, FileFacts
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.check import check
from pegbatch.planner.locate_inputs import locate_inputs
from pegbatch.planner.map_to_site import map_to_site
from pegbatch.planner.survey import files_to_look_up
from pegbatch.planner.urls import absolute_path, file_of, local_path, s3_url, scheme_of
from tests.workflows import T, make_given, make_workflow

S3_SITE = Site(
    name="aws",
    directories=(
        Directory(
            kind="shared-scratch",
            path="/ignored",
            file_servers=(FileServer("s3://me@amazon/bucket/some/prefix/", "all"),),
            where="sites.yml:5",
        ),
        Directory(
            kind="shared-storage",
            path="/ignored",
            file_servers=(FileServer("s3://bucket/out", "put"),),
            where="sites.yml:9",
        ),
    ),
    where="sites.yml:3",
)
SITES = SiteCatalog(source="sites.yml", sites={"aws": S3_SITE})


def transformation(name="t", *places, requires=(), requires_files=()):
    full = TransformationName("", name, "")
    return Transformation(
        name=full,
        sites=places or (place(),),
        requires=tuple(TransformationName("", other, "") for other in requires),
        requires_files=tuple(requires_files),
        where="tc.yml:2",
    )


def place(site="aws", pfn="/usr/bin/true", kind="installed", **more):
    return TransformationSite(site=site, pfn=pfn, kind=kind, where="tc.yml:4", **more)


def catalog(*entries):
    return TransformationCatalog(
        source="tc.yml", transformations={entry.name: entry for entry in entries}
    )


def replicas(**lfns):
    return ReplicaCatalog(
        source="data/rc.txt",
        replicas={
            lfn: tuple(Replica(site=site, pfn=pfn, where="data/rc.txt:7") for site, pfn in of)
            for lfn, of in lfns.items()
        },
    )


PROGRAM = transformation()


def given(tasks, *, entries=(PROGRAM,), rc=None, files=(), properties=None, edges=(), **options):
    known = {path: FileFacts(sha256, 5) for path, sha256 in dict(files).items()}
    return make_given(
        make_workflow(tasks, edges),
        properties,
        site_catalog=options.pop("sites_catalog", SITES),
        transformations=catalog(*entries),
        replicas=rc or replicas(),
        facts=Facts(files=known, unreadable={"/gone": "no such file or directory"}),
        catalogs=True,
        **options,
    )


def located(*arguments, **options):
    return locate_inputs(map_to_site(check(given(*arguments, **options))))


def refused(*arguments, **options) -> list:
    with pytest.raises(PlanError) as caught:
        located(*arguments, **options)
    return list(caught.value.problems)


def test_the_only_site_that_is_not_local_is_chosen() -> None:
    assert located([T(id="a")]).site.name == "aws"


def test_compute_goes_before_others_and_an_open_choice_is_an_error() -> None:
    two = {"aws": S3_SITE, "hpc": Site(name="hpc")}
    catalog_of_two = SiteCatalog(source="sites.yml", sites=two)
    assert (
        "several execution sites: aws, hpc"
        in refused([T(id="a")], sites_catalog=catalog_of_two)[0].message
    )
    three = SiteCatalog(source="s", sites={**two, "compute": Site(name="compute")})
    entry = transformation("t", place("compute"))
    assert located([T(id="a")], sites_catalog=three, entries=[entry]).site.name == "compute"


def test_an_unknown_site_is_named_with_those_that_there_are() -> None:
    problem = refused([T(id="a")], sites=("mars",))[0]
    assert "no site 'mars'" in problem.message
    assert "aws, condorpool, local" in problem.hint


def test_without_a_site_catalog_the_reserved_site_stages_in_the_embedded_bucket() -> None:
    empty = SiteCatalog(source="", sites={})
    entry = transformation("t", place("condorpool"))
    stage = located([T(id="a")], sites_catalog=empty, entries=[entry])
    assert (stage.site.name, stage.staging_url) == ("condorpool", "s3://pegbatch")


def test_on_amazon_a_site_without_s3_is_an_error_that_says_what_to_add() -> None:
    empty = SiteCatalog(source="", sites={})
    entry = transformation("t", place("condorpool"))
    problem = refused([T(id="a")], sites_catalog=empty, entries=[entry], amazon=True)[0]
    assert "no shared scratch directory on S3" in problem.message
    assert "sharedScratch" in problem.hint


def test_the_staging_url_leaves_out_user_and_endpoint() -> None:
    assert located([T(id="a")]).staging_url == "s3://bucket/some/prefix"


def test_another_staging_site_can_be_asked_for() -> None:
    other = Site(
        name="stage",
        directories=(
            Directory(
                kind="shared-scratch",
                path="scratch dir",
                file_servers=(),
                where="conf/sites.yml:2",
            ),
        ),
    )
    both = SiteCatalog(source="s", sites={"aws": S3_SITE, "stage": other})
    stage = located([T(id="a")], sites_catalog=both, sites=("aws",), staging_sites={"*": "stage"})
    assert stage.staging_url == "file:///here/conf/scratch dir"


def test_an_installed_program_is_started_where_it_lies() -> None:
    assert located([T(id="a")]).executables[0].argv0 == "/usr/bin/true"


def test_a_stageable_program_travels_under_its_full_name() -> None:
    entry = transformation("my.prog", place("local", "bin/prog.sh", "stageable"))
    stage = located(
        [T(id="a", name="my.prog")], entries=[entry], files={"/here/bin/prog.sh": "ab12"}
    )
    executable = stage.executables[0]
    assert executable.argv0 == "./my_prog"
    assert executable.staged[0].url == "s3://bucket/some/prefix/inputs/ab12"
    assert executable.staged[0].executable
    assert [upload.source for upload in stage.uploads] == ["/here/bin/prog.sh"]


def test_compound_transformations_bring_programs_and_files() -> None:
    helper = transformation("helper", place("local", "/bin/helper", "stageable"))
    main = transformation("t", place(), requires=["helper"], requires_files=["table"])
    stage = located(
        [T(id="a", inputs=["table"])],
        entries=[main, helper],
        files={"/bin/helper": "11", "/data/table": "22"},
        rc=replicas(table=[("local", "/data/table")]),
    )
    assert [use.lfn for use in stage.executables[0].staged] == ["helper"]
    assert stage.inputs[0].lfn == "table"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([], "no entry for transformation t"),
        ([transformation("t", place("local"))], "not for site 'aws' (installed at local)"),
        ([transformation("t", place(container="box"))], "defines no container 'box'"),
        ([transformation("t", place("x", "gsiftp://h/p", "stageable"))], "gsiftp:// URLs"),
        ([transformation("t", place("local", "/gone", "stageable"))], "/gone: no such file"),
        ([transformation("t", place(), requires=["helper"])], "no entry for transformation helper"),
    ],
)
def test_transformations_that_cannot_run_are_named(entries, said: str) -> None:
    problem = refused([T(id="a")], entries=entries)[0]
    assert said in problem.message
    assert problem.where is not None


def test_an_input_on_s3_is_read_in_place() -> None:
    rc = replicas(x=[("local", "/data/x"), ("amazon", "s3://me@amazon/other/x")])
    assert located([T(id="a", inputs=["x"])], rc=rc).inputs[0].url == "s3://other/x"


def test_an_input_at_the_execution_site_is_read_from_its_disk() -> None:
    rc = replicas(x=[("local", "/data/x"), ("aws", "file:///image/my%20x")])
    assert located([T(id="a", inputs=["x"])], rc=rc).inputs[0].url == "file:///image/my x"


def test_equal_local_inputs_are_sent_once() -> None:
    rc = replicas(x=[("local", "x")], y=[("local", "file:///data/y")])
    stage = located(
        [T(id="a", inputs=["x", "y"])], rc=rc, files={"/here/data/x": "aa", "/data/y": "aa"}
    )
    assert [upload.sha256 for upload in stage.uploads] == ["aa"]
    assert stage.inputs[0].url == stage.inputs[1].url
    assert stage.inputs[0].sha256 == "aa"


def test_every_missing_input_is_told_with_the_job_that_reads_it() -> None:
    rc = replicas(y=[("local", "/gone")], z=[("grid", "gsiftp://example.org/z")])
    problems = refused([T(id="a", inputs=["x", "y"]), T(id="b", inputs=["z"])], rc=rc)
    assert sorted(problem.where for problem in problems) == [
        "data/rc.txt:7",
        "data/rc.txt:7",
        "workflow.xml:1",
    ]
    texts = " ".join(problem.message for problem in problems)
    assert "input x of job a is made by no job" in texts
    assert "input y of job a: /gone: no such file or directory" in texts
    assert "cannot stage from gsiftp:// URLs" in texts


def test_an_optional_input_may_lie_nowhere() -> None:
    assert located([T(id="a", optional_inputs=["x"])]).inputs == {}


def test_a_checksum_that_the_catalog_states_must_hold() -> None:
    stated = ReplicaCatalog(
        source="rc.yml",
        replicas={"x": (Replica(site="local", pfn="/x", sha256="bb", where="rc.yml:3"),)},
    )
    problem = refused([T(id="a", inputs=["x"])], rc=stated, files={"/x": "aa"})[0]
    assert "states the checksum bb, the file has aa" in problem.message


def test_outputs_go_to_the_sites_asked_for() -> None:
    places = located([T(id="a")], output_sites=("aws", "local")).output_places
    assert (places.remote, places.local) == (("s3://bucket/out",), ("file:///base/wf-output",))
    elsewhere = located([T(id="a")], output_dir="/else").output_places
    assert elsewhere.local == ("file:///else",)


def test_an_output_site_without_storage_is_an_error() -> None:
    problem = refused([T(id="a")], output_sites=("condorpool",))[0]
    assert "no storage directory" in problem.message


def test_the_survey_names_the_local_files_and_no_others() -> None:
    entry = transformation("t", place("local", "prog", "stageable"), requires=["other"])
    rc = replicas(
        x=[("local", "/data/x")], made=[("local", "/data/made")], far=[("s", "s3://b/far")]
    )
    tasks = [T(id="a", outputs=["made"]), T(id="b", inputs=["made", "x", "far", "nowhere"])]
    wanted = given(tasks, entries=[entry], rc=rc, force=True)
    assert files_to_look_up(wanted) == ("/data/x", "/here/prog")
    reusing = given(tasks, entries=[entry], rc=rc)
    assert files_to_look_up(reusing) == ("/data/made", "/data/x", "/here/prog")
    assert files_to_look_up(make_given(make_workflow(tasks))) == ()


def test_places_are_read_as_written() -> None:
    assert local_path("file://localhost/a%20b") == "/a b"
    assert local_path("file:/a") == "/a"
    assert local_path("gsiftp://h/a") is None
    assert s3_url("s3://b/k/") == "s3://b/k"
    assert s3_url("/x") is None
    assert scheme_of("x/y") == "file"
    assert file_of("a:b.yml:12") == "a:b.yml"
    assert file_of("plain.yml") == "plain.yml"
    assert absolute_path("../x", naming_file="c/d.yml", working_dir="/w") == "/w/x"
