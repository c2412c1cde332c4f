from __future__ import annotations

import io
import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.errors import InputError
from pegbatch.model.hooks import Hook
from pegbatch.model.profiles import Profile
from pegbatch.model.workflow import (
    CHECKPOINT,
    EXECUTABLE,
    INPUT,
    OPTIONAL,
    OUTPUT,
    REGISTER,
    TRANSFER,
    SubWorkflowJob,
    TransformationName,
    Workflow,
)
from pegbatch.parse.workflow_yaml import parse_workflow
from tests.workflows import uses_of

SENT = OUTPUT | TRANSFER | REGISTER


def parse(text: str, **environment: str) -> Workflow:
    return parse_workflow(io.BytesIO(text.encode()), "dir/wf.yml", environment)


def job(inside: str) -> Workflow:
    return parse(f"jobs: [{{id: a, name: s, {inside}}}]")


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse(text)
    return [str(problem).partition("\n")[0] for problem in caught.value.problems]


DIAMOND = """x-pegasus: {apiLang: python}
pegasus: 5.0.4
name: diamond
metadata: {project: x}
jobs:
- type: job
  namespace: d
  version: '4.0'
  name: pre
  id: top
  nodeLabel: first
  arguments: [-a, 10, 1.50, "two words", 'q"x"']
  stdin: f.a
  stdout: log
  uses:
  - {lfn: f.a, type: input, metadata: {size: 1}, size: 7, bypass: true}
  - {lfn: f.b, type: output, stageOut: true, registerReplica: false}
  profiles:
    env: {A: 1, B: 'True', C: null}
    Pegasus: {clusters.size: 2}
- name: post
  id: 2
  arguments: []
  uses:
  - lfn: f.b
    type: input
jobDependencies:
- id: top
  children: [2]
"""


def check_diamond(workflow: Workflow) -> None:
    tasks = workflow.tasks
    assert (workflow.name, workflow.kind, workflow.version) == ("diamond", "wf-yaml", "5.0.4")
    assert tasks.ids == ("top", "2")
    assert [str(name) for name in workflow.transformations] == ["d::pre:4.0", "post"]
    assert uses_of(workflow) == {"f.a": INPUT, "f.b": OUTPUT | TRANSFER}
    assert uses_of(workflow, 1) == {"f.b": INPUT}
    assert workflow.lfns[tasks.stdins[0]] == "f.a"
    assert workflow.lfns[tasks.stdouts[0]] == "log"
    assert workflow.profile_sets[tasks.profiles[0]] == (
        Profile("env", "A", "1"),
        Profile("env", "B", "True"),
        Profile("env", "C", ""),
        Profile("pegasus", "clusters.size", "2"),
    )
    assert (list(workflow.edges.parents), list(workflow.edges.children)) == ([0], [1])
    assert (workflow.counts.jobs, workflow.counts.edges, workflow.counts.files) == (2, 1, 2)
    assert (workflow.defects, workflow.warnings) == ((), ())


def test_a_workflow_is_read_whole() -> None:
    workflow = parse(DIAMOND)
    check_diamond(workflow)
    assert list(workflow.tasks.lines) == [6, 21]
    assert workflow.tasks.arguments == ('-a 10 1.50 two words q"x"', "")


@pytest.mark.parametrize("indent", [None, 2])
def test_the_same_workflow_is_read_as_json(indent: int | None) -> None:
    check_diamond(parse(json.dumps(yaml.safe_load(DIAMOND), indent=indent)))


def test_keys_may_stand_in_any_order() -> None:
    document = yaml.safe_load(DIAMOND)
    backwards = dict(reversed(document.items()))
    backwards["jobs"] = [dict(reversed(entry.items())) for entry in document["jobs"]]
    workflow = parse(yaml.safe_dump(backwards, sort_keys=False))
    assert (workflow.name, workflow.tasks.ids) == ("diamond", ("top", "2"))
    assert list(workflow.edges.children) == [1]
    assert uses_of(workflow) == {"f.a": INPUT, "f.b": OUTPUT | TRANSFER}


@pytest.mark.parametrize(
    ("entries", "flags"),
    [
        ("type: input", INPUT),
        ("type: input, optional: true", INPUT | OPTIONAL),
        ("type: input, stageOut: false, forPlanning: true", INPUT),
        ("type: output", SENT),
        ("type: output, stageOut: false", OUTPUT | REGISTER),
        ("type: output, stageOut: 'False', registerReplica: no", OUTPUT),
        ("type: output, optional: yes", SENT | OPTIONAL),
        ("type: checkpoint, stageOut: true, registerReplica: false",
         CHECKPOINT | OPTIONAL | TRANSFER),
        ("type: none", 0),
        ("type: input, size: -1", INPUT),
        ("type: input, executable: true", INPUT | EXECUTABLE),
    ],
)  # fmt: skip
def test_uses_are_read_with_the_defaults_of_pegasus(entries: str, flags: int) -> None:
    assert uses_of(job(f"uses: [{{lfn: x, {entries}}}]")) == {"x": flags}


def test_an_executable_in_uses_has_its_complete_name() -> None:
    use = "{lfn: x, namespace: n, version: 1.0, type: input, executable: true}"
    assert uses_of(job(f"uses: [{use}]")) == {"n::x:1.0": INPUT | EXECUTABLE}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("[]", ""),
        ("~", ""),
        ("[-n, 007, 1e3, 0x1F, yes, 1.10]", "-n 007 1e3 0x1F yes 1.10"),
        ("[null, '']", "null "),
        ('["{\\"f\\":3}"]', '{"f":3}'),
        ("-a one string", "-a one string"),
    ],
)
def test_arguments_are_joined_as_written(arguments: str, text: str) -> None:
    assert job(f"arguments: {arguments}").tasks.arguments == (text,)


def test_anchors_and_merge_keys_serve_jobs_too() -> None:
    workflow = parse(
        "x-common: &c {name: s, profiles: &p {env: {A: 1}}}\n"
        "jobs:\n- {<<: *c, id: a}\n- {id: b, name: t, profiles: *p}\n"
    )
    assert [workflow.transformations[n].name for n in workflow.tasks.transformations] == ["s", "t"]
    assert list(workflow.tasks.profiles) == [1, 1]


def test_profiles_of_the_workflow_apply_to_all_jobs() -> None:
    workflow = parse(
        "jobs: [{id: a, name: s}, {id: b, name: s, profiles: {env: {W: 2}}}]\n"
        "profiles: {env: {W: 1, x-note: n}, x-more: {a: b}}\n"
    )
    found = [workflow.profile_sets[number] for number in workflow.tasks.profiles]
    assert found == [
        (Profile("env", "W", "1"),),
        (Profile("env", "W", "1"), Profile("env", "W", "2")),
    ]


def test_sub_workflows_are_tasks_and_planned_ones_are_refused() -> None:
    workflow = parse(
        "jobs:\n- {type: pegasusWorkflow, file: x.yml, id: a, arguments: [-s, here, -vvv],\n"
        "   uses: [{lfn: x.yml, type: input, forPlanning: true}, {lfn: s, type: input,\n"
        "   forPlanning: 'true'}, {lfn: f, type: input, forPlanning: false}]}\n"
        "- {type: condorWorkflow, file: x.dag, id: b}\n- {type: magic, name: n, id: c}\n"
        "- {type: pegasusWorkflow, file: x.yml, id: d, arguments: --conf a  -n}\n"
        "jobDependencies:\n- {id: a, children: [b, c, d]}\n- {id: b}\n"
    )
    counts = workflow.counts
    assert (counts.jobs, counts.edges, counts.files) == (4, 3, 3)
    assert workflow.sub_workflows == {
        0: SubWorkflowJob(file="x.yml", for_planning=frozenset(("x.yml", "s"))),
        1: SubWorkflowJob(file="x.yml"),
    }
    assert list(workflow.tasks.arguments) == ["-s here -vvv", "--conf a  -n"]
    assert [problem.where for problem in workflow.defects] == ["dir/wf.yml:5", "dir/wf.yml:6"]
    assert "condorWorkflow" in workflow.defects[0].message


def test_hooks_of_the_workflow_and_of_its_jobs_are_kept() -> None:
    workflow = parse(
        "hooks: {shell: [{_on: start, cmd: a}, {_on: never, cmd: b}]}\njobs:\n"
        "- {id: a, name: s, hooks: {shell: [{_on: all, cmd: 'c d'}]}}\n"
        "- {id: b, name: s, hooks: {shell: []}}\n"
    )
    assert workflow.hooks == (Hook("start", "a"),)
    assert workflow.hook_sets == ((), (Hook("all", "c d"),))
    assert list(workflow.tasks.hooks or ()) == [1, 0]
    assert workflow.warnings == ()


@pytest.mark.parametrize(
    ("hooks", "words"),
    [
        ("[]", "`hooks` is a mapping, found a list"),
        ("{shell: {}}", "`shell` is a list of hooks, found a mapping"),
        ("{mail: []}", "hooks of the kind 'mail' are not known"),
        ("{shell: [x]}", "a hook is a mapping with `_on` and `cmd`"),
        ("{shell: [{_on: noon, cmd: x}]}", "'noon', which never happens"),
        ("{shell: [{_on: end}]}", "a hook without a command"),
    ],
)
def test_a_hook_that_cannot_be_run_is_a_warning(hooks: str, words: str) -> None:
    workflow = parse(f"hooks: {hooks}\njobs:\n- {{id: a, name: s}}\n")
    assert (workflow.hooks, workflow.defects) == ((), ())
    (problem,) = workflow.warnings
    assert words in problem.message and problem.where == "dir/wf.yml:1"


def test_unknown_keys_are_one_warning_each() -> None:
    workflow = parse(
        "hooks: {shell: []}\nodd: 1\njobs:\n"
        "- {id: a, name: s, hooks: {}, size: 1, x-mine: 2}\n"
        "- {id: b, name: s, size: 1, uses: [{lfn: f, type: input, colour: red}]}\n"
    )
    assert [str(problem) for problem in workflow.warnings] == [
        "dir/wf.yml:2: the key 'odd' of a workflow is not known; it is passed over",
        "dir/wf.yml:4: the key 'size' of a job is not known; it is passed over",
        "dir/wf.yml:5: the key 'colour' of a use is not known; it is passed over",
    ]


def test_an_unknown_profile_namespace_is_one_warning() -> None:
    workflow = job("profiles: {odd: {a: 1, b: 2}}")
    assert len(workflow.warnings) == 1
    assert "'odd'" in workflow.warnings[0].message


@pytest.mark.parametrize("version", ["6.0", "17"])
def test_a_version_that_is_too_new_is_refused(version: str) -> None:
    assert problems(f"name: x\npegasus: {version}\n") == [
        f"dir/wf.yml:2: workflow format {version} is not known; the newest is 5.0"
    ]


@pytest.mark.parametrize("version", ["5.0", "5", "5.1.3", "4.9", "odd", "~", "[5]"])
def test_other_versions_are_read(version: str) -> None:
    assert parse(f"pegasus: {version}\njobs: [{{id: a, name: s}}]").tasks.ids == ("a",)


def test_a_workflow_without_a_name_has_that_of_its_file() -> None:
    assert job("").name == "wf"


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_file_is_refused(text: str) -> None:
    assert problems(text) == ["dir/wf.yml: the file is empty"]


@pytest.mark.parametrize("key", ["sites", "transformations", "replicas"])
def test_a_catalog_is_refused_as_a_workflow(key: str) -> None:
    assert problems(f"pegasus: 5.0\n{key}: []\n") == [
        f"dir/wf.yml:2: this is a catalog, not a workflow: it has `{key}` and no `jobs`"
    ]


@pytest.mark.parametrize("text", ["name: x", "jobs: []", "jobs:"])
def test_no_jobs_is_a_defect(text: str) -> None:
    assert "no jobs" in parse(text).defects[0].message


def test_everything_that_is_wrong_is_told_at_once() -> None:
    text = """jobs:
- word
- {name: s}
- {id: a}
- {type: pegasusWorkflow, id: b}
- id: c
  name: s
  name: t
  arguments: {a: b}
  uses:
  - word
  - {type: input}
- id: d
  name: [s]
- id: e
  name: s
  arguments: [[x]]
  uses: word
  profiles: [x]
- id: f
  name: s
  profiles: {env: [x], pegasus: {a: [x]}}
jobDependencies:
- word
- {children: [a]}
- {id: a, children: [[x]]}
- {id: a, children: x}
"""
    found = [int(problem.split(":")[1]) for problem in problems(text)]
    assert sorted(found) == [2, 3, 4, 5, 8, 9, 11, 12, 13, 14, 17, 18, 19, 22, 22, 24, 25, 26, 27]


def test_a_malformed_end_is_told_with_the_problems_before_it() -> None:
    found = problems("jobs:\n- {name: s}\n- [\n")
    assert [problem.split(":")[1] for problem in found] == ["2", "4"]


def test_dangling_and_duplicate_ids_are_defects_with_lines() -> None:
    workflow = parse(
        "jobs:\n- {id: a, name: s}\n- {id: a, name: s}\n"
        "jobDependencies:\n- id: a\n  children:\n  - gone\n  - a\n- {id: lost, children: [a]}\n"
    )
    assert [problem.where for problem in workflow.defects] == [
        f"dir/wf.yml:{line}" for line in (3, 7, 9)
    ]
    assert (workflow.counts.edges, list(workflow.edges.parents)) == (3, [0])


def test_an_unknown_type_of_use_is_a_defect() -> None:
    (defect,) = job("uses: [{lfn: x, type: sideways}]").defects
    assert "'sideways'" in defect.message


def test_a_use_without_type_is_one_warning() -> None:
    workflow = job("uses: [{lfn: x}, {lfn: y}]")
    assert uses_of(workflow) == {"x": 0, "y": 0}
    assert ["'x'" in problem.message for problem in workflow.warnings] == [True]


def test_variables_are_replaced_and_unset_ones_are_defects() -> None:
    text = "name: ${N}\njobs:\n- id: a\n  name: s\n  arguments: ['${A}', $B, '${C}']\n"
    workflow = parse(text, N="n", A="1")
    assert (workflow.name, workflow.tasks.arguments) == ("n", ("1 $B ${C}",))
    assert [problem.where for problem in workflow.defects] == ["dir/wf.yml:5"]


CATALOGS = """siteCatalog:
  sites:
  - name: s
    directories:
    - type: sharedScratch
      path: /x
      fileServers: [{url: 'file:///x', operation: all}]
replicaCatalog:
  replicas:
  - lfn: f.a
    pfns: [{site: local, pfn: /data/f.a}]
transformationCatalog:
  transformations:
  - name: step
    sites: [{name: s, pfn: /bin/step, type: installed}]
jobs: [{id: a, name: step}]
"""


def test_inline_catalogs_are_those_of_the_stand_alone_files() -> None:
    workflow = parse(CATALOGS)
    assert workflow.sites is not None
    assert list(workflow.sites.sites) == ["s"]
    assert workflow.replicas is not None
    assert workflow.replicas.replicas["f.a"][0].pfn == "/data/f.a"
    assert workflow.transformation_catalog is not None
    assert list(workflow.transformation_catalog.transformations) == [
        TransformationName("", "step", "")
    ]


def test_what_is_wrong_with_an_inline_catalog_is_a_defect() -> None:
    text = CATALOGS.replace("name: s\n", "arch: x\n").replace("lfn: f.a", "regex: false")
    workflow = parse(text)
    assert workflow.counts.jobs == 1
    assert {problem.where for problem in workflow.defects} >= {"dir/wf.yml:3", "dir/wf.yml:10"}


scalars = st.text(alphabet="ab -:#{}[]'\"é", max_size=6) | st.integers() | st.booleans()


@settings(deadline=None)
@given(st.lists(scalars, max_size=5), st.sampled_from([yaml.safe_dump, json.dumps]))
def test_arguments_that_a_library_writes_are_read_back(arguments: list[Any], dump: Any) -> None:
    written = dump({"jobs": [{"id": "a", "name": "s", "arguments": arguments}]})
    texts = [str(item).lower() if isinstance(item, bool) else str(item) for item in arguments]
    assert parse(written).tasks.arguments == (" ".join(texts),)
