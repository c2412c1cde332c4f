"""The Python API on the embedded AWS: what a script or a notebook does."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

import pegbatch
from pegbatch.emulator.background import local_folder, stop
from pegbatch.errors import InputError, OutsideError, PegbatchError, PlanError, UsageError
from tests.functional.resume_desk import ResumeDesk, undisturbed
from tests.functional.seen_runs import BAD_SAMPLES, MENDED, SAMPLES


def planned(desk: ResumeDesk, **options: object) -> pegbatch.Run:
    """Plan the workflow of a desk in this process."""
    places = {"base_dir": desk.base, "output_dir": desk.outputs, "site": "here"}
    return pegbatch.plan(desk.write(), **places, **options)  # type: ignore[arg-type]


class Notebook:
    """What IPython hands to a process that is the kernel of a notebook."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.kernel = self

    def get_ipython(self) -> Notebook:
        return self

    def HTML(self, text: str) -> str:  # noqa: N802
        return text

    def display(self, text: str, *, display_id: bool) -> Notebook:
        return self

    def update(self, text: str) -> None:
        self.shown.append(text)


def test_importing_the_package_brings_nothing_else_in() -> None:
    program = (
        "import sys, pegbatch\n"
        "assert {'plan', 'Run'} <= set(dir(pegbatch))\n"
        "heavy = {'pegbatch.api', 'boto3', 'botocore', 'click', 'networkx', 'pandas'}\n"
        "assert not heavy & set(sys.modules), sys.modules\n"
        "from pegbatch import Run\n"
        "assert Run.__module__ == 'pegbatch.api'\n"
        "assert 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_what_the_package_does_not_have_it_does_not_have() -> None:
    with pytest.raises(AttributeError, match="no attribute 'plann'"):
        _ = pegbatch.plann  # type: ignore[attr-defined]


def test_a_run_is_submitted_looked_at_and_waited_for_in_silence(
    desk: ResumeDesk, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pegbatch")
    gate = desk.folder / "gate"
    text = desk.write().read_text()
    held = f"while test ! -e {gate}; do sleep 0.1; done; cat a0"
    (desk.folder / "wf.yml").write_text(text.replace("cat a0", held, 1))
    run = pegbatch.plan(
        desk.folder / "wf.yml", base_dir=desk.base, output_dir=desk.outputs, site="here"
    )
    assert (run.plan.tasks, run.url, run.status().state) == (9, "", "planned")
    assert run.submit().state == "running"
    assert run.url.startswith("s3://pegbatch/mended-")
    assert run.wait(at_most_seconds=0.0).state == "running"
    history = run.history()
    while not any((one.array, one.state) == ("L1-sh", "running") for one in history.attempts):
        history = run.history()
    assert history.ended is None
    assert all(one.end is None for one in history.attempts if one.state == "running")
    gate.touch()
    assert run.wait().state == "succeeded"
    assert {one.lfn: one.path.read_text() for one in run.outputs() if one.path} == undisturbed()
    assert all(one.size_bytes == len(undisturbed()[one.lfn]) for one in run.outputs())
    assert run.failures() == ()
    assert run.fetch() == ()
    assert {one.state for one in run.history().attempts} == {"succeeded"}
    assert capfd.readouterr() == ("", "")
    assert "running on the embedded AWS" in caplog.text


def test_where_directory_and_batch_are_gone_the_url_brings_all_of_it_back(
    desk: ResumeDesk, capfd: pytest.CaptureFixture[str]
) -> None:
    run = planned(desk)
    desk.breaks("b2")
    assert run.run(progress=True).state == "failed"
    assert "failed: 9 of 9 tasks done" in capfd.readouterr().err
    before, url = run.history(), run.url
    assert pegbatch.Run(url, base_dir=desk.base).submit_dir == run.submit_dir
    folder = local_folder(desk.base)
    stop(folder)
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()
    assert run.history().attempts == before.attempts
    assert not (folder / "emulator.json").exists()
    shutil.rmtree(run.submit_dir)
    with pytest.raises(InputError, match="not a submit directory"):
        pegbatch.Run(run.submit_dir)
    again = pegbatch.Run(url, base_dir=desk.base, output_dir=desk.outputs)
    assert again.submit_dir == run.submit_dir
    assert again.history().executions == before.executions
    assert [failure.id for failure in again.failures(skipped=True)] == ["b2", "end"]
    desk.breaks()
    assert again.run().state == "succeeded"
    assert capfd.readouterr() == ("", "")
    assert desk.delivered() == undisturbed()


def test_two_runs_at_once_in_one_directory_and_looked_at_from_elsewhere(
    desk: ResumeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    desk.write()
    places = {"base_dir": "base", "site": "here"}
    runs = [pegbatch.plan("wf.yml", output_dir=f"out{n}", **places) for n in range(2)]  # type: ignore[arg-type]
    with ThreadPoolExecutor(len(runs)) as pool:
        ended = [pool.submit(run.run) for run in runs]
        assert [one.result().state for one in ended] == ["succeeded"] * 2
    relative = pegbatch.Run(os.path.relpath(runs[0].submit_dir))
    monkeypatch.chdir("/")
    assert relative.wait() == relative.wait()
    for number, run in enumerate((relative, runs[1])):
        paths = {one.lfn: one.path for one in run.outputs() if one.path}
        assert {lfn: path.read_text() for lfn, path in paths.items()} == undisturbed()
        assert {path.parent for path in paths.values()} == {desk.folder / f"out{number}"}


def test_over_the_wire_and_in_a_notebook_it_is_all_the_same(
    desk: ResumeDesk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    notebook = Notebook()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: notebook))
    monkeypatch.setitem(sys.modules, "IPython.display", notebook)
    run = planned(desk)
    assert run.run(wire=True, progress=True).state == "succeeded"
    assert '<progress value="9" max="9"' in notebook.shown[-1]
    assert capfd.readouterr() == ("", "")
    history = run.history()
    assert list(history.newest) == list(history.tasks)
    assert {one.state for one in history.attempts} == {"succeeded"}
    assert run.cancel().state == "succeeded"


def test_a_half_failed_run_says_what_failed(half_failed_run: Path) -> None:
    run = pegbatch.Run(half_failed_run)
    failures = run.failures()
    assert [failure.id for failure in failures] == [id for id in BAD_SAMPLES if id != MENDED]
    assert failures[1].stderr_tail == "sample 5 is not calibrated\n"
    skipped = run.failures(skipped=True)[len(failures) :]
    assert {failure.state for failure in skipped} == {"skipped"}
    assert len(skipped) == SAMPLES // 2


def test_a_lost_child_is_a_failure_without_a_task(lost_children_run: Path) -> None:
    (lost,) = pegbatch.Run(lost_children_run).failures()
    assert (lost.id, lost.array, lost.bag, lost.exit_code) == (None, "L0-doomed", 1, 137)


def test_its_tables_are_data_frames(half_failed_run: Path) -> None:
    run = pegbatch.Run(half_failed_run)
    executions = run.to_dataframe()
    counted = executions[executions.counts].groupby("state").size().to_dict()
    assert counted == {"failed": 5, "skipped": 6, "succeeded": 14}
    assert (executions.end >= executions.start).all()
    attempts = run.to_dataframe("attempts")
    assert attempts.groupby("try").size().to_dict() == {1: 26, 2: 14}
    assert (attempts.waited_seconds >= 0).all()
    tasks = run.to_dataframe("tasks")
    assert tasks.task.is_unique
    assert len(tasks) == 2 * SAMPLES + 1
    with pytest.raises(UsageError, match="no table 'jobs'"):
        run.to_dataframe("jobs")  # type: ignore[arg-type]


def test_what_goes_wrong_is_an_error_of_ours(desk: ResumeDesk) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yml"):
        pegbatch.plan(desk.folder / "nowhere.yml")
    with pytest.raises(PlanError, match="no site"):
        pegbatch.plan(desk.write(), base_dir=desk.base, site="elsewhere")
    (desk.folder / "in the way").touch()
    with pytest.raises(PegbatchError, match="in the way"):
        pegbatch.plan(desk.write(), base_dir=desk.folder / "in the way", site="here")
    run = planned(desk, properties={"pegbatch.pack.size": "2"}, cluster="chain, label")
    assert run.plan.properties["pegbatch.pack.size"] == "2"
    assert planned(desk, output_sites="local", reuse=desk.folder).plan.tasks == 9
    for ask in (run.wait, run.cancel, run.fetch, run.outputs):
        with pytest.raises(InputError, match="never run"):
            ask()
    with pytest.raises(UsageError, match="exclude each other"):
        run.submit(aws=True, local=True)
    assert repr(run) == f"Run('{run.submit_dir}')"


def test_what_the_machine_refuses_is_an_error_of_ours_too(desk: ResumeDesk) -> None:
    run = planned(desk)
    (run.submit_dir / "run.lock").mkdir()
    with pytest.raises(OutsideError):
        run.submit()
