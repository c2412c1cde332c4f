"""What is written is read back as it was: workflows, catalogs, properties, `${}`."""

from __future__ import annotations

import io
import json
import string

import javaproperties
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbatch.model.hooks import EVENTS, Hook
from pegbatch.model.profiles import Profile
from pegbatch.model.workflow import (
    CHECKPOINT,
    INPUT,
    OPTIONAL,
    OUTPUT,
    REGISTER,
    TRANSFER,
    TransformationName,
    Workflow,
)
from pegbatch.parse.catalogs import read_replicas, read_sites, read_transformations
from pegbatch.parse.dax_xml import parse_dax
from pegbatch.parse.properties import PropertyLine, read_properties
from pegbatch.parse.settings import merge_settings
from pegbatch.parse.variables import expand
from pegbatch.parse.workflow_yaml import parse_workflow
from tests.workflow_writer import Written, as_dax, as_yaml, edges_of, jobs_of

PRINTED = st.characters(
    exclude_categories=["Cc", "Cs", "Cn", "Zs", "Zl", "Zp", "Cf"], exclude_characters="$\ufffe"
)
WORDS = (
    st.text(PRINTED, min_size=1, max_size=8)
    .map(lambda text: text.replace("'", ""))
    .filter(lambda text: text and not set(text) & set("\"\\'"))
)
NAMES = st.text(string.ascii_letters + string.digits + "_-.", min_size=1, max_size=8).filter(
    lambda name: not name.startswith("x-")  # what Pegasus's schemas leave to extensions
)
FLAGS = st.sampled_from(
    [
        INPUT,
        INPUT | OPTIONAL,
        OUTPUT | TRANSFER | REGISTER,
        OUTPUT | OPTIONAL,
        OUTPUT | REGISTER,
        CHECKPOINT | OPTIONAL | TRANSFER,
        CHECKPOINT | OPTIONAL,
    ]
)
PROFILES = st.dictionaries(
    st.tuples(st.sampled_from(["pegasus", "env", "dagman", "condor"]), NAMES), WORDS, max_size=3
)


@st.composite
def workflows(draw: st.DrawFn) -> tuple[list[Written], list[tuple[str, str]]]:
    """Return jobs with distinct ids, and edges between them."""
    ids = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    jobs = []
    for identifier in ids:
        profiles = draw(PROFILES)
        jobs.append(
            Written(
                id=identifier,
                name=TransformationName(draw(NAMES | st.just("")), draw(WORDS), draw(NAMES)),
                words=tuple(draw(st.lists(WORDS, max_size=3))),
                uses=tuple(draw(st.dictionaries(WORDS, FLAGS, max_size=4)).items()),
                streams=draw(st.tuples(*[WORDS | st.none()] * 3)),
                profiles=tuple(
                    Profile(space, key, profiles[space, key])
                    for space, key in sorted(profiles, key=lambda pair: pair[0])
                ),
                hooks=tuple(
                    Hook(event, command)
                    for event, command in draw(
                        st.lists(st.tuples(st.sampled_from(EVENTS), WORDS), max_size=2)
                    )
                ),
            )
        )
    pairs = st.tuples(st.sampled_from(ids), st.sampled_from(ids))
    return jobs, draw(st.lists(pairs, max_size=4))


def dax(data: bytes) -> Workflow:
    return parse_dax(io.BytesIO(data), "w.dax", {})


def yml(data: bytes) -> Workflow:
    return parse_workflow(io.BytesIO(data), "w.yml", {})


@pytest.mark.parametrize(("write", "read"), [(as_dax, dax), (as_yaml, yml)])
@given(content=workflows())
def test_a_workflow_is_read_as_it_was_written_and_written_as_it_was_read(
    write, read, content
) -> None:
    jobs, edges = content
    first = read(write("w", jobs, edges))
    assert jobs_of(first) == jobs
    assert edges_of(first) == edges
    second = read(write(first.name, jobs_of(first), edges_of(first)))
    assert (jobs_of(second), edges_of(second)) == (jobs_of(first), edges_of(first))
    assert second.counts == first.counts


@given(content=workflows())
def test_both_formats_say_the_same(content) -> None:
    jobs, edges = content
    assert jobs_of(dax(as_dax("w", jobs, edges))) == jobs_of(yml(as_yaml("w", jobs, edges)))


@given(st.dictionaries(WORDS, st.lists(st.tuples(NAMES, WORDS), min_size=1, max_size=3)))
def test_replicas_are_read_as_they_were_written(replicas) -> None:
    document = {
        "pegasus": "5.0",
        "replicas": [
            {"lfn": lfn, "pfns": [{"site": site, "pfn": pfn} for site, pfn in places]}
            for lfn, places in replicas.items()
        ],
    }
    catalog = read_replicas(json.dumps(document).encode(), "rc.yml", {})
    found = {
        lfn: [(place.site, place.pfn) for place in places]
        for lfn, places in catalog.replicas.items()
    }
    assert found == replicas


@given(st.dictionaries(NAMES, PROFILES, min_size=1, max_size=3))
def test_sites_are_read_as_they_were_written(sites) -> None:
    rows = []
    for name, profiles in sites.items():
        grouped: dict[str, dict[str, str]] = {}
        for (space, key), value in profiles.items():
            grouped.setdefault(space, {})[key] = value
        rows.append({"name": name, "directories": [], "profiles": grouped})
    catalog = read_sites(json.dumps({"pegasus": "5.0", "sites": rows}).encode(), "s.yml", {})
    found = {
        name: {(space, key): value for space, key, value in site.profiles}
        for name, site in catalog.sites.items()
    }
    assert found == sites


@given(st.dictionaries(NAMES, WORDS, min_size=1, max_size=3))
def test_transformations_are_read_alike_from_text_and_yaml(programs) -> None:
    text = "".join(
        f'tr {name} {{ site s {{ pfn "{pfn}" type "STAGEABLE" }} }}\n'
        for name, pfn in programs.items()
    )
    rows = [
        {"name": name, "sites": [{"name": "s", "pfn": pfn, "type": "stageable"}]}
        for name, pfn in programs.items()
    ]
    document = json.dumps({"pegasus": "5.0", "transformations": rows})
    for data, source in ((text, "tc.txt"), (document, "tc.yml")):
        catalog = read_transformations(data.encode(), source, {})
        found = {name.name: entry.sites[0].pfn for name, entry in catalog.transformations.items()}
        assert found == programs


@given(st.dictionaries(st.text(PRINTED, min_size=1), st.text(PRINTED)))
def test_properties_are_read_as_java_writes_them(values) -> None:
    written = javaproperties.dumps(values, timestamp=False)
    lines = read_properties(written.encode(), "p.properties")
    assert {line.key: line.value for line in lines} == values


VARIABLES = st.dictionaries(NAMES, st.text(max_size=5), min_size=1, max_size=3)


@given(VARIABLES, st.data())
def test_variables_are_replaced_once_and_nothing_else_is_touched(values, data) -> None:
    parts = data.draw(st.lists(st.sampled_from(sorted(values)) | st.just("$x {y}"), max_size=6))
    text = "".join(f"${{{part}}}" if part in values else part for part in parts)
    expected = "".join(values.get(part, part) for part in parts)
    assert expand(text, values, "f:1") == expected


@given(
    st.dictionaries(NAMES.map(lambda name: f"x.{name}"), WORDS, min_size=1, max_size=4), st.data()
)
def test_a_property_may_stand_for_another_wherever_that_one_is_set(values, data) -> None:
    names = sorted(values)
    target = data.draw(st.sampled_from(names))
    lines = [PropertyLine(name, values[name], "f:1") for name in names]
    lines.insert(
        data.draw(st.integers(0, len(lines))), PropertyLine("y", f"<${{{target}}}>", "f:2")
    )
    assert merge_settings([lines], {}).get("y") == f"<{values[target]}>"
    split = merge_settings([[PropertyLine(target, values[target], "g:1")], lines], {})
    assert split.get("y") == f"<{values[target]}>"
