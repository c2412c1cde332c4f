"""Lines of arrays that run no task of the workflow: stage-in and clean-up (docs/formats.md)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from pegbatch.batch.bag_lines import encode
from pegbatch.model.bags import CleanUp, Transfer, TransferArray
from pegbatch.model.file_keys import file_key
from pegbatch.model.manifest import FileUse
from pegbatch.model.workflow import Workflow

TRANSFER_NAME = "stage-in"
TRANSFER_TRANSFORMATION = "pegbatch::stage-in"
DELETIONS_A_LINE = 500


def transfer_lines(array: TransferArray) -> Iterator[list[str]]:
    """Yield the lines of each bag of a stage-in array, in order."""
    for bag, (first, last) in enumerate(pairwise(array.bag_offsets)):
        yield [
            encode(_transfer(bag, index, array.transfers[index])) + "\n"
            for index in range(first, last)
        ]


def clean_up_lines(clean_up: CleanUp, workflow: Workflow) -> Iterator[list[str]]:
    """Yield the lines of each bag of a clean-up job, in order."""
    after = list(clean_up.after)
    for bag, (first, last) in enumerate(pairwise(clean_up.bag_offsets)):
        yield [
            encode(
                {
                    "bag": bag,
                    "after": after,
                    "delete": [
                        file_key(workflow, lfn)
                        for lfn in clean_up.files[start : min(start + DELETIONS_A_LINE, last)]
                    ],
                }
            )
            + "\n"
            for start in range(first, last, DELETIONS_A_LINE)
        ]


def _transfer(bag: int, index: int, transfer: Transfer) -> dict[str, Any]:
    return {
        "bag": bag,
        "id": transfer.id,
        "name": TRANSFER_NAME,
        "transformation": TRANSFER_TRANSFORMATION,
        "cluster": "",
        "index": index,
        "argv": [],
        "inputs": [_input(use) for use in transfer.inputs],
        "outputs": [_output(use) for use in transfer.outputs],
        "after": [],
    }


def _input(use: FileUse) -> dict[str, Any]:
    pieces = {
        "or": list(use.others),
        "sha256": use.sha256,
        "optional": use.optional,
        "executable": use.executable,
    }
    return {"lfn": use.lfn, "url": use.url} | {key: of for key, of in pieces.items() if of}


def _output(use: FileUse) -> dict[str, Any]:
    pieces = {"optional": use.optional, "deliver": list(use.deliver)}
    return {"lfn": use.lfn, "url": use.url} | {key: of for key, of in pieces.items() if of}
