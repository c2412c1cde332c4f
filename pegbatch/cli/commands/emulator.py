"""`pegbatch emulator`: the embedded AWS by itself."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import click

from pegbatch.cli.examples import ExampledCommand
from pegbatch.emulator import background, presence
from pegbatch.emulator.control import MISHAPS
from pegbatch.emulator.faults import KINDS, Fault
from pegbatch.emulator.moto_process import INSTALL_HINT, is_installed
from pegbatch.emulator.presence import Endpoint
from pegbatch.emulator.server import serve
from pegbatch.emulator.settings import (
    N_TO_N_FAILURES,
    RUNTIMES,
    EmulatorSettings,
    MachineSettings,
)
from pegbatch.emulator.stuck import STUCK_KINDS
from pegbatch.errors import OutsideError
from pegbatch.model.account import is_account

ENTRY_SCRIPT = Path(background.__file__).with_name("fetch_and_run.py")


_PASSED_ON = (
    "port",
    "region",
    "account",
    "vcpus",
    "memory",
    "n_to_n_failure",
    "idle_seconds",
    "rate",
    "late",
)


class FaultType(click.ParamType[Fault]):
    """`KIND[:OPERATION]=CALLS`, such as `throttle:SubmitJob=3`, or `error:s3.GET=1/50`."""

    name = "KIND[:OPERATION]=CALLS"

    def convert(self, value: Any, param: Any, ctx: Any) -> Fault:
        """Read one fault."""
        if isinstance(value, Fault):
            return value
        what, _, calls = value.partition("=")
        kind, _, operation = what.partition(":")
        share = calls.removeprefix("1/")
        if kind not in KINDS or not share.isdecimal() or int(share) < 1:
            self.fail(f"{value!r} is no fault; kinds are {', '.join(KINDS)}", param, ctx)
        one_in = int(share) if share != calls else 0
        return Fault(kind, int(share), operation or None, one_in=one_in)


def _account(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value and not is_account(value):
        raise click.BadParameter(f"{value!r} is no AWS account: 12 digits")
    return value


@click.command(
    cls=ExampledCommand,
    short_help="Serve, look at or end the embedded AWS.",
    examples={
        'eval "$(pegbatch emulator --background)"': "serve in the background, and point this "
        "shell's AWS clients at it",
        "pegbatch emulator --status": "is one running for this folder?",
        "pegbatch emulator --strike all": "take the hosts of all running jobs away",
        "pegbatch emulator --fault throttle:SubmitJob=3": "refuse the next three SubmitJob calls",
        "pegbatch emulator --stop": "end it",
    },
)
@click.option(
    "--dir",
    "base",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Database, events, logs and buckets lie in local-aws below.  [default: .]",
)
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), hidden=True)
@click.option("--serve", "action", flag_value="serve", default=True, help="Serve (the default).")
@click.option("--background", "action", flag_value="background", help="Serve in the background.")
@click.option("--status", "action", flag_value="status", help="Say whether one is running.")
@click.option("--stop", "action", flag_value="stop", help="End the running one.")
@click.option("--wire", is_flag=True, help="Start S3 and the rest at once, not when called for.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--port", type=int, default=0, help="Port on 127.0.0.1.  [default: the last one, else any]"
)
@click.option("--region", help="The only region.  [default: as last time, else us-east-1]")
@click.option(
    "--account",
    metavar="ID",
    callback=_account,
    help="Whose it is, 12 digits.  [default: as last time, else 123456789012]",
)
@click.option("--vcpus", type=click.IntRange(1), help="vCPUs of all environments together.")
@click.option("--memory", type=click.IntRange(1), help="MiB that jobs may hold together.")
@click.option(
    "--runtime",
    type=click.Choice(RUNTIMES),
    help="What children run in.  [default: as last time, else process]",
)
@click.option("--strict", is_flag=True, help="What is too large waits, as on Amazon.")
@click.option(
    "--n-to-n-failure",
    type=click.Choice(N_TO_N_FAILURES),
    help="What a failed child fails in an N_TO_N dependent: the child of its index, or the array."
    "  [default: as last time, else child]",
)
@click.option("--idle-seconds", type=float, help="End so long after the last job and call.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    help="Answer 429 above so many calls a second (Amazon: 50; 0: never)."
    "  [default: as last time, else 0]",
)
@click.option("--late", type=float, default=0.0, help="Show new jobs only after so many seconds.")
@click.option("--fault", "faults", type=FaultType(), multiple=True, help="Let calls go wrong.")
@click.option("--stuck", type=click.Choice(STUCK_KINDS), help="Let nothing start, until --behave.")
@click.option("--behave", "action", flag_value="behave", help="Forget all faults.")
@click.option("--strike", metavar="JOB", help="Take the host of a running job away (or `all`).")
@click.option("--how", type=click.Choice(MISHAPS), default="host", help="What --strike does.")
@click.option("--entry", multiple=True, hidden=True)
@click.option("--minimum-timeout", type=int, default=60, hidden=True)
@click.option("--kill-after", type=float, default=30.0, hidden=True)
def command(action: str, base: Path, folder: Path | None, as_json: bool, **options: Any) -> None:
    """Run an AWS of your own on 127.0.0.1, at one address for every AWS client.

    Batch and the reading of CloudWatch Logs are pegbatch's, and jobs run here (--runtime). S3, IAM,
    STS, EC2, SNS, EventBridge, CloudFormation are moto's (pip install 'pegbatch[emulator]') and
    live in memory only. --fault also reaches one that is running; --strike, --stuck and --behave
    only reach such a one.
    """
    folder = (folder or background.local_folder(base)).resolve()
    if action == "status":
        show_status(folder, as_json)
    elif action == "stop":
        click.echo("stopped" if background.stop(folder) else "not running", err=True)
    elif action == "behave":
        presence.ask(_running(folder), "DELETE", "faults")
    elif options["stuck"] is not None:
        presence.ask(_running(folder), "POST", "stuck", {"how": options["stuck"]})
    elif options["strike"] is not None or (options["faults"] and background.running(folder)):
        misbehave(folder, options)
    elif action == "background":
        endpoint = background.ensure_running(
            folder, runtime=options["runtime"], options=words_of(options)
        )
        check_place(endpoint, options)
        announce(endpoint, as_json)
    else:
        run_server(settings_of(folder, options), options["faults"], as_json)


def run_server(settings: EmulatorSettings, faults: tuple[Fault, ...], as_json: bool) -> None:
    """Serve until the end."""

    def ready(endpoint: Endpoint) -> None:
        announce(endpoint, as_json)

    asyncio.run(serve(settings, faults=faults, on_ready=ready))


def check_place(endpoint: Endpoint, options: dict[str, Any]) -> None:
    """Refuse where one runs already that is elsewhere, or somebody else's.

    Errors: OutsideError.
    """
    found = presence.ask(endpoint, "GET", "status") or {}
    for what in ("region", "account"):
        asked = options[what]
        if asked and found.get(what, asked) != asked:
            raise OutsideError(
                f"the embedded AWS that runs here is in the {what} {found[what]}, not in {asked}",
                where=str(endpoint.folder),
                hint=f"leave out --{what}, or give another --dir for {asked}",
            )


def settings_of(folder: Path, options: dict[str, Any]) -> EmulatorSettings:
    """Return what the options come to."""
    machine = MachineSettings(
        vcpus=options["vcpus"],
        memory_mib=options["memory"],
        strict=options["strict"],
        n_to_n_failure=options["n_to_n_failure"],
        late_seconds=options["late"],
        kill_after_seconds=options["kill_after"],
    )
    return EmulatorSettings(
        folder=folder,
        machine=machine,
        port=options["port"],
        region=options["region"] or "",
        account=options["account"] or "",
        runtime=options["runtime"],
        idle_seconds=options["idle_seconds"],
        entry=options["entry"] or (sys.executable, "-P", str(ENTRY_SCRIPT)),
        entry_for_all=bool(options["entry"]),
        minimum_timeout_seconds=options["minimum_timeout"],
        wire=options["wire"],
        calls_per_second=options["rate"],
    )


def words_of(options: dict[str, Any]) -> list[str]:
    """Return the options as words, for an emulator that is started in the background."""
    words = [f"--{name}" for name in ("strict", "wire") if options[name]]
    for fault in options["faults"]:
        operation = f":{fault.operation}" if fault.operation else ""
        calls = f"1/{fault.one_in}" if fault.one_in else fault.calls
        words += ["--fault", f"{fault.kind}{operation}={calls}"]
    for name in _PASSED_ON:
        if options[name] is not None:
            words += [f"--{name.replace('_', '-')}", str(options[name])]
    return words


def announce(endpoint: Endpoint, as_json: bool) -> None:
    """Print what a user can paste into a shell."""
    if as_json:
        shown = {"address": endpoint.url, "pid": endpoint.pid, "folder": str(endpoint.folder)}
        click.echo(json.dumps(shown))
        return
    for name, value in variables(endpoint).items():
        click.echo(f"export {name}={value}")
    others = "and, in memory only, S3, IAM, CloudFormation ..." if is_installed() else "alone"
    click.echo(f"serving AWS Batch and its logs {others}, folder {endpoint.folder}", err=True)
    if not is_installed():
        click.echo(f"for S3, IAM, CloudFormation ...: {INSTALL_HINT}", err=True)


def variables(endpoint: Endpoint) -> dict[str, str]:
    """Return the environment in which any AWS client finds the embedded AWS."""
    return {
        "AWS_ENDPOINT_URL": endpoint.url,
        "AWS_DEFAULT_REGION": endpoint.region,
        "AWS_ACCESS_KEY_ID": "embedded",
        "AWS_SECRET_ACCESS_KEY": "embedded",
    }


def show_status(folder: Path, as_json: bool) -> None:
    """Print whether an embedded AWS runs on a folder, and with how many jobs."""
    endpoint = background.running(folder)
    found = presence.ask(endpoint, "GET", "status") if endpoint else None
    if as_json:
        address = endpoint.url if endpoint else None
        click.echo(json.dumps({"running": found is not None, "address": address, **(found or {})}))
    elif endpoint is None or found is None:
        click.echo("not running")
    else:
        click.echo(
            f"running at {endpoint.url} (process {endpoint.pid}):"
            f" {found['open_jobs']} of {found['jobs']} jobs not finished"
        )


def misbehave(folder: Path, options: dict[str, Any]) -> None:
    """Pass faults on to a running embedded AWS."""
    endpoint = _running(folder)
    for fault in options["faults"]:
        body = {"kind": fault.kind, "calls": fault.calls, "operation": fault.operation}
        body["one_in"] = fault.one_in
        presence.ask(endpoint, "POST", "faults", body)
    job = options["strike"]
    if job is not None:
        body = {"job": None if job == "all" else job, "how": options["how"]}
        answer = presence.ask(endpoint, "POST", "strike", body)
        if answer is None:
            raise OutsideError(f"job {job} is not there", where=str(folder))
        for hit in answer["hit"]:
            click.echo(hit)
        if not answer["hit"]:
            click.echo("no job is running", err=True)


def _running(folder: Path) -> Endpoint:
    endpoint = background.running(folder)
    if endpoint is None:
        raise OutsideError("no embedded AWS is running", where=str(folder))
    return endpoint
