"""Entry point of `pegbatch-aws-batch`: options as Pegasus's, dispatched to one use case.

Source: pegasus-aws-batch, options and their short forms; ours beside them are `--update`,
`--show`, `--yes`, `--save`, `--wait` and `--json`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import click

from pegbatch.cli.aws_batch.bootstrap import bootstrap, teardown
from pegbatch.cli.aws_batch.creating import create_entities
from pegbatch.cli.aws_batch.deleting import delete_entities
from pegbatch.cli.aws_batch.job_files import run_job_files
from pegbatch.cli.aws_batch.options import Words, read_options
from pegbatch.cli.aws_batch.prefixes import PrefixCommand
from pegbatch.cli.aws_batch.showing import show_entities
from pegbatch.cli.aws_batch.talk import LEVELS, open_talk
from pegbatch.cli.main import run_command_line
from pegbatch.cli.telling import echo_warnings
from pegbatch.errors import UsageError
from pegbatch.model.entities import EntityKind

FILE = click.Path(path_type=Path)
ACTIONS = ("create", "update", "delete", "show", "bootstrap", "teardown")
ACTIONS_HINT = "give job files, or one of " + ", ".join(f"--{name}" for name in ACTIONS)


@click.command(
    "pegbatch-aws-batch",
    cls=PrefixCommand,
    context_settings={"help_option_names": ["-h", "--help"]},
    short_help="Make, show, change and delete what jobs are submitted to.",
    examples={
        "pegbatch-aws-batch --bootstrap --prefix sky --region eu-central-1": "make all that runs "
        "need, as one stack",
        "pegbatch-aws-batch --create --conf pegasus.properties --prefix sky --save "
        "pegasus.properties": "make what the properties name, from JSON files in Pegasus's form",
        "pegbatch-aws-batch --show --prefix sky": "list what is there",
        "pegbatch-aws-batch --delete --prefix sky": "delete it again; asks first",
        "pegbatch-aws-batch --conf pegasus.properties --merge-logs logs/tasks jobs.in": "run the "
        "tasks of a job-submit file as one array job",
    },
)
@click.version_option(package_name="pegbatch")
@click.option("-C", "--conf", type=FILE, help="Properties file.")
@click.option(
    "-L",
    "--log-level",
    type=click.Choice(list(LEVELS), case_sensitive=False),
    default="info",
    show_default=True,
    help="How much is said.",
)
@click.option("-l", "--log-file", metavar="FILE", help="Say it in FILE.000, the next free number.")
@click.option("-m", "--merge-logs", metavar="PREFIX", help="Join the logs of job files in PREFIX.")
@click.option("-a", "--account", metavar="ID", help="AWS account.  [default: the credentials']")
@click.option("-r", "--region", help="AWS region.")
@click.option("-c", "--create", is_flag=True, help="Make what is missing; change nothing.")
@click.option("--update", is_flag=True, help="Also change what differs; ends no job.")
@click.option("-d", "--delete", is_flag=True, help="Delete what was made under the prefix.")
@click.option("--show", is_flag=True, help="List what exists under the prefix.")
@click.option("--bootstrap", is_flag=True, help="Make all that runs need, as one stack.")
@click.option("--teardown", is_flag=True, help="Delete the stack that --bootstrap made.")
@click.option(
    "--set",
    "stack_settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="Parameter of the stack that --bootstrap makes.",
)
@click.option("-p", "--prefix", help="What names begin with.")
@click.option("-j", "--job-definition", metavar="X", help="JSON file, ARN or name.")
@click.option("--ce", "--compute-environment", "compute_environment", metavar="X", help="The same.")
@click.option("-q", "--job-queue", metavar="X", help="The same.")
@click.option("-s", "--s3", metavar="URL", help="s3://bucket[/prefix].  [default: PREFIX-bucket]")
@click.option("-f", "--files", metavar="F1,F2", help="Sent once for all jobs of the job files.")
@click.option("--save", type=FILE, help="Write the resulting ARNs into this properties file.")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@click.option("--as-pegasus", is_flag=True, hidden=True, help="Ask nothing; no bucket unasked.")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(min=0),
    default=600.0,
    show_default=True,
    help="Most seconds to wait for one environment or queue.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.argument("job_files", type=FILE, nargs=-1, metavar="[JOB_FILE]...")
def command(**given: Any) -> int:
    """Make, show, change and delete what jobs are submitted to; or run job-submit files.

    Job definition, compute environment, job queue and bucket: each from a JSON file (the body of
    the AWS request, whole), or an ARN or a name of what exists.
    """
    action = _action(given)
    words = _words(given)
    with open_talk(given["log_level"], given["log_file"]):
        options = read_options(words)
        echo_warnings(options.settings.warnings)
        match action:
            case "create":
                return create_entities(options, update=False)
            case "update":
                return create_entities(options, update=True)
            case "delete":
                return delete_entities(options)
            case "run":
                return run_job_files(options)
            case "bootstrap":
                return bootstrap(options, given["stack_settings"])
            case "teardown":
                return teardown(options)
            case _:
                return show_entities(options)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with the design's exit codes."""
    run_command_line(command, "pegbatch-aws-batch", arguments)


def _action(given: dict[str, Any]) -> str:
    asked = [name for name in ACTIONS if given[name]]
    if given["job_files"]:
        if asked:
            raise UsageError("job files are run by themselves", hint=f"leave out --{asked[0]}")
        return "run"
    if len(asked) != 1:
        text = " and ".join(f"--{name}" for name in asked)
        raise UsageError(
            f"{text} exclude each other" if asked else "nothing to do is named",
            hint=ACTIONS_HINT,
        )
    return asked[0]


def _words(given: dict[str, Any]) -> Words:
    entities = {
        EntityKind.DEFINITION: given["job_definition"],
        EntityKind.ENVIRONMENT: given["compute_environment"],
        EntityKind.QUEUE: given["job_queue"],
        EntityKind.BUCKET: given["s3"],
    }
    return Words(
        conf=given["conf"],
        account=given["account"],
        region=given["region"],
        prefix=given["prefix"],
        entities={kind: text for kind, text in entities.items() if text},
        merge_logs=given["merge_logs"],
        files=tuple(name for name in (given["files"] or "").split(",") if name),
        job_files=given["job_files"],
        save=given["save"],
        yes=given["yes"] or given["as_pegasus"],
        as_pegasus=given["as_pegasus"],
        as_json=given["as_json"],
        wait_seconds=given["wait_seconds"],
    )
