from __future__ import annotations

from collections.abc import Mapping

import pytest

from pegbatch.errors import InputError
from pegbatch.model.catalogs import TransformationCatalog
from pegbatch.model.hooks import Hook
from pegbatch.model.profiles import Profile
from pegbatch.model.workflow import TransformationName
from pegbatch.parse.catalogs import read_transformations
from pegbatch.parse.variables import AsWritten

SITE = 'site s { pfn "/bin/x" type "INSTALLED" }'


def read(text: str, environment: Mapping[str, str] | None = None) -> TransformationCatalog:
    return read_transformations(text.encode(), "tc", {} if environment is None else environment)


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(text)
    return [str(problem).splitlines()[0] for problem in caught.value.problems]


def test_an_entry_has_name_profiles_and_sites() -> None:
    catalog = read(
        """
tr example::keg:1.0 {
  profile env "APP_HOME" "/tmp"   # a comment
  metadata "size" "3"
  site isi {
    # another
    profile pegasus "clusters.size" "2"
    pfn "/path/to keg"
    arch "x86_64"
    os "LINUX"
    osrelease "fc"
    type "stageable"
    container "c"
  }
}
cont c { type "docker" image "docker:///x" mount "/a:/b" profile env "K" "V" }
"""
    )
    entry = catalog.transformations[TransformationName("example", "keg", "1.0")]
    (site,) = entry.sites
    assert entry.profiles == (Profile("env", "APP_HOME", "/tmp"),)
    assert (site.site, site.pfn, site.kind, site.arch, site.os) == (
        "isi",
        "/path/to keg",
        "stageable",
        "x86_64",
        "linux",
    )
    assert site.profiles == (Profile("pegasus", "clusters.size", "2"),)
    assert (site.container, catalog.containers["c"].kind) == ("c", "docker")
    assert (entry.where, site.where, catalog.warnings) == ("tc:2", "tc:5", ())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tr keg {" + SITE + "}", TransformationName("", "keg", "")),
        ("tr a::keg:1.0{" + SITE + "}", TransformationName("a", "keg", "1.0")),
        ("tr a::keg{" + SITE + "}", TransformationName("a", "keg", "")),
        ("tr keg:2\n{\n" + SITE + "\n}", TransformationName("", "keg", "2")),
        ("tr e.qc1.1\t{\r\n" + SITE + "\r\n}", TransformationName("", "e.qc1.1", "")),
    ],
)
def test_names_are_split_and_need_no_blank_before_the_brace(
    text: str, name: TransformationName
) -> None:
    assert list(read(text).transformations) == [name]


def test_one_name_written_twice_has_the_sites_of_both_with_their_own_profiles() -> None:
    entry = 'tr x {{ profile env "A" "{value}" site {site} {{ pfn "/x" }} }}\n'
    catalog = read(entry.format(value=1, site="a") + entry.format(value=2, site="b"))
    (merged,) = catalog.transformations.values()
    assert [(site.site, site.profiles[0].value) for site in merged.sites] == [
        ("a", "1"),
        ("b", "2"),
    ]
    assert (merged.profiles, catalog.entries) == ((), 2)


def test_variables_are_replaced_in_names_and_strings() -> None:
    text = 'tr ${NS}::keg { site ${S}{ pfn "${BIN}/keg" } }'
    catalog = read(text, {"NS": "n", "S": "local", "BIN": "/bin"})
    (entry,) = catalog.transformations.values()
    assert (str(entry.name), entry.sites[0].site, entry.sites[0].pfn) == (
        "n::keg",
        "local",
        "/bin/keg",
    )


def test_a_variable_that_is_not_set_is_a_problem_with_its_line() -> None:
    (message,) = problems('tr x {\n site s { pfn "${NOWHERE}" }\n}')
    assert message.startswith("tc:2: ")


def test_a_closing_brace_too_many_is_a_warning() -> None:
    catalog = read("tr x { " + SITE + " }\n}\ntr y { " + SITE + " }")
    assert len(catalog.transformations) == 2
    assert [problem.where for problem in catalog.warnings] == ["tc:2"]


def test_quotes_inside_strings_are_escaped_by_a_backslash() -> None:
    catalog = read(r'tr x { profile env "A" "say \"hi\"" ' + SITE + " }")
    (entry,) = catalog.transformations.values()
    assert entry.profiles[0].value == 'say "hi"'


def test_all_problems_come_at_once_each_with_its_line() -> None:
    text = """tr a {
  site s {
    type "SOMETHING"
  }
  nonsense "x"
}
stray words
tr b {
  site s {
    pfn "/x
  }
"""
    assert [message.split(" ")[0] for message in problems(text)] == [
        "tc:2:",
        "tc:3:",
        "tc:5:",
        "tc:7:",
        "tc:8:",
        "tc:9:",
        "tc:10:",
        "tc:10:",
    ]


@pytest.mark.parametrize(
    "text",
    ["tr", "tr x", "tr x {", "tr x { site", 'tr x { profile env "A" }', "cont c { type }"],
)
def test_a_catalog_that_breaks_off_is_a_problem_on_line_one(text: str) -> None:
    assert all(message.startswith("tc:1: ") for message in problems(text))


def test_a_container_that_the_file_does_not_define_is_a_warning() -> None:
    catalog = read('tr x {\n site s {\n pfn "/x" container "c" } }')
    assert [problem.where for problem in catalog.warnings] == ["tc:2"]


def test_an_unknown_profile_namespace_is_a_warning() -> None:
    catalog = read('tr x { profile Envy "A" "b" ' + SITE + " }")
    assert "envy" in catalog.warnings[0].message.lower()


def test_a_template_is_refused_but_can_be_looked_at() -> None:
    text = "tr x {\n{% if a %}\n" + SITE.replace("s {", "{{site}} {", 1) + "\n{% endif %}\n}"
    assert problems(text)[0].startswith("tc:2: an unfilled template")
    catalog = read(text, AsWritten())
    assert (catalog.entries, len(catalog.warnings)) == (1, 2)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# only a comment\n"])
def test_an_empty_catalog_has_no_entries_and_a_warning(data: bytes) -> None:
    catalog = read_transformations(data, "tc", {})
    assert (catalog.entries, len(catalog.warnings)) == (0, 1)


def test_words_outside_of_blocks_are_problems() -> None:
    assert problems('oops "x"\ntr x { ' + SITE + " }")[0].startswith(
        "tc:1: expected `tr` or `cont`"
    )


@pytest.mark.parametrize("text", ["cont", "cont {"])
def test_a_container_needs_a_name(text: str) -> None:
    assert problems("tr x { " + SITE + " }\n" + text)[0] == "tc:2: expected a value after `cont`"


def test_notifications_are_hooks_of_the_transformation() -> None:
    catalog = read('tr x {\ninvoke "at_end" "/bin/mail"\ninvoke "noon" "/bin/x"\n' + SITE + " }")
    (entry,) = catalog.transformations.values()
    assert entry.hooks == (Hook("end", "/bin/mail"),)
    assert [problem.where for problem in catalog.warnings] == ["tc:3"]
