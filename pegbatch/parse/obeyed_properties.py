"""The properties that pegbatch obeys, each with what counts where it is not set.

Every other known property (known_properties) is only known: it is read without a warning and has
no effect here.
"""

from __future__ import annotations

from collections.abc import Mapping

NONE = "–"
"""Nothing counts where it is not set."""

_OURS = {
    "pegbatch.array.by": "level",
    "pegbatch.aws.on_demand_queue": NONE,
    "pegbatch.aws.parameters": NONE,
    "pegbatch.aws.parameters.*": NONE,
    "pegbatch.aws.platform": "what the queue's environments are",
    "pegbatch.aws.scheduling_priority": NONE,
    "pegbatch.aws.share_identifier": NONE,
    "pegbatch.aws.tags": NONE,
    "pegbatch.aws.tags.propagate": "true",
    "pegbatch.infrastructure_retries": "2",
    "pegbatch.local.runtime": "process",
    "pegbatch.local.vcpus": "this machine's cores",
    "pegbatch.notify.on": "verdict",
    "pegbatch.notify.sns": NONE,
    "pegbatch.notify.webhook": NONE,
    "pegbatch.on_failure": "continue",
    "pegbatch.pack.max_children": "10000",
    "pegbatch.pack.runtime": NONE,
    "pegbatch.pack.size": "1",
    "pegbatch.pack.start": "a 24th of pegbatch.pack.runtime",
    "pegbatch.pack.vcpus": NONE,
    "pegbatch.pmc.vcpus": "4",
    "pegbatch.sub_workflow.image": "that of the job definition",
}

_CATALOGS = {
    "pegasus.catalog.replica": "what the file says",
    "pegasus.catalog.replica.cache.asrc": "false",
    "pegasus.catalog.replica.dax.asrc": "false",
    "pegasus.catalog.replica.directory": NONE,
    "pegasus.catalog.replica.directory.flat.lfn": "false",
    "pegasus.catalog.replica.directory.site": "local",
    "pegasus.catalog.replica.directory.url.prefix": "file://",
    "pegasus.catalog.replica.file": "replicas.yml or rc.txt",
    "pegasus.catalog.replica.output": "YAML",
    "pegasus.catalog.replica.output.file": NONE,
    "pegasus.catalog.site": "what the file says",
    "pegasus.catalog.site.file": "sites.yml or sites.xml",
    "pegasus.catalog.site.sites.*.profiles.*.*": NONE,
    "pegasus.catalog.transformation": "what the file says",
    "pegasus.catalog.transformation.file": "transformations.yml or tc.txt",
}

_PLANNING = {
    "pegasus.clusterer.allow.single": "true",
    "pegasus.clusterer.job.aggregator": "AWSBatch",
    "pegasus.clusterer.job.aggregator.seqexec.firstjobfail": "false",
    "pegasus.clusterer.label.key": "label",
    "pegasus.clusterer.nodes": NONE,
    "pegasus.clusterer.preference": "Count",
    "pegasus.data.configuration": "nonsharedfs, whatever it says",
    "pegasus.data.reuse.scope": "full",
    "pegasus.dir.storage.deep": "false",
    "pegasus.dir.storage.mapper": "Flat",
    "pegasus.dir.storage.mapper.fixed.url": NONE,
    "pegasus.file.cleanup.clusters.num": NONE,
    "pegasus.file.cleanup.clusters.size": NONE,
    "pegasus.integrity.checking": "full",
    "pegasus.mode": "production",
    "pegasus.parser.dax.data.dependencies": "true",
    "pegasus.register": "true",
    "pegasus.stagein.clusters": "20",
}

_RUNNING = {
    "pegasus.aws.account": "a run stays on this machine",
    "pegasus.aws.batch.compute_environment": NONE,
    "pegasus.aws.batch.job_definition": "one is made on this machine; none on Amazon",
    "pegasus.aws.batch.job_queue": "one is made on this machine; none on Amazon",
    "pegasus.aws.batch.prefix": NONE,
    "pegasus.aws.batch.s3_bucket": "prefix-bucket",
    "pegasus.aws.region": "a run stays on this machine",
}

_PROFILES = {
    "pegasus.checkpoint.time": NONE,
    "pegasus.clusters.maxruntime": NONE,
    "pegasus.clusters.num": NONE,
    "pegasus.clusters.size": NONE,
    "pegasus.collapser": NONE,
    "pegasus.cores": "1",
    "pegasus.enable_for_data_reuse": "false",
    "pegasus.exitcode.failuremsg": NONE,
    "pegasus.exitcode.successmsg": NONE,
    "pegasus.gpus": "0",
    "pegasus.job.aggregator": NONE,
    "pegasus.job.runtime": NONE,
    "pegasus.label": NONE,
    "pegasus.maxwalltime": NONE,
    "pegasus.memory": "2048",
    "pegasus.pmc_request_cpus": "pegasus.cores",
    "pegasus.pmc_request_memory": "pegasus.memory",
    "pegasus.runtime": NONE,
    "dagman.retry": "1",
    "env.*": NONE,
}

DEFAULTS: Mapping[str, str] = {**_OURS, **_CATALOGS, **_PLANNING, **_RUNNING, **_PROFILES}
"""Name or pattern, as in known_properties, to default."""
