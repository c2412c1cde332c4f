"""A workflow whose tasks run in two images, and in that of the base job definition."""

from __future__ import annotations

from pathlib import Path

WORKFLOW = """
pegasus: "5.0"
name: two-images
jobs:
- {type: job, id: a, name: left, arguments: ["-c", "'echo $FROM $OWN $IMAGE > a.txt'"],
   uses: [{lfn: a.txt, type: output, stageOut: true}]}
- {type: job, id: b, name: right, arguments: ["-c", "'echo $FROM $OWN $IMAGE > b.txt'"],
   uses: [{lfn: b.txt, type: output, stageOut: true}]}
- {type: job, id: c, name: both, arguments: ["-c", "'cat *.txt > c; echo $FROM >> c; mv c c.txt'"],
   uses: [{lfn: a.txt, type: input}, {lfn: b.txt, type: input},
          {lfn: c.txt, type: output, stageOut: true}]}
"""
SITES = 'pegasus: "5.0"\nsites:\n- name: here\n'
YAML = """
pegasus: "5.0"
transformations:
- name: left
  sites:
  - {name: here, pfn: /bin/sh, type: installed, container: one, profiles: {env: {OWN: task}}}
- {name: right, sites: [{name: here, pfn: /bin/sh, type: installed, container: two}]}
- {name: both, sites: [{name: here, pfn: /bin/sh, type: installed}]}
containers:
- {name: one, type: docker, image: "docker://localhost/one:1", mounts: ["/usr/share:/shared:ro"],
   profiles: {env: {FROM: one, OWN: container}}}
- {name: two, type: docker, image: "localhost/two:1", profiles: {env: {FROM: two}}}
"""
TEXT = """
tr left { site here { pfn "/bin/sh" type "INSTALLED" container "one" profile env "OWN" "task" } }
tr right { site here { pfn "/bin/sh" type "INSTALLED" container "two" } }
tr both { site here { pfn "/bin/sh" type "INSTALLED" } }
cont one {
  type "docker" image "docker://localhost/one:1" mount "/usr/share:/shared:ro"
  profile env "FROM" "one" profile env "OWN" "container"
}
cont two { type "docker" image "localhost/two:1" profile env "FROM" "two" }
"""


def write_workflow(folder: Path, *, text: bool = False) -> Path:
    """Write workflow and catalogs into a new folder; return the workflow."""
    folder.mkdir(parents=True)
    (folder / "sites.yml").write_text(SITES)
    catalog = folder / ("tc.txt" if text else "transformations.yml")
    catalog.write_text(TEXT if text else YAML)
    (folder / "pegasus.properties").write_text(
        f"pegasus.catalog.transformation.file = {catalog}\n"
        f"pegasus.catalog.site.file = {folder / 'sites.yml'}\n"
    )
    workflow = folder / "workflow.yml"
    workflow.write_text(WORKFLOW)
    return workflow
