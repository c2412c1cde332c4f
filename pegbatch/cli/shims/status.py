"""`pegasus-status`: where a run stands, in Pegasus's words."""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.aws_batch.prefixes import PrefixCommand
from pegbatch.cli.interrupts import exit_code
from pegbatch.cli.options import submit_dir_argument
from pegbatch.cli.running import look_at
from pegbatch.cli.shims.identity import name_of
from pegbatch.cli.shims.looking import queue_of_run
from pegbatch.cli.shims.options import meaningless, verbose_option
from pegbatch.cli.shims.watching import is_settled, take_up
from pegbatch.cli.telling import echo_json, show
from pegbatch.cli.wiring import OpenRun, open_run
from pegbatch.engine.looking.dag_counts import count_dag
from pegbatch.errors import EXIT_DONE
from pegbatch.model.dag import DagCounts
from pegbatch.report.pegasus_status import status_json, status_text


@click.command(cls=PrefixCommand, context_settings={"help_option_names": ["-h", "--help"]})
@submit_dir_argument
@click.option("-l", "--long", is_flag=True, help="Show state and name of the workflow, too.")
@click.option("-L", "--legend", is_flag=True, help="Explain the columns.")
@click.option("-Q", "--noqueue", is_flag=True, help="Leave out the jobs.")
@click.option("-w", "--watch", type=click.IntRange(min=1), metavar="SECONDS",
              help="Show it again and again, until the run is over.")  # fmt: skip
@click.option("-j", "--json", "--jsonrv", "as_json", is_flag=True, help="Print one JSON object.")
@verbose_option
@meaningless("-d", "--debug")
@meaningless("-D", "--dirs")
@meaningless("-r", "--rows")
@meaningless("-a", "--attrs", takes_value=True)
def command(
    submit_dir: Path, long: bool, legend: bool, noqueue: bool, watch: int | None, as_json: bool
) -> int:
    """Say where the run of DIR stands.

    DIR is the current directory where it is not given. A run whose watcher was killed gets a new
    one.
    """
    run = open_run(submit_dir)
    take_up(run)
    if as_json:
        echo_json(status_json(_counts(run), name_of(run), _queue(run, noqueue=noqueue)))
        return EXIT_DONE
    try:
        while True:
            counts, queue = _counts(run), _queue(run, noqueue=noqueue)
            now = run.clock.now()
            show(status_text(counts, name_of(run), queue, now=now, long=long, legend=legend))
            if watch is None or counts.state != "Running":
                return EXIT_DONE
            run.clock.sleep(watch)
    except KeyboardInterrupt as end:
        return exit_code(end)


def _counts(run: OpenRun) -> DagCounts:
    """Count what is done; a run that `pegasus-run` drives is over when its outputs are fetched."""
    status = look_at(run).status
    return count_dag(status, run.plan.jobs, settled=is_settled(run) is not False)


def _queue(run: OpenRun, *, noqueue: bool) -> list[dict[str, object]]:
    return [] if noqueue else queue_of_run(run)
