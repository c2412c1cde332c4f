"""What each error code means, an example, and what to do: docs/errors.md and `pegbatch help`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """One error code."""

    exit_code: int
    meaning: str
    command: str
    """A command that ends so; empty where it takes a service that misbehaves."""
    printed: str
    """What is said then; `…` stands for anything."""
    advice: str


EXPLANATIONS: Mapping[str, Explanation] = {
    "usage": Explanation(
        2,
        "The command line does not fit: an option that is not there, a value that an option does "
        "not take, or two options that exclude each other. Nothing was done.",
        "pegbatch run --local --aws run0001",
        "pegbatch: --aws and --local exclude each other",
        "`--help` of the command lists its options, and ends with examples.",
    ),
    "not-installed": Explanation(
        2,
        "What was asked for takes a package that pegbatch itself does not need: Pillow for PNG, "
        "pandas for data frames.",
        "pegbatch graph diamond.dax -o diamond.png",
        "pegbatch: a PNG is drawn by Pillow, which is not installed\n"
        "  pip install 'pegbatch[png]', on Debian apt install python3-pil; or -f svg",
        "Install what the message names, or ask for another format.",
    ),
    "bad-input": Explanation(
        3,
        "A file cannot be read, is not what it should be, or contradicts itself: malformed XML or "
        "YAML, an id that is not there, a cycle, a property with an impossible value. All problems "
        "of a file are told at once, each with file and line.",
        "pegbatch plan --no-catalogs -D pegbatch.pack.size=many diamond.dax",
        "pegbatch: -D: pegbatch.pack.size = many: must be a whole number, 1 or more",
        "Mend the lines that are named, and run the same command again: nothing half-made is left. "
        "`pegbatch inspect FILE` says how a file is understood.",
    ),
    "no-submit-directory": Explanation(
        3,
        "The command works on a submit directory, and what was given (or the current directory, "
        "where nothing was given) is none.",
        "pegbatch status .",
        "pegbatch: .: not a submit directory: there is no plan.json\n"
        "  give the directory that `pegbatch plan` printed",
        "Submit directories lie in DIR/USER/pegasus/WORKFLOW/run0001, where DIR is what `plan "
        "--dir` said. One that was lost comes back with `pegbatch run URL`, the URL of the run.",
    ),
    "input-changed": Explanation(
        3,
        "An input file of this machine is not what it was when the workflow was planned; its "
        "checksum is part of the plan.",
        "",
        "pegbatch: /home/you/inputs/f.a: the file is not what it was when the workflow was "
        "planned\n  bring it back as it was, or plan the workflow again",
        "Plan again to take the new file. What the new one does not touch need not run again: "
        "`pegbatch plan --reuse OLD_DIR`.",
    ),
    "cannot-plan": Explanation(
        4,
        "All files are well formed, but there is no plan: a transformation that no catalog has, an "
        "input without a replica, no site to run on, a name that no file may have, a task that "
        "waits for itself.",
        "pegbatch plan --conf empty.properties diamond.dax",
        "pegbatch: diamond.dax:7: there is no entry for transformation diamond::preprocess:4.0 in "
        "the transformation catalog\n"
        "  add it there, with the path of its executable, or plan with --no-catalogs to look at "
        "the shape of the workflow only\n…",
        "Add what is missing to the catalog that is named. `pegbatch plan --explain TASK` says "
        "what a task gets from where.",
    ),
    "outside": Explanation(
        5,
        "Something outside pegbatch refused: the disk is full, a file may not be written, a "
        "database is locked, AWS answers with an error.",
        "pegbatch graph diamond.dax -o no/such/folder/diamond.svg",
        "pegbatch: no/such/folder/diamond.svg: cannot write: no such file or directory\n"
        "  choose another file",
        "Do what the message says, and run the same command again: it goes on where it was.",
    ),
    "store": Explanation(
        5,
        "An object store or directory did not do what it was asked: what was read is not what was "
        "put, a bucket is not there, a disk is full.",
        "",
        "pegbatch: s3://my-bucket/scratch/f.a: the transfer broke off after 1024 of 2048 bytes",
        "Look at the object or bucket that is named; then run the same command again.",
    ),
    "object-missing": Explanation(
        5,
        "There is no object at a URL, or in the embedded AWS no bucket of that name.",
        "",
        "pegbatch: s3://my-bukket: the embedded AWS has no such bucket",
        "Check the spelling in the site or replica catalog. `pegbatch check` looks for the bucket "
        "before a run.",
    ),
    "bucket-missing": Explanation(
        5,
        "There is no bucket of that name. The bucket of the staging site is made by the first run, "
        "where it is Amazon's to make; others are not.",
        "",
        "pegbatch: s3://my-bukket/f.a: there is no bucket my-bukket\n"
        "  make it, or name another one; a run with --wire has lost what its S3 held: "
        "`pegbatch run` does all again",
        "Check the spelling in the catalogs, or make the bucket: `aws s3 mb s3://NAME`.",
    ),
    "store-unreachable": Explanation(
        5,
        "The store did not answer, or not sensibly, however often it was asked (500, 503, reset "
        "connections).",
        "",
        "pegbatch: https://example.org/f.a: the server does not answer: …\n"
        "  check the endpoint and the network",
        "Check the network, and run the same command again; children on AWS go on meanwhile.",
    ),
    "access-denied": Explanation(
        5,
        "The outside knows who asks, and says no (403); or there are no credentials at all. Such "
        "answers are never tried again.",
        "",
        "pegbatch: SubmitJob: Unable to locate credentials",
        "`pegbatch check` says which credentials are used and what they lack. docs/aws-batch.md "
        "has the policy of those who run workflows.",
    ),
    "batch": Explanation(
        5,
        "AWS Batch, or the embedded one, refused a request.",
        "",
        "pegbatch: SubmitJob: JobQueue pegbatch-job-queue not found. (ClientException)",
        "`pegbatch check` holds queue, environments and definition against the plan. `pegbatch run "
        "--dry-run` shows the requests.",
    ),
    "batch-unreachable": Explanation(
        5,
        "AWS Batch did not answer, or not sensibly, however often it was asked (429, 5xx, reset).",
        "",
        "pegbatch: DescribeJobs: Too Many Requests (TooManyRequestsException)\n"
        "  the service is overloaded; run the same command again",
        "Run the same command again: nothing is submitted twice. Jobs that are submitted go on.",
    ),
    "submit-unclear": Explanation(
        5,
        "A SubmitJob call broke off, so that nobody knows whether the job exists.",
        "",
        "pegbatch: SubmitJob: Connection was closed before we received a valid response from "
        "endpoint URL: …\n  it is looked for by name",
        "`pegbatch run` once more looks for the job by its name, and submits it only where it is "
        "not there.",
    ),
    "run-locked": Explanation(
        5,
        "Another process works on this submit directory: a `run` or `wait` in another terminal.",
        "",
        "pegbatch: run0001: the run is held by process 4711 on myhost since … (pegbatch wait)\n"
        "  follow it with `pegbatch wait` or `pegbatch status`",
        "`pegbatch status` may be asked at any time. To act, end the other process first (Ctrl-C "
        "only detaches it), or wait for it.",
    ),
    "refused": Explanation(
        5,
        "The embedded AWS refuses a request, as Amazon would; its clients see the AWS error code.",
        "",
        "An error occurred (ClientException) when calling the SubmitJob operation: …",
        "The message says which part of the request does not fit.",
    ),
    "interrupted": Explanation(
        130,
        "Ctrl-C, `kill`, or a closed terminal ended the command. A run goes on without it.",
        "",
        "pegbatch: interrupted",
        "`pegbatch wait` comes back to a run, `pegbatch cancel` ends it.",
    ),
    "bug": Explanation(
        70,
        "pegbatch itself has a fault.",
        "",
        "pegbatch: a bug in pegbatch: KeyError('x')",
        "Run the same command with `pegbatch --debug …`, and report what it prints. Runs go on.",
    ),
}
"""By code, as the user meets them: exit codes ascending."""
