from __future__ import annotations

import io
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.errors import InputError
from pegbatch.model.hooks import Hook
from pegbatch.model.profiles import Profile
from pegbatch.model.workflow import (
    CHECKPOINT,
    EXECUTABLE,
    INPUT,
    NO_FILE,
    OPTIONAL,
    OUTPUT,
    REGISTER,
    TRANSFER,
    SubWorkflowJob,
    TransformationName,
    Workflow,
)
from pegbatch.parse.dax_xml import parse_dax
from tests.workflows import uses_of

SENT = OUTPUT | TRANSFER | REGISTER


def parse(text: str, **environment: str) -> Workflow:
    return parse_dax(io.BytesIO(text.encode()), "wf.dax", environment)


def adag(inside: str, attributes: str = 'version="3.6" name="w"') -> Workflow:
    return parse(f"<adag {attributes}>\n{inside}\n</adag>")


def job(inside: str, attributes: str = 'id="a" name="step"') -> Workflow:
    return adag(f"<job {attributes}>{inside}</job>")


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse(text)
    return [str(problem).partition("\n")[0] for problem in caught.value.problems]


DIAMOND = """<?xml version="1.0" encoding="UTF-8"?>
<adag xmlns="http://pegasus.isi.edu/schema/DAX" version="3.6" name="diamond">
  <job id="top" namespace="d" name="pre" version="4.0">
    <argument>-i <file name="f.a"/> -o <file name="f.b"/></argument>
    <uses name="f.a" link="input"/>
    <uses name="f.b" link="output" register="false" transfer="true"/>
  </job>
  <job id="bottom" name="post">
    <stdout name="f.c" link="output"/>
    <uses name="f.b" link="input"/>
  </job>
  <child ref="bottom">
    <parent ref="top" edge-label="x"/>
  </child>
</adag>
"""


def test_a_workflow_is_read_whole() -> None:
    workflow = parse(DIAMOND)
    tasks = workflow.tasks
    assert (workflow.name, workflow.kind, workflow.version) == ("diamond", "dax-xml", "3.6")
    assert workflow.source == "wf.dax"
    assert (tasks.ids, list(tasks.lines)) == (("top", "bottom"), [3, 8])
    assert [str(name) for name in workflow.transformations] == ["d::pre:4.0", "post"]
    assert tasks.arguments == ("-i f.a -o f.b", "")
    assert uses_of(workflow) == {"f.a": INPUT, "f.b": OUTPUT | TRANSFER}
    assert uses_of(workflow, 1) == {"f.b": INPUT}
    assert workflow.lfns[tasks.stdouts[1]] == "f.c"
    assert (tasks.stdouts[0], tasks.stdins[1], tasks.stderrs[1]) == (NO_FILE, NO_FILE, NO_FILE)
    assert (list(workflow.edges.parents), list(workflow.edges.children)) == ([0], [1])
    assert (workflow.counts.jobs, workflow.counts.edges, workflow.counts.files) == (2, 1, 2)
    assert (workflow.defects, workflow.warnings) == ((), ())
    assert (workflow.sites, workflow.transformation_catalog, workflow.replicas) == (None,) * 3


@pytest.mark.parametrize(
    "namespace",
    [
        "",
        'xmlns="http://www.griphyn.org/chimera/DAX"',
        'xmlns="urn:foreign" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="a b"',
    ],
)
def test_the_namespace_does_not_matter(namespace: str) -> None:
    text = DIAMOND.replace('xmlns="http://pegasus.isi.edu/schema/DAX"', namespace)
    assert parse(text).tasks.ids == ("top", "bottom")


def test_line_ends_of_windows_and_a_prefix_do_not_matter() -> None:
    text = DIAMOND.replace("\n", "\r\n").replace("xmlns=", "xmlns:p=")
    text = text.replace("<job", "<p:job").replace("</job", "</p:job")
    workflow = parse(text)
    assert list(workflow.tasks.lines) == [3, 8]
    assert workflow.tasks.arguments[0] == "-i f.a -o f.b"


@pytest.mark.parametrize("version", ["", 'version="0.0.0"', 'version="2.1"', 'version="x"'])
def test_a_wrong_or_missing_version_does_not_matter(version: str) -> None:
    workflow = adag('<job id="a" name="s"/>', version)
    assert workflow.tasks.ids == ("a",)
    assert workflow.name == "wf"


@pytest.mark.parametrize("version", ["3.7", "4.0", "10"])
def test_a_version_that_is_too_new_is_refused(version: str) -> None:
    assert problems(f'<adag version="{version}"/>') == [
        f"wf.dax:1: DAX version {version} is not known; the newest is 3.6"
    ]


def test_another_root_is_refused() -> None:
    assert problems("<sitecatalog/>") == [
        "wf.dax:1: this is no DAX: its root is <sitecatalog>, not <adag>"
    ]


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("plain", "plain"),
        ("  -a   b  ", " -a   b "),
        ("\n\t-a\n  b\n", " -a\n  b "),
        ('<file name="x"/>', "x"),
        ('-i<file name="x"/>-o', "-ix-o"),
        ('-i \n  <file name="x"/>  <filename file="y"/>', "-i x  y"),
        ('"a <file name="x"/> b"', '"a x b"'),
        ('<file name="x"/> <file name="y"/>', "x y"),
        ("&lt;&amp;<![CDATA[ <z> ]]>", "<& <z> "),
        ("", ""),
    ],
)
def test_argument_text_is_spaced_as_pegasus_does(inside: str, text: str) -> None:
    assert job(f"<argument>{inside}</argument>").tasks.arguments == (text,)


def test_several_argument_elements_are_joined() -> None:
    assert job("<argument>a</argument><argument>b</argument>").tasks.arguments == ("a b",)


@pytest.mark.parametrize(
    ("attributes", "flags"),
    [
        ('link="input"', INPUT),
        ('link="input" optional="true"', INPUT | OPTIONAL),
        ('link="input" transfer="optional"', INPUT | OPTIONAL),
        ('link="input" transfer="false" register="false"', INPUT),
        ('link="output"', SENT),
        ('link="output" transfer="false"', OUTPUT | REGISTER),
        ('link="output" transfer="optional"', SENT | OPTIONAL),
        ('link="output" register="false" transfer="true"', OUTPUT | TRANSFER),
        ('link="output" dontTransfer="true" dontRegister="true"', OUTPUT),
        ('link="output" dontTransfer="false" dontRegister="false"', SENT),
        ('link="output" dontTransfer="optional" dontRegister="false"', SENT | OPTIONAL),
        ('link="output" isTemporary="true"', OUTPUT),
        ('link="output" dontTransfer="false" temporaryHint="true"', SENT),
        ('link="checkpoint"', CHECKPOINT | OPTIONAL | TRANSFER | REGISTER),
        ('link="none"', 0),
        ("", 0),
        ('executable="true"', EXECUTABLE),
        ('link="input" executable="true"', EXECUTABLE | INPUT),
        ('link="input" type="executable"', EXECUTABLE | INPUT),
        ('link="input" executable="false" type="executable"', INPUT),
        ('link="output" size="-5" foo="bar"', SENT),
    ],
)
@pytest.mark.parametrize("name", ["name", "file"])
def test_uses_of_all_versions_are_read(attributes: str, flags: int, name: str) -> None:
    assert uses_of(job(f'<uses {name}="x" {attributes}/>')) == {"x": flags}


def test_an_executable_in_uses_has_its_complete_name() -> None:
    use = '<uses namespace="n" name="x" version="1" executable="true"/>'
    assert uses_of(job(use)) == {"n::x:1": EXECUTABLE}


def test_an_inout_file_is_a_defect() -> None:
    (defect,) = job('\n<uses file="x" link="inout"/>').defects
    assert defect.message == "the file 'x' is input and output of the job 'a'"


def test_an_unknown_link_is_a_defect_with_its_line() -> None:
    (defect,) = job('\n\n<uses file="x" link="sideways"/>').defects
    assert defect.where == "wf.dax:4"


def test_profiles_are_read_before_and_after_uses() -> None:
    workflow = job(
        '<profile namespace="ENV" key="A">1</profile><uses name="x" link="input"/>'
        '<profile namespace="pegasus" key="clusters.size">\n 2 </profile>'
    )
    assert workflow.profile_sets[workflow.tasks.profiles[0]] == (
        Profile("env", "A", "1"),
        Profile("pegasus", "clusters.size", "2"),
    )


def test_a_profile_may_name_a_file() -> None:
    workflow = job('<profile namespace="env" key="A"> dir/<filename file="x"/> </profile>')
    assert workflow.profile_sets[1] == (Profile("env", "A", "dir/x"),)


def test_the_runtime_attribute_is_a_profile_that_a_written_one_overrides() -> None:
    workflow = job(
        '<profile namespace="pegasus" key="runtime">7</profile>',
        'id="a" name="s" runtime="13.5" level="2" cores="4"',
    )
    assert workflow.profile_sets[workflow.tasks.profiles[0]] == (
        Profile("pegasus", "runtime", "13.5"),
        Profile("pegasus", "runtime", "7"),
    )


@pytest.mark.parametrize("runtime", ["-1", "soon", "nan", ""])
def test_a_runtime_that_means_nothing_is_passed_over(runtime: str) -> None:
    workflow = job("", f'id="a" name="s" runtime="{runtime}"')
    assert workflow.profile_sets == ((),)


def test_an_unknown_profile_namespace_is_one_warning() -> None:
    workflow = job(
        '<profile namespace="odd" key="a">1</profile><profile namespace="odd" key="b">1</profile>'
    )
    assert len(workflow.warnings) == 1
    assert "'odd'" in workflow.warnings[0].message


def test_streams_are_redirected_without_becoming_uses() -> None:
    workflow = job('<stdin file="i" link="input"/><stdout name="o"/><stderr name="e"/>')
    tasks = workflow.tasks
    streams = [tasks.stdins[0], tasks.stdouts[0], tasks.stderrs[0]]
    assert [workflow.lfns[number] for number in streams] == ["i", "o", "e"]
    assert (uses_of(workflow), workflow.counts.files) == ({}, 0)


def test_metadata_is_silent_and_hooks_are_kept() -> None:
    workflow = adag(
        '<metadata key="k">v</metadata>\n<invoke when="at_end">mail</invoke>\n'
        '<job id="a" name="s"><metadata key="k">v</metadata><invoke when="start"> x -y </invoke>'
        '<invoke when="on_error">z</invoke></job><job id="b" name="s"/>'
        '<job id="c" name="s"><invoke when="start">x -y</invoke><invoke when="error">z</invoke>'
        '<invoke when="never">w</invoke></job>'
    )
    assert (workflow.warnings, workflow.defects) == ((), ())
    assert workflow.hooks == (Hook("end", "mail"),)
    assert workflow.hook_sets == ((), (Hook("start", "x -y"), Hook("error", "z")))
    assert list(workflow.tasks.hooks or ()) == [1, 0, 1]


def test_without_hooks_there_is_no_column_of_them() -> None:
    assert adag('<job id="a" name="s"/>').tasks.hooks is None


@pytest.mark.parametrize(
    ("invoke", "words"),
    [
        ('<invoke when="noon">x</invoke>', "'noon', which never happens"),
        ("<invoke>x</invoke>", "'', which never happens"),
        ('<invoke when="end"> </invoke>', "without a command"),
        ('<invoke when="end">mail "x</invoke>', "is not closed"),
    ],
)
def test_a_hook_that_cannot_be_run_is_a_warning(invoke: str, words: str) -> None:
    workflow = adag(f'{invoke}\n<job id="a" name="s"/>')
    assert workflow.hooks == () and workflow.defects == ()
    (problem,) = workflow.warnings
    assert words in problem.message and problem.where == "wf.dax:2"


def test_unknown_elements_are_a_warning_each_name_once() -> None:
    workflow = adag(
        '<job id="a" name="s">\n<decaf/>\n<decaf/></job>\n<flow><job id="x" name="y"/><link>'
        '<child ref="q"><parent ref="p"/></child></link></flow>'
    )
    assert [str(problem) for problem in workflow.warnings] == [
        "wf.dax:3: the element <decaf> is not known here; it is passed over",
        "wf.dax:5: the element <flow> is not known here; it is passed over",
    ]
    assert (workflow.counts.jobs, workflow.counts.edges) == (1, 1)
    assert len(workflow.defects) == 2


def test_sub_workflows_are_tasks_and_planned_ones_are_refused() -> None:
    workflow = adag(
        '<dax id="a" file="x.dax" node-label="sub"><argument>-s here --conf <file name="p"/>'
        '</argument>\n<profile namespace="dagman" key="retry">2</profile>'
        '<uses name="f" link="input"/><metadata key="k">v</metadata></dax>\n'
        '<dag id="b" name="x.dag"/>\n<child ref="b"><parent ref="a"/></child>'
        '<dax id="c" name="y.dax"/><child ref="c"><parent ref="a"/></child>'
    )
    counts = workflow.counts
    assert (counts.jobs, counts.edges, counts.files) == (3, 2, 1)
    assert workflow.sub_workflows == {
        0: SubWorkflowJob(file="x.dax"),
        1: SubWorkflowJob(file="y.dax"),
    }
    assert list(workflow.tasks.arguments) == ["-s here --conf p", ""]
    assert list(workflow.tasks.lines) == [2, 5]
    assert workflow.profile_sets[workflow.tasks.profiles[0]] == (Profile("dagman", "retry", "2"),)
    (defect,) = workflow.defects
    assert (defect.where, defect.message.split()[1]) == ("wf.dax:4", "<dag>")


def test_everything_that_is_missing_is_told_at_once() -> None:
    text = """<adag>
<job name="s"/>
<job id="a"/>
<dax file="x"/>
<job id="b" name="s">
<uses link="input"/>
<profile key="k">v</profile>
<stdin/>
</job>
<child><parent ref="b"/></child>
<child ref="b"><parent/><other/></child>
<file/>
<file name="f"><pfn site="local"/></file>
<executable/>
<transformation/>
<transformation name="t"><uses/></transformation>
</adag>"""
    assert [problem.split(":")[1] for problem in problems(text)] == [
        "2", "3", "4", "6", "7", "8", "10", "11", "12", "13", "14", "15", "16",
    ]  # fmt: skip


@pytest.mark.parametrize("end", ["<job", "</adagio>", "&x;", "<a>" * 99])
def test_a_malformed_end_is_told_with_the_problems_before_it(end: str) -> None:
    found = problems(f'<adag>\n<job name="s"/>\n{end}')
    assert [problem.split(":")[1] for problem in found] == ["2", "3"]


def test_no_jobs_is_a_defect() -> None:
    assert "no jobs" in parse("<adag/>").defects[0].message


def test_variables_are_replaced_and_unset_ones_are_defects() -> None:
    text = (
        '<adag name="${N}">\n<job id="a" name="s">'
        '<argument>${A} $B <file name="${F}"/></argument>\n<uses name="${F}" link="input"/>'
        "</job></adag>"
    )
    workflow = parse(text, N="n", A="1")
    assert (workflow.name, workflow.tasks.arguments) == ("n", ("1 $B ${F}",))
    assert {problem.where for problem in workflow.defects} == {"wf.dax:2", "wf.dax:3"}


INLINE = """<adag version="3.6" name="w">
<file name="f.a">
  <metadata key="checksum.type">sha256</metadata>
  <metadata key="checksum.value">ABCD</metadata>
  <pfn url="file:///data/f.a" site="here"/>
  <pfn url="http://x/f.a"/>
</file>
<file name="f.nowhere"/>
<executable namespace="n" name="x" version="1" arch="x86_64" os="LINUX" installed="false">
  <profile namespace="pegasus" key="clusters.size">2</profile>
  <pfn url="file:///bin/x" site="s"><profile namespace="env" key="A">1</profile></pfn>
  <invoke when="end">mail</invoke>
  <container name="c"/>
</executable>
<executable namespace="n" name="x" version="1"><pfn url="/opt/x" site="t"/></executable>
<executable name="bare"><profile namespace="env" key="B">2</profile></executable>
<transformation namespace="n" name="x" version="1">
  <uses name="helper"/>
  <uses name="conf.ini" executable="false"/>
  <uses name="helper" executable="true"/>
</transformation>
<job id="a" name="x"/>
</adag>"""


def test_inline_files_become_a_replica_catalog() -> None:
    catalog = parse(INLINE).replicas
    assert catalog is not None
    assert list(catalog.replicas) == ["f.a"]
    first, second = catalog.replicas["f.a"]
    assert (first.site, first.pfn, first.sha256) == ("here", "file:///data/f.a", "abcd")
    assert (second.site, second.pfn, second.where) == ("local", "http://x/f.a", "wf.dax:6")


def test_a_file_without_a_sha256_has_no_checksum() -> None:
    catalog = adag(
        '<file name="f"><metadata key="checksum.type">md5</metadata><pfn url="/f"/></file>'
    ).replicas
    assert catalog is not None
    assert catalog.replicas["f"][0].sha256 is None


def test_inline_executables_become_a_transformation_catalog() -> None:
    workflow = parse(INLINE)
    catalog = workflow.transformation_catalog
    assert catalog is not None
    name = TransformationName("n", "x", "1")
    assert list(catalog.transformations) == [name, TransformationName("", "bare", "")]
    found = catalog.transformations[name]
    first, second = found.sites
    assert (first.site, first.pfn, first.kind) == ("s", "file:///bin/x", "stageable")
    assert (first.arch, first.os) == ("x86_64", "linux")
    assert first.profiles == (Profile("pegasus", "clusters.size", "2"), Profile("env", "A", "1"))
    assert (second.site, second.kind, second.profiles) == ("t", "installed", ())
    assert found.requires == (TransformationName("", "helper", ""),)
    assert found.requires_files == ("conf.ini",)
    assert found.hooks == (Hook("end", "mail"),)
    bare = catalog.transformations[TransformationName("", "bare", "")]
    assert (bare.profiles, bare.sites) == ((Profile("env", "B", "2"),), ())
    assert [problem.where for problem in workflow.warnings] == ["wf.dax:13"]


def test_the_list_of_files_of_version_1_is_passed_over() -> None:
    workflow = adag('<filename file="f" link="inout"/><job id="a" name="s"/>', 'version="1.8"')
    assert (workflow.warnings, workflow.counts.files) == ((), 0)


words = st.text(alphabet="ab.-_:/é<&\"'", min_size=1, max_size=6)


@settings(deadline=None)
@given(st.lists(st.tuples(words, st.sampled_from(["input", "output"])), max_size=5), words)
def test_what_is_written_is_read_back(uses: list[tuple[str, str]], text: str) -> None:
    def quoted(word: str) -> str:
        return escape(word, {'"': "&quot;"})

    inside = "".join(f'<uses name="{quoted(lfn)}" link="{link}"/>' for lfn, link in uses)
    workflow = job(f"<argument>{escape(text)}</argument>{inside}")
    assert workflow.tasks.arguments == (text,)
    assert set(uses_of(workflow)) == {lfn for lfn, _ in uses}
