"""Looking at large files as at small ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegbatch.adapters.inspected_files import inspect_file
from pegbatch.errors import InputError

JOBS = 200_000
LAST_OF_JSON = '{"id": "z", "name": "y"}]}'


def write(path: Path, start: str, line: str, end: str) -> Path:
    with path.open("w") as file:
        file.write(start)
        file.writelines(line.replace("NUMBER", str(number)) for number in range(JOBS))
        file.write(end)
    return path


def test_a_large_dax_is_counted_and_its_variables_told(tmp_path: Path) -> None:
    line = '<job id="jNUMBER" name="n"><uses name="${DIR}/f"/></job>\n'
    told = inspect_file(write(tmp_path / "w.xml", '<adag name="w">\n', line, "</adag>"))
    assert (told.kind, told.jobs, told.files) == ("dax-xml", JOBS, 1)
    assert told.warnings[-1].message == "needs environment variables: ${DIR}"


@pytest.mark.parametrize(
    ("start", "line", "end"),
    [
        ("pegasus: '5.0'\njobs:\n", "- {id: jNUMBER, name: a_name_of_some_length}\n", ""),
        ("replicaCatalog: {replicas: []}\njobs:\n", "- {id: jNUMBER, name: some_long_name}\n", ""),
        ('{"pegasus": "5.0", "jobs": [\n', '{"id": "jNUMBER", "name": "n"},\n', LAST_OF_JSON),
    ],
)  # fmt: skip
def test_a_large_yaml_or_json_workflow_is_counted(
    tmp_path: Path, start: str, line: str, end: str
) -> None:
    told = inspect_file(write(tmp_path / "x", start, line, end))
    assert (told.kind, told.jobs) == ("wf-yaml", JOBS + bool(end))


def test_a_large_replica_catalog_is_counted(tmp_path: Path) -> None:
    line = 'a/file/of/some/length-NUMBER file:///data/NUMBER site="local"\n'
    told = inspect_file(write(tmp_path / "x", "", line, ""))
    assert (told.kind, told.entries) == ("rc-file", JOBS)


def test_large_properties_are_refused(tmp_path: Path) -> None:
    line = "pegasus.property.NUMBER = a value that makes the line longer\n"
    with pytest.raises(InputError, match="larger than a file of this kind"):
        inspect_file(write(tmp_path / "x.properties", "", line, ""))
