"""Long options by any unique beginning, as Pegasus's own tools take them."""

from __future__ import annotations

import click

from pegbatch.cli.examples import ExampledCommand


class PrefixCommand(ExampledCommand):
    """A command whose long options may be cut short: `--reg` for `--region`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write options out before click reads them."""
        known = {
            name: option
            for option in self.get_params(ctx)
            for name in option.opts
            if name.startswith("--") and not getattr(option, "hidden", False)
        }
        end = args.index("--") if "--" in args else len(args)
        whole = [_written_out(word, known) for word in args[:end]]
        return super().parse_args(ctx, [*whole, *args[end:]])


def _written_out(word: str, known: dict[str, click.Parameter]) -> str:
    name, equals, value = word.partition("=")
    if not name.startswith("--") or name in known:
        return word
    likely = [one for one in known if one.startswith(name)]
    if len({id(known[one]) for one in likely}) > 1:
        raise click.UsageError(f"{name} is short for {' and for '.join(sorted(likely))}")
    return f"{likely[0]}{equals}{value}" if likely else word
