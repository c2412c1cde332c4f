"""Which container each transformation runs in, where its entry at the site names one.

On AWS Batch a container is the image of a job definition, so that only what such a definition can
say is taken: a docker image in a registry, variables, and folders of the machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pegbatch.errors import Problem
from pegbatch.model.catalogs import Container
from pegbatch.model.containers import HostMount, TaskContainer
from pegbatch.model.images import image_fault

_REGISTRY_HINT = (
    "load it (docker load), push it to a registry (docker tag, docker push), and name it there: "
    "docker://registry/name:tag"
)
_OF_DOCKER = "name a docker image: type docker, and an image that is in a registry"
_PROFILE_HINT = "only env profiles of a container count on AWS Batch"


@dataclass(frozen=True, slots=True)
class ContainerNames:
    """Gives each container of a plan a name of its own; what is equal is one container.

    Shapes: sub-workflows may have other containers of a name.
    """

    names: set[str] = field(default_factory=set)
    found: dict[TaskContainer, TaskContainer] = field(default_factory=dict)
    """By what a catalog says: what the plan calls it."""

    def name(self, container: TaskContainer, path: str) -> TaskContainer:
        """Return a container under a name that no other one of the plan has.

        Shapes: path of the sub-workflow whose catalog it is.
        """
        if container not in self.found:
            name = container.name
            if name in self.names:
                name = f"{path}.{name}"
            while name in self.names:
                name += "_"
            self.names.add(name)
            self.found[container] = replace(container, name=name)
        return self.found[container]


@dataclass(frozen=True, slots=True)
class ContainerDesk:
    """Looks at each container once, whoever asks for it; notes what is wrong with it."""

    known: Mapping[str, Container]
    """Of the transformation catalog."""
    names: ContainerNames = field(default_factory=ContainerNames)
    path: str = ""
    """Of the sub-workflow whose catalog it is."""
    seen: dict[str, TaskContainer | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def take(self, name: str, where: str) -> TaskContainer | None:
        """Return a container; None where it cannot be used, which is a problem then.

        Shapes: where is the place that names it.
        """
        if name not in self.seen:
            found = self._read(name, where)
            self.seen[name] = self.names.name(found, self.path) if found else None
        return self.seen[name]

    def _read(self, name: str, where: str) -> TaskContainer | None:
        container = self.known.get(name)
        if container is None:
            self.problems.append(self._absent(name, where))
            return None
        problems = list(_faults(container))
        self.problems.extend(problems)
        self.warnings.extend(_ignored_profiles(container))
        if problems:
            return None
        mounts = dict.fromkeys(map(read_mount, container.mounts))
        return TaskContainer(
            name=container.name,
            image=image_name(container.image),
            environment=tuple(sorted(_environment(container).items())),
            mounts=tuple(mount for mount in mounts if mount is not None),
        )

    def _absent(self, name: str, where: str) -> Problem:
        known = ", ".join(sorted(self.known)) or "none"
        message = f"the transformation catalog defines no container {name!r}"
        return Problem(message, where, f"it defines: {known}; add the missing one")


def image_name(image: str) -> str:
    """Return what a job definition calls an image of a catalog.

    Source: Pegasus user guide, "Containers": `docker:///user/image:tag`, as well as a plain name.
    """
    # `docker:24` has no scheme: it is the image named docker.
    return re.sub(r"^docker://+", "", image.strip())


def read_mount(text: str) -> HostMount | None:
    """Read `source:target[:ro|rw]`; None where it is something else, or hides all of the image."""
    source, _, rest = text.partition(":")
    target, _, options = rest.partition(":")
    absolute = source.startswith("/") and target.startswith("/")
    folder = target.rstrip("/")
    if not (absolute and folder and options in ("", "ro", "rw") and text.isprintable()):
        return None
    return HostMount(source.rstrip("/") or "/", folder, options == "ro")


def _faults(container: Container) -> Iterator[Problem]:
    """Yield all that is wrong; of a container that is no docker image that alone."""
    fault = _fault(container)
    if fault:
        yield fault
        return
    yield from _environment_faults(container)
    yield from _mount_faults(container)


def _fault(container: Container) -> Problem | None:
    """Return why a container cannot be the image of a job definition, whatever else it says."""
    said, where = f"container {container.name!r}", container.where
    image = container.image.strip()
    if not container.name.isprintable():
        return Problem(f"{said} has control characters in its name", where, "give it another")
    if container.kind != "docker":
        hint = _OF_DOCKER
        if image.startswith("docker://"):
            hint = f"its image is a docker image, so say: type docker, image {image_name(image)}"
        kind = container.kind or "without a type"
        return Problem(f"{said} is {kind}: AWS Batch runs docker images alone", where, hint)
    scheme, found, _ = image.partition("://")
    if found and scheme != "docker":
        message = f"{said}: {image} is a file, and AWS Batch pulls images from registries alone"
        return Problem(message, where, _REGISTRY_HINT)
    fault = image_fault(image_name(image))
    return Problem(f"{said}: {fault}", where, "write docker://name:tag") if fault else None


def _environment(container: Container) -> dict[str, str]:
    return {key: value for namespace, key, value in container.profiles if namespace == "env"}


def _environment_faults(container: Container) -> Iterator[Problem]:
    for name, value in _environment(container).items():
        if not name or "=" in name or "\0" in name + value:
            message = f"container {container.name!r}: profile env {name!r} is no variable"
            yield Problem(message, container.where, "a name is without =, and a value without NUL")
        if name.startswith("AWS_BATCH"):
            message = f"container {container.name!r}: profile env {name}: AWS Batch keeps that name"
            yield Problem(message, container.where, "names that begin with AWS_BATCH are its own")


def _mount_faults(container: Container) -> Iterator[Problem]:
    targets: dict[str, HostMount] = {}
    for text in container.mounts:
        mount = read_mount(text)
        if mount is None:
            yield Problem(
                f"container {container.name!r}: a job definition cannot say mount {text!r}",
                container.where,
                "write /folder/of/the/machine:/folder/in/the/container, with :ro or :rw after it",
            )
        elif targets.setdefault(mount.target, mount) != mount:
            message = f"container {container.name!r}: two mounts at {mount.target}"
            yield Problem(message, container.where, "give each a folder of its own")


def _ignored_profiles(container: Container) -> Iterator[Problem]:
    for namespace, key, _ in container.profiles:
        if namespace != "env":
            message = f"container {container.name!r}: profile {namespace} {key} has no effect here"
            yield Problem(message, container.where, _PROFILE_HINT)
