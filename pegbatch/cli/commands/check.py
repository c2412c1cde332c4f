"""`pegbatch check [DIR]`: is everything there that a run needs?"""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.checking.amazon import check_amazon
from pegbatch.cli.checking.images import look_into_images
from pegbatch.cli.checking.local import check_local
from pegbatch.cli.checking.subject import read_subject
from pegbatch.cli.completing import complete_submit_dir
from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.options import json_option
from pegbatch.cli.telling import echo_json
from pegbatch.errors import OutsideError
from pegbatch.model.checks import Verdict, finding_to_json
from pegbatch.report.entities import findings_text

FILE = click.Path(path_type=Path)


@click.command(
    cls=ExampledCommand,
    short_help="Say whether everything is there that a run needs.",
    examples={
        "pegbatch check run0001": "check all that the run of this plan needs",
        "pegbatch check --conf pegasus.properties --aws": "check an account before there is a plan",
        "pegbatch check --images run0001": "also start the images of its containers here",
        "pegbatch check --write run0001": "also put an object in the bucket, and delete it",
    },
)
@click.argument(
    "submit_dir", type=FILE, required=False, metavar="[DIR]", shell_complete=complete_submit_dir
)
@click.option("--conf", type=FILE, help="Properties file, to check without a plan.")
@click.option("-D", "definitions", multiple=True, metavar="KEY=VALUE", help="Set a property.")
@click.option("--aws", "wish", flag_value="aws", help="Check on Amazon.")
@click.option("--local", "wish", flag_value="local", help="Check on the embedded AWS.")
@click.option("--write", is_flag=True, help="Put and delete one object in the bucket.")
@click.option("--images", is_flag=True, help="Start each container's image here, and look into it.")
@json_option
def command(
    submit_dir: Path | None,
    conf: Path | None,
    definitions: tuple[str, ...],
    wish: str | None,
    write: bool,
    images: bool,
    as_json: bool,
) -> int:
    """Say, before anything is spent, whether a run would find what it needs.

    Of the plan in DIR, or of the properties: credentials, region, account, bucket, queue,
    environments, definition, image, roles, sizes, limits, network; each with what to do.
    Nothing is changed. Ends with 0 only where nothing failed, else with 5.
    """
    subject = read_subject(submit_dir, conf, definitions, wish or "")
    findings = check_amazon(subject, write=write) if subject.amazon else check_local(subject)
    if images:
        findings = (*findings, *look_into_images(subject.containers))
    failed = sum(finding.verdict is Verdict.FAILED for finding in findings)
    if as_json:
        echo_json({"ok": not failed, "checks": [finding_to_json(one) for one in findings]})
    else:
        click.echo(findings_text(findings))
    return OutsideError.exit_code if failed else 0
