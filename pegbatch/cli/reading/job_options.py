"""The arguments of a sub-workflow's job: options of `pegasus-plan`, read as the command does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import click
from click.core import ParameterSource

from pegbatch.cli.aws_batch.prefixes import PrefixCommand
from pegbatch.cli.pegasus_options import PegasusCommand, pegasus_options
from pegbatch.cli.plan_options import force_option, planning_options
from pegbatch.errors import InputError
from pegbatch.model.words import split_words
from pegbatch.planner.cluster import TECHNIQUES


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """What these options say; None, or nothing, where they say nothing."""

    conf: Path | None = None
    definitions: tuple[str, ...] = ()
    sites: tuple[str, ...] | None = None
    output_sites: tuple[str, ...] | None = None
    output_dir: str | None = None
    staging_sites: Mapping[str, str] | None = None
    caches: tuple[str, ...] = ()
    reuse: tuple[str, ...] = ()
    input_dirs: tuple[str, ...] = ()
    inherited_rc_files: tuple[str, ...] = ()
    cluster: tuple[str, ...] = ()
    transformations_dir: Path | None = None
    force: bool = False
    others: tuple[str, ...] = field(default=())
    """Options that have no meaning for a sub-workflow whose tasks are planned in, as spelled out:
    the plan around it decides."""


class _WordsOfJob(PegasusCommand, PrefixCommand):
    """Reads words as pegasus-plan does, long options by any unique beginning."""


@click.command(cls=_WordsOfJob, add_help_option=False)
@pegasus_options
@planning_options
@force_option
@click.option("-J", "--json", "as_json", is_flag=True)
def _words(**_: object) -> None:
    """Be what reads the words; it is never called."""


_words.params = [one for one in _words.params if one.name not in ("version", "workflow")]
_KNOWN_AT_MOST = 1024
_HONOURED = JobOptions.__dataclass_fields__.keys() - {"others"}


def read_job_options(text: str, what: str, where: str) -> JobOptions:
    """Read the arguments of one job.

    Shapes: what names the job, for messages.
    Errors: InputError where they are no options of planning.
    """
    try:
        options = _options_of(text)
    except ValueError as error:
        raise InputError(
            f"{what}: its arguments cannot be split into words: {error}",
            where=where,
            hint="close the quote, or put a backslash before it",
        ) from error
    except click.UsageError as error:
        raise InputError(
            f"{what}: its arguments cannot be options of planning: {error.format_message()}",
            where=where,
            hint="the options are those of pegasus-plan: pegbatch plan --help",
        ) from error
    _refuse_unknown(options.cluster, what, where)
    return options


def _refuse_unknown(techniques: Sequence[str], what: str, where: str) -> None:
    """Refuse techniques of clustering that are none: planning could not tell whose they are."""
    unknown = [name for name in techniques if name.lower() not in TECHNIQUES]
    if unknown:
        raise InputError(
            f"{what}: --cluster {unknown[0]} in its arguments is not supported",
            where=where,
            hint=f"there is {', '.join(TECHNIQUES)}",
        )


@lru_cache(_KNOWN_AT_MOST)
def _options_of(text: str) -> JobOptions:
    """Read the words of a text; many jobs have the same."""
    context = _words.make_context("pegasus-plan", split_words(text))
    said = [one for one in _words.params if _is_given(context, one)]
    kept = {str(one.name): context.params[str(one.name)] for one in said if one.name in _HONOURED}
    others = tuple(_spelling(one) for one in said if one.name not in _HONOURED)
    return JobOptions(**kept, others=others)


def _is_given(context: click.Context, parameter: click.Parameter) -> bool:
    source = context.get_parameter_source(parameter.name or "")
    return source is ParameterSource.COMMANDLINE


def _spelling(parameter: click.Parameter) -> str:
    names: Sequence[str] = parameter.opts
    return max(names, key=len)
