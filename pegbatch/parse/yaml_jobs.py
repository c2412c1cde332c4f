"""The jobs and dependencies of a YAML workflow."""

from __future__ import annotations

from collections.abc import Mapping

from pegbatch.model.profiles import Profile, Profiles
from pegbatch.model.workflow import EXECUTABLE, SubWorkflowJob, TransformationName
from pegbatch.parse.builder import WorkflowBuilder
from pegbatch.parse.hooks import hooks_of_node
from pegbatch.parse.names import NAMESPACES
from pegbatch.parse.use_flags import use_flags
from pegbatch.parse.yaml_events import Node

_JOB_KEYS = frozenset(
    (
        "type",
        "name",
        "namespace",
        "version",
        "file",
        "id",
        "nodeLabel",
        "arguments",
        "uses",
        "stdin",
        "stdout",
        "stderr",
        "profiles",
        "metadata",
        "hooks",
    )
)
_USE_KEYS = frozenset(
    (
        "lfn",
        "type",
        "stageOut",
        "registerReplica",
        "optional",
        "size",
        "bypass",
        "forPlanning",
        "metadata",
        "namespace",
        "version",
        "executable",
    )
)
_STREAMS = ("stdin", "stdout", "stderr")
_SUB_WORKFLOW = "pegasusWorkflow"
_TASKS = frozenset(("job", _SUB_WORKFLOW))
_OF_FILES = frozenset((_SUB_WORKFLOW, "condorWorkflow"))
"""Types of jobs that name a file, and no transformation."""
_NOTHING: Mapping[str, Node] = {}


def read_job(node: Node, builder: WorkflowBuilder) -> None:
    """Add one item of `jobs` to the workflow.

    Errors: an item that is no mapping, or has no id or name, is a problem of the builder.
    """
    entries = node.value
    if not isinstance(entries, dict):
        builder.refuse(node.line, f"a job must be a mapping of keys to values, not {node.kind}")
        return
    kind = _text(entries, "type", builder) or "job"
    naming = "file" if kind in _OF_FILES else "name"
    identifier, name = _text(entries, "id", builder), _text(entries, naming, builder)
    if not identifier or not name:
        missing = naming if identifier else "id"
        builder.refuse(node.line, f"a job without {missing}", f"give it the key `{missing}`")
        return
    if not _JOB_KEYS.issuperset(entries):
        _warn_unknown("job", entries, _JOB_KEYS, builder)
    uses = _uses(entries.get("uses"), builder)
    if kind not in _TASKS:
        _count_other(kind, identifier, node.line, uses, builder)
        return
    arguments = _arguments(entries.get("arguments"), builder)
    profiles = read_profiles(entries["profiles"], builder) if "profiles" in entries else ()
    hooks = hooks_of_node(entries["hooks"], builder.warn_hook) if "hooks" in entries else ()
    if kind == _SUB_WORKFLOW:
        what = SubWorkflowJob(file=name, for_planning=_for_planning(entries.get("uses")))
        builder.add_sub_workflow(identifier, node.line, what, arguments, profiles, uses, hooks)
        return
    builder.add_task(
        identifier,
        node.line,
        TransformationName(
            _text(entries, "namespace", builder) or "",
            name,
            _text(entries, "version", builder) or "",
        ),
        arguments,
        profiles,
        [_text(entries, stream, builder) or None for stream in _STREAMS],
        uses,
        hooks,
    )


def read_dependency(node: Node, builder: WorkflowBuilder) -> None:
    """Add the edges of one item of `jobDependencies`: from one parent to its children."""
    entries = node.value
    if not isinstance(entries, dict):
        builder.refuse(node.line, f"a dependency must be a mapping with `id`, not {node.kind}")
        return
    parent = _text(entries, "id", builder)
    if not parent:
        builder.refuse(node.line, "a dependency without id", "give it the key `id`: the parent's")
        return
    for child in _items(entries.get("children"), "children", builder):
        if isinstance(child.value, str):
            builder.add_edge(parent, child.value, child.line)
        else:
            builder.refuse(child.line, f"a child must be the id of a job, not {child.kind}")


def read_profiles(node: Node, builder: WorkflowBuilder) -> Profiles:
    """Read `profiles`: namespace to key to value, values as written."""
    found: list[Profile] = []
    for namespace, group in _entries(node, "profiles", builder).items():
        if namespace.startswith("x-"):
            continue
        name = namespace.lower()
        if name not in NAMESPACES:
            builder.warn_once(
                f"profile namespace {name}",
                group.line,
                f"the profile namespace {namespace!r} is not known; such profiles have no effect",
            )
        for key, value in _entries(group, f"the profiles {namespace}", builder).items():
            if not key.startswith("x-"):
                found.append(Profile(name, key, _scalar(value, f"{namespace}.{key}", builder)))
    return tuple(found)


def _count_other(
    kind: str, identifier: str, line: int, uses: list[tuple[str, int]], builder: WorkflowBuilder
) -> None:
    """Count a job that is no task: a workflow planned already, or something nobody knows."""
    names = [lfn for lfn, _ in uses]
    if kind in _OF_FILES:
        builder.refuse_planned_workflow(f"the {kind} job", identifier, line, names)
    else:
        builder.add_unknown_job(kind, identifier, line, names)


def _uses(node: Node | None, builder: WorkflowBuilder) -> list[tuple[str, int]]:
    uses = []
    for item in _items(node, "uses", builder):
        entries = item.value
        if not isinstance(entries, dict):
            builder.refuse(item.line, f"a use must be a mapping with `lfn`, not {item.kind}")
            continue
        lfn = _text(entries, "lfn", builder)
        if not lfn:
            builder.refuse(item.line, "a use without lfn", "give it the key `lfn`")
            continue
        if not _USE_KEYS.issuperset(entries):
            _warn_unknown("use", entries, _USE_KEYS, builder)
        uses.append((_use_name(lfn, entries, builder), _flags(lfn, entries, item.line, builder)))
    return uses


def _for_planning(node: Node | None) -> frozenset[str]:
    """Return the files that only the planning of a sub-workflow reads."""
    items = node.value if node is not None and isinstance(node.value, list) else []
    uses = [item.value for item in items if isinstance(item.value, dict)]
    return frozenset(
        str(use["lfn"].value)
        for use in uses
        if "lfn" in use and "forPlanning" in use and use["forPlanning"].boolean() is True
    )


def _flags(lfn: str, entries: Mapping[str, Node], line: int, builder: WorkflowBuilder) -> int:
    link = _text(entries, "type", builder) or ""
    if not link:
        builder.warn_once(
            "use without type",
            line,
            f"the use of {lfn!r} has no type; it is neither fetched nor delivered",
            "write `type: input` or `type: output`",
        )
    builder.check_link(link, lfn, line)
    flags = use_flags(
        link,
        _text(entries, "optional", builder),
        _text(entries, "stageOut", builder),
        _text(entries, "registerReplica", builder),
    )
    return flags | EXECUTABLE if _is_executable(entries) else flags


def _use_name(lfn: str, entries: Mapping[str, Node], builder: WorkflowBuilder) -> str:
    if not _is_executable(entries):
        return lfn
    namespace, version = _text(entries, "namespace", builder), _text(entries, "version", builder)
    return str(TransformationName(namespace or "", lfn, version or ""))


def _is_executable(entries: Mapping[str, Node]) -> bool:
    return "executable" in entries and entries["executable"].boolean() is True


def _arguments(node: Node | None, builder: WorkflowBuilder) -> str:
    """Join the items by one blank; a quote or a blank inside an item is the author's."""
    if node is not None and isinstance(node.value, str):
        return node.value
    return " ".join(
        "null" if item.value is None else _scalar(item, "an argument", builder)
        for item in _items(node, "arguments", builder)
    )


def _text(entries: Mapping[str, Node], key: str, builder: WorkflowBuilder) -> str | None:
    """Return a scalar entry as written; None where there is none."""
    node = entries.get(key)
    if node is None:
        return None
    value = node.value
    if isinstance(value, str):
        return value
    return _scalar(node, key, builder) or None


def _scalar(node: Node, what: str, builder: WorkflowBuilder) -> str:
    value = node.value
    if isinstance(value, str):
        return value
    if value is not None:
        builder.refuse(node.line, f"{what} must be a single value, not {node.kind}")
    return ""


def _items(node: Node | None, what: str, builder: WorkflowBuilder) -> list[Node]:
    if node is None or node.value is None:
        return []
    if isinstance(node.value, list):
        return node.value
    builder.refuse(node.line, f"{what} must be a list, not {node.kind}", "write one `- …` an item")
    return []


def _entries(node: Node, what: str, builder: WorkflowBuilder) -> Mapping[str, Node]:
    entries = node.mapping()
    if entries is None:
        builder.refuse(node.line, f"{what} must be a mapping, not {node.kind}")
        return _NOTHING
    return entries


def _warn_unknown(
    what: str, entries: Mapping[str, Node], known: frozenset[str], builder: WorkflowBuilder
) -> None:
    for key, value in entries.items():
        if key not in known and not key.startswith("x-"):
            builder.warn_once(
                f"{what} key {key}",
                value.line,
                f"the key {key!r} of a {what} is not known; it is passed over",
            )
