"""`pegasus-aws-batch`: `pegbatch-aws-batch` that asks nothing and makes no bucket unasked."""

from __future__ import annotations

from copy import copy

from pegbatch.cli import aws_batch_main

command = copy(aws_batch_main.command)
command.context_settings = {
    **aws_batch_main.command.context_settings,
    "default_map": {"as_pegasus": True},
}
