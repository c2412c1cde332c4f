"""Every property name that means something to Pegasus or to pegbatch, with a line of meaning.

Pegasus ignores an unknown key without a word; we warn, so this list must be whole. A `*` stands
for one or more characters. Listed does not mean obeyed: what belongs to HTCondor is only known.
Source: Pegasus configuration reference, 2.x to 5.1, and the keys its planner writes.
"""

from __future__ import annotations

import difflib
import re

OURS = {
    "pegbatch.array.by": "what one array job holds: level, cluster or auto",
    "pegbatch.aws.on_demand_queue": "queue of run --on-demand: name or ARN",
    "pegbatch.aws.parameters": "parameters of the job definition, name=value,name=value",
    "pegbatch.aws.parameters.*": "the same for one transformation alone",
    "pegbatch.aws.platform": "EC2, or FARGATE: sizes are rounded up to one that Fargate has",
    "pegbatch.aws.scheduling_priority": "0 to 9999, within a share identifier",
    "pegbatch.aws.share_identifier": "share of a queue with a fair-share policy",
    "pegbatch.aws.tags": "tags of all jobs, name=value,name=value",
    "pegbatch.aws.tags.propagate": "whether the tags go on to the ECS tasks: true or false",
    "pegbatch.infrastructure_retries": "attempts for faults of the infrastructure alone",
    "pegbatch.local.runtime": "what tasks run in on this machine: process, docker, podman, buildah",
    "pegbatch.local.vcpus": "vCPUs of the embedded AWS on this machine",
    "pegbatch.notify.on": "what is told: verdict, first-failure or both",
    "pegbatch.notify.sns": "ARN of an SNS topic that is told",
    "pegbatch.notify.webhook": "URL that gets JSON as Slack takes it; a secret, kept in no plan",
    "pegbatch.on_failure": "continue or stop when a task has failed for good",
    "pegbatch.pack.max_children": "most bags in one array job",
    "pegbatch.pack.runtime": "seconds of expected runtime that share a bag",
    "pegbatch.pack.size": "tasks that share a bag",
    "pegbatch.pack.start": "seconds that a container takes to start; array.by = auto weighs them",
    "pegbatch.pack.vcpus": "vCPUs that work at the same time; bags are cut to fill them evenly",
    "pegbatch.pmc.vcpus": "vCPUs of a bag under the aggregator mpiexec",
    "pegbatch.sub_workflow.image": "image with pegbatch, which plans sub-workflows in the run",
}

CATALOGS = {
    "pegasus.catalog.*.db.*": "database settings of a catalog",
    "pegasus.catalog.*.timeout": "seconds to wait for a locked database",
    "pegasus.catalog.db.*": "database settings for all catalogs",
    "pegasus.catalog.master.*": "database of all runs",
    "pegasus.catalog.provenance": "provenance database of old versions",
    "pegasus.catalog.provenance.*": "provenance database of old versions",
    "pegasus.catalog.replica": "type of the replica catalog: File, YAML, Regex, Directory",
    "pegasus.catalog.replica.cache.asrc": "whether cache files only add to the replica catalog",
    "pegasus.catalog.replica.chunk.size": "entries that the replica client handles at once",
    "pegasus.catalog.replica.dax.asrc": "whether inline replicas only add to the catalog",
    "pegasus.catalog.replica.directory": "folder that is a replica catalog",
    "pegasus.catalog.replica.directory.flat.lfn": "whether LFNs go without their folders",
    "pegasus.catalog.replica.directory.site": "site of the files in the folder",
    "pegasus.catalog.replica.directory.url.prefix": "what goes before the path of a file",
    "pegasus.catalog.replica.file": "path of the replica catalog",
    "pegasus.catalog.replica.lrc.*": "settings of a local replica catalog server",
    "pegasus.catalog.replica.mrc.*": "settings of a catalog made of several",
    "pegasus.catalog.replica.output": "format of the catalog of outputs: YAML or File",
    "pegasus.catalog.replica.output.*": "settings of the catalog that outputs are registered in",
    "pegasus.catalog.replica.output.file": "catalog that outputs are registered in",
    "pegasus.catalog.replica.prefix": "database name prefix of a replica catalog",
    "pegasus.catalog.replica.read.only": "whether the replica catalog may be written",
    "pegasus.catalog.replica.url": "address of a replica catalog server",
    "pegasus.catalog.site": "type of the site catalog",
    "pegasus.catalog.site.file": "path of the site catalog",
    "pegasus.catalog.site.repo.*": "where an online site catalog comes from",
    "pegasus.catalog.site.sites.*.profiles.*.*": "a profile of one site, above the catalog's",
    "pegasus.catalog.transformation": "type of the transformation catalog",
    "pegasus.catalog.transformation.directory": "folder whose files are transformations",
    "pegasus.catalog.transformation.directory.*": "how file names become transformations",
    "pegasus.catalog.transformation.file": "path of the transformation catalog",
    "pegasus.catalog.transformation.mapper": "which entries may be used: All, Installed, Staged",
    "pegasus.catalog.work": "database of runs of old versions",
    "pegasus.catalog.work.*": "database of runs of old versions",
    "pegasus.catalog.workflow.*": "database and message queue of a run",
}

PLANNING = {
    "pegasus.clusterer.*.partitioner": "how a clustering technique cuts the workflow",
    "pegasus.clusterer.allow.single": "whether a single task may be a cluster",
    "pegasus.clusterer.job.aggregator": "what runs a cluster: seqexec, mpiexec, AWSBatch",
    "pegasus.clusterer.job.aggregator.arguments": "extra arguments of the aggregator",
    "pegasus.clusterer.job.aggregator.hasglobal.log": "whether seqexec keeps one log",
    "pegasus.clusterer.job.aggregator.seqexec.*": "logging and failing of seqexec",
    "pegasus.clusterer.job.aggregator.seqexec.firstjobfail": "whether a cluster ends with its "
    "first failed task",
    "pegasus.clusterer.label.key": "profile key that labels clusters",
    "pegasus.clusterer.nodes": "cluster size by site",
    "pegasus.clusterer.preference": "cluster by count or by runtime",
    "pegasus.code.generator": "what is written: Condor, Shell, PMC",
    "pegasus.code.generator.*": "settings of a code generator",
    "pegasus.data.configuration": "where tasks find data: sharedfs, nonsharedfs, condorio",
    "pegasus.data.reuse.scope": "what existing outputs spare: full, partial, none",
    "pegasus.dir.create.impl": "which tool makes directories",
    "pegasus.dir.create.strategy": "which jobs make directories",
    "pegasus.dir.exec": "work directory below the site's",
    "pegasus.dir.staging.mapper": "layout of the staging site: Hashed or Flat",
    "pegasus.dir.staging.mapper.*": "settings of the staging layout",
    "pegasus.dir.storage": "output directory below the site's",
    "pegasus.dir.storage.deep": "whether outputs keep the run's folders",
    "pegasus.dir.storage.mapper": "layout of the output site: Flat, Fixed, Hashed, Replica",
    "pegasus.dir.storage.mapper.*": "settings of the output layout",
    "pegasus.dir.storage.mapper.fixed.url": "directory of all outputs under the Fixed mapper",
    "pegasus.dir.submit.logs": "folder of HTCondor's logs",
    "pegasus.dir.submit.mapper": "layout of the submit directory",
    "pegasus.dir.submit.mapper.*": "settings of the submit directory's layout",
    "pegasus.dir.useTimestamp": "name runs by time instead of run0001",
    "pegasus.file.cleanup.*": "how and when files are removed during the run",
    "pegasus.file.cleanup.clusters.num": "children of a clean-up job",
    "pegasus.file.cleanup.clusters.size": "bags of tasks for each child of a clean-up job",
    "pegasus.integrity.checking": "checksums: full, nosymlink, none",
    "pegasus.mode": "preset: production, development, tutorial, debug",
    "pegasus.parser.*": "how workflow files are read",
    "pegasus.parser.dax.data.dependencies": "edges from who writes a file to who reads it, beside "
    "those that are written",
    "pegasus.partition.*": "partitioner of old versions",
    "pegasus.partitioner.*": "partitioner of old versions",
    "pegasus.refiner.*": "which refiners run",
    "pegasus.register": "whether outputs are registered",
    "pegasus.register.deep": "whether registered names keep their folders",
    "pegasus.schema.*": "schemas that inputs are checked against",
    "pegasus.selector.regex.rank.*": "order in which replicas are preferred",
    "pegasus.selector.replica": "how a replica is chosen",
    "pegasus.selector.replica.*": "settings of the choice of replicas",
    "pegasus.selector.site": "how a site is chosen",
    "pegasus.selector.site.*": "settings of the choice of sites",
    "pegasus.selector.transformation": "how a transformation entry is chosen",
}

RUNNING = {
    "pegasus.analyzer.*": "settings of pegasus-analyzer",
    "pegasus.aws.account": "AWS account number",
    "pegasus.aws.batch.compute_environment": "compute environment: JSON file, ARN or name",
    "pegasus.aws.batch.job_definition": "job definition: JSON file, ARN or name",
    "pegasus.aws.batch.job_queue": "job queue: JSON file, ARN or name",
    "pegasus.aws.batch.prefix": "prefix of the names of AWS entities",
    "pegasus.aws.batch.s3_bucket": "bucket of a run",
    "pegasus.aws.region": "AWS region",
    "pegasus.condor.*": "how jobs are handed to HTCondor",
    "pegasus.dagman.*": "settings of DAGMan",
    "pegasus.dashboard.output": "database of the dashboard",
    "pegasus.ensemble.*": "settings of the ensemble manager",
    "pegasus.execute.*": "how planned jobs are started",
    "pegasus.exitcode.*": "what output means failure or success",
    "pegasus.gridstart": "what wraps a job: Kickstart, PegasusLite, None",
    "pegasus.gridstart.*": "settings of the wrapper",
    "pegasus.home": "where Pegasus is installed",
    "pegasus.home.*": "folders of the Pegasus installation",
    "pegasus.job.*": "settings of all jobs",
    "pegasus.local.env": "environment of jobs on the submit host",
    "pegasus.log.*": "what is logged, and where",
    "pegasus.metrics.app": "name of the application in usage statistics",
    "pegasus.metrics.app.*": "more about the application in usage statistics",
    "pegasus.metrics.url": "where usage statistics go",
    "pegasus.monitord.*": "settings of the monitoring daemon",
    "pegasus.pmc_*": "settings of pegasus-mpi-cluster",
    "pegasus.properties": "name of the properties file in old versions",
    "pegasus.remote.*": "how jobs are sent to a remote scheduler",
    "pegasus.service.*": "settings of the web service",
    "pegasus.stagein.*": "how many stage-in jobs there are",
    "pegasus.stagein.clusters": "most children of a stage-in array",
    "pegasus.stageout.*": "how many stage-out jobs there are",
    "pegasus.submit.*": "settings of pegasus-run",
    "pegasus.time.*": "time formats of old versions",
    "pegasus.transfer.*.impl": "tool that moves files",
    "pegasus.transfer.*.priority": "priority of transfer jobs",
    "pegasus.transfer.*.remote.sites": "sites whose transfers run there",
    "pegasus.transfer.*.thirdparty.*": "sites whose transfers run between servers",
    "pegasus.transfer.arguments": "extra arguments of pegasus-transfer",
    "pegasus.transfer.bypass.input.staging": "whether tasks read inputs where they lie",
    "pegasus.transfer.container.onhost": "whether files move outside the container",
    "pegasus.transfer.disable.chmod.sites": "sites where permissions stay as they are",
    "pegasus.transfer.force": "whether existing files are overwritten",
    "pegasus.transfer.links": "whether inputs on the same site are linked",
    "pegasus.transfer.lite.arguments": "extra arguments of pegasus-transfer inside a job",
    "pegasus.transfer.max.retries": "tries of one transfer",
    "pegasus.transfer.mode.links": "whether inputs are linked, as old versions spell it",
    "pegasus.transfer.proxy": "whether a grid proxy travels with transfers",
    "pegasus.transfer.refiner": "how transfer jobs are made",
    "pegasus.transfer.refiner.*": "settings of how transfer jobs are made",
    "pegasus.transfer.setup.source.base.url": "where the worker package comes from",
    "pegasus.transfer.single.quote": "whether transfer arguments are quoted",
    "pegasus.transfer.staging.delimiter": "character in names of staged executables",
    "pegasus.transfer.threads": "files moved at once",
    "pegasus.transfer.throttle.*": "limits of transfer processes and streams",
    "pegasus.transfer.worker.package": "whether the worker package is staged",
    "pegasus.transfer.worker.package.autodownload": "whether it may come from the web",
    "pegasus.transfer.worker.package.strict": "whether its version must match",
    "pegasus.user.properties": "name of the user's properties file in old versions",
    "pegasus.wf.*": "identity of a run",
    "pegasus.workflow.root.uuid": "identity of the outermost run",
}

PROFILES = {
    "pegasus.*.expr": "a profile computed anew at each retry",
    "pegasus.auxillary.local": "whether helper jobs run on the submit host",
    "pegasus.bundle.*": "transfer jobs by bundle",
    "pegasus.chain.*": "transfer jobs by chain",
    "pegasus.change.dir": "whether the wrapper changes into the work directory",
    "pegasus.checkpoint.time": "minutes after which a task is told to checkpoint",
    "pegasus.cluster.num": "clusters, as old documents spell it",
    "pegasus.clusters.maxruntime": "seconds of runtime in a cluster",
    "pegasus.clusters.num": "clusters of a level and transformation",
    "pegasus.clusters.size": "tasks in a cluster",
    "pegasus.collapser": "aggregator, as old versions spell it",
    "pegasus.container.*": "how containers are started",
    "pegasus.cores": "CPU cores of a task",
    "pegasus.exitcode.failuremsg": "what a failed task says, a regular expression",
    "pegasus.exitcode.successmsg": "what only a successful task says, a regular expression",
    "pegasus.create.dir": "whether the wrapper makes the work directory",
    "pegasus.credential.*": "credentials of transfers",
    "pegasus.diskspace": "disk space of a task, MB",
    "pegasus.enable_for_data_reuse": "whether a task may be spared by its existing outputs",
    "pegasus.glite.arguments": "arguments of a gLite scheduler",
    "pegasus.gpus": "GPUs of a task",
    "pegasus.group": "group for the site selector",
    "pegasus.hosts": "hosts of a task",
    "pegasus.image": "container image",
    "pegasus.image_site": "where a container image lies",
    "pegasus.job.aggregator": "what runs a cluster",
    "pegasus.job.runtime": "expected runtime of a task, as old versions spell it",
    "pegasus.label": "label of a task's cluster",
    "pegasus.maxwalltime": "minutes after which a task is killed",
    "pegasus.memory": "memory of a task, MB",
    "pegasus.nodes": "nodes of a task",
    "pegasus.pmc_request_cpus": "vCPUs of a task under mpiexec",
    "pegasus.pmc_request_memory": "memory of a task under mpiexec, MB",
    "pegasus.ppn": "processors per node",
    "pegasus.project": "project to charge",
    "pegasus.queue": "queue of the remote scheduler",
    "pegasus.relative.dir": "work directory, relative",
    "pegasus.relative.submit.dir": "submit directory, relative",
    "pegasus.runtime": "expected runtime of a task, seconds",
    "pegasus.style": "how a site takes jobs",
    "pegasus.tag": "tag that picks site profiles",
    "pegasus.workdir": "work directory",
}

FOREIGN = {
    "condor.*": "HTCondor submit settings",
    "dagman.*": "DAGMan settings",
    "dagman.maxidle": "most idle jobs",
    "dagman.maxjobs": "most jobs at once",
    "dagman.maxpost": "most post scripts at once",
    "dagman.maxpre": "most pre scripts at once",
    "dagman.post": "post script",
    "dagman.post.scope": "which jobs have a post script",
    "dagman.priority": "priority of a job",
    "dagman.retry": "retries of a task",
    "env.*": "environment variables of tasks",
    "globus.*": "settings of a Globus scheduler",
    "hints.*": "selector settings, as old versions spell them",
    "selector.*": "choices of site, file and job type",
    "stat.*": "statistics of files",
}

KNOWN = {**OURS, **CATALOGS, **PLANNING, **RUNNING, **PROFILES, **FOREIGN}
"""Name or pattern to meaning."""

_PLAIN = frozenset(name for name in KNOWN if "*" not in name)
_SPELLING = {name.lower(): name for name in _PLAIN}
_PATTERNS = re.compile(
    "|".join(re.escape(name).replace(r"\*", ".+") for name in KNOWN if "*" in name)
)


def is_known(key: str) -> bool:
    """Tell whether a property means something to Pegasus or to us."""
    return key in _PLAIN or _PATTERNS.fullmatch(key) is not None


def pattern_of(key: str) -> str | None:
    """Return the name or pattern of the list that a key is, the longest where several fit."""
    if key in KNOWN:
        return key
    fitting = (name for name in KNOWN if "*" in name and _as_pattern(name).fullmatch(key))
    return max(fitting, key=len, default=None)


def _as_pattern(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(name).replace(r"\*", ".+"))


def known_spelling(key: str) -> str:
    """Return a key as the list spells it, whatever its case; others come back unchanged.

    Environment variables cannot carry case, and DAGMan's keys are written in either.
    """
    return _SPELLING.get(key.lower(), key)


LONGEST_KEY = 200
"""Nobody misspells a longer one; comparing takes the square of its length."""


def nearest(key: str) -> str | None:
    """Return the known name that looks most like a key, or None where none does."""
    if len(key) > LONGEST_KEY:
        return None
    close = difflib.get_close_matches(key, sorted(_PLAIN), n=1, cutoff=0.8)
    return close[0] if close else None
