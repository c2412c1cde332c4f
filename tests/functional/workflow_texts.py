"""How the workflow files of several functional tests begin."""

from __future__ import annotations

from pathlib import Path


def shell_workflow(name: str, rest: str) -> str:
    """Return a workflow with a shell on a site that has no store of its own."""
    return f"""
pegasus: "5.0"
name: {name}
siteCatalog:
  pegasus: "5.0"
  sites: [{{name: here, directories: []}}]
transformationCatalog:
  pegasus: "5.0"
  transformations:
    - name: sh
      sites: [{{name: here, pfn: /bin/sh, type: installed}}]
{rest}"""


def cloud_sites(base: Path, bucket: str) -> str:
    """Return a catalog of a site that works in a bucket, and of outputs in `out` below base."""
    return f"""siteCatalog:
  pegasus: "5.0"
  sites:
  - {{name: local, directories: [{{type: localStorage, path: {base}/out, fileServers:
      [{{operation: all, url: "file://{base}/out"}}]}}]}}
  - {{name: cloud, directories: [{{type: sharedScratch, path: /b, fileServers:
      [{{operation: all, url: "s3://{bucket}/scratch"}}]}}]}}
"""
