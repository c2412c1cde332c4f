"""What of the user's environment goes on: to the embedded AWS, and from it to children.

A list of what does, not of what does not: the user's credentials are Amazon's, nothing here asks
for them, and what a process was started with can be read by every task.
"""

from __future__ import annotations

from collections.abc import Mapping

FOR_CHILDREN = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH", "USER")
_FOR_ENGINES = (
    "CONTAINERS_CONF",
    "CONTAINERS_REGISTRIES_CONF",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINER_HOST",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "REGISTRY_AUTH_FILE",
    "STORAGE_DRIVER",
    "STORAGE_OPTS",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
)
"""Where docker, podman and buildah have their daemon, settings and images."""
_FOR_EMULATOR = (*FOR_CHILDREN, *_FOR_ENGINES, "TMPDIR", "VIRTUAL_ENV")
_PREFIXES = ("MOTO_", "PEGBATCH_", "PYTHON", "LD_", "LC_", "COVERAGE_")


def of_children(outer: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that every child has, beside those that its job names."""
    return {name: outer[name] for name in FOR_CHILDREN if name in outer}


def of_emulator(outer: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of an embedded AWS in the background."""
    return {
        name: value
        for name, value in outer.items()
        if name in _FOR_EMULATOR or name.startswith(_PREFIXES)
    }
