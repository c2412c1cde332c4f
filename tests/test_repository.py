"""The repository as a newcomer finds it: help, pages, layout, and nothing that names a machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pegbatch.cli.main import COMMANDS, pegbatch
from pegbatch.parse.catalogs import read_sites
from pegbatch.planner.sites import choose_site

ROOT = Path(__file__).resolve().parents[1]
TOP = {
    *("LICENSE", "README.md", "CHANGELOG.md", "Makefile", "setup.cfg", "pyproject.toml"),
    *("SECURITY.md", "pegbatch", "conf", "share", "containers", "tests", "benchmarks", "docs"),
}
PASSING = re.compile(
    r"^(\.git|\.venv|\.\w+_cache|\.import_linter_cache|\.hypothesis|\.coverage.*|__pycache__|build"
    r"|dist|.+\.egg-info|pegbatch-work)$"
)
"""What tools leave behind: no part of the repository."""
# Written so that this line does not match itself.
MACHINE_PATHS = re.compile(r"(?<![\w.*])/(?:wo{1}rk/|ro{1}ot/|opt/pegen{1}v)")
LONGEST_MODULE = 500
VENDORED = ROOT / "pegbatch" / "report" / "vendor"
"""Other people's files, as they have published them: tests/test_vendored.py holds them."""


def files() -> Iterator[Path]:
    """Yield every text file of the repository."""
    folders = [ROOT]
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if PASSING.match(path.name) or path.is_symlink() or path == VENDORED:
                continue
            if path.is_dir():
                folders.append(path)
            elif path.suffix not in (".gz", ".png", ".pyc"):
                yield path


def modules() -> list[Path]:
    return sorted((ROOT / "pegbatch").rglob("*.py"))


def test_the_top_level_is_laid_out_as_the_design_says() -> None:
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert {name for name in found if not PASSING.match(name)} == TOP


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_explains_every_option(name: str) -> None:
    result = CliRunner().invoke(pegbatch, [name, "--help"])
    assert result.exit_code == 0, result.output
    command = pegbatch.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None and command.help
    shown = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    for option in shown:
        assert option.help, f"{name} {option.opts}"


@pytest.mark.parametrize("name", ["run", "status", "wait", "fetch", "cancel"])
def test_the_help_says_which_directory_is_meant_where_none_is_given(name: str) -> None:
    result = CliRunner().invoke(pegbatch, [name, "--help"])
    assert "DIR is the current directory where it is not given." in result.output


@pytest.mark.parametrize("name", ["plan", "graph"])
def test_the_help_of_planning_says_what_is_meant_where_an_option_is_left_out(name: str) -> None:
    words = " ".join(CliRunner().invoke(pegbatch, [name, "--help"]).output.split())
    words = words.replace("- ", "-")  # lines end after hyphens, too
    assert "Base of submit directories. [default: .]" in words
    assert "Execution site [the only one beside local]" in words
    assert "wf-output below --dir" in words


def test_the_sample_catalogs_leave_one_site_to_run_on() -> None:
    sites = read_sites((ROOT / "conf" / "sites.yml").read_bytes(), "conf/sites.yml", {})
    assert choose_site(sites, ()).name == "aws-batch"


@pytest.mark.parametrize("example", sorted((ROOT / "share" / "examples").iterdir()))
def test_an_example_that_is_bootstrapped_says_where_its_bucket_is_named(example: Path) -> None:
    text = (example / "README.md").read_text()
    staging = re.findall(r"url: (s3://user@amazon/\S+)", _text_of(example / "sites.yml"))
    if "pegbatch-aws-batch --bootstrap --prefix" in text:
        assert f"in place of {staging[0]}\n" in text


def _text_of(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"`pegbatch {name}" in (ROOT / "README.md").read_text()


def test_the_readme_promises_no_command_that_is_not_there() -> None:
    words = re.findall(r"`pegbatch ([a-z-]+)", (ROOT / "README.md").read_text())
    assert set(words) <= set(COMMANDS)


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    named = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if MACHINE_PATHS.search(line)
    ]
    assert named == []


def test_every_link_between_pages_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in files()
        if page.suffix == ".md"
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_is_short_enough_to_be_read(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= LONGEST_MODULE


def test_the_embedded_aws_carries_the_entry_script_of_the_container() -> None:
    packaged = ROOT / "pegbatch" / "emulator" / "fetch_and_run.py"
    container = ROOT / "containers" / "fetch-and-run" / "fetch_and_run.py"
    assert packaged.read_bytes() == container.read_bytes()


def test_every_example_has_a_page_and_is_run_by_a_test() -> None:
    files = (ROOT / "tests" / "functional").glob("test_*examples.py")
    tests = "".join(file.read_text() for file in files)
    for example in sorted((ROOT / "share" / "examples").iterdir()):
        assert (example / "README.md").is_file(), example.name
        assert f'"{example.name}"' in tests, example.name


def warnings_of(path: Path) -> list[str]:
    result = CliRunner().invoke(pegbatch, ["inspect", "--json", str(path)])
    assert result.exit_code == 0, result.output
    found: list[str] = json.loads(result.stdout)["warnings"]
    return found


@pytest.mark.parametrize("name", ["pegasus.properties", "sites.yml"])
def test_every_sample_is_read_without_a_warning(name: str) -> None:
    assert warnings_of(ROOT / "conf" / name) == []


def test_every_line_of_the_sample_properties_may_be_put_in_force(tmp_path: Path) -> None:
    sample = (ROOT / "conf" / "pegasus.properties").read_text()
    whole, count = re.subn(r"^#(?=[\w.]+ = )", "", sample, flags=re.MULTILINE)
    (tmp_path / "pegasus.properties").write_text(whole)
    assert count > 10
    assert warnings_of(tmp_path / "pegasus.properties") == []
