"""The jobs of a DAX: `<job>`, `<dax>`, and `<dag>`, which is counted and refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pegbatch.model.hooks import Hook, Hooks
from pegbatch.model.profiles import Profile, Profiles
from pegbatch.model.workflow import SubWorkflowJob, TransformationName
from pegbatch.parse.builder import WorkflowBuilder
from pegbatch.parse.dax_uses import file_name, use_of
from pegbatch.parse.findings import Findings
from pegbatch.parse.hooks import read_hook
from pegbatch.parse.names import NAMESPACES
from pegbatch.parse.xml_events import Element

_BLANK = " \t\n"
_TRIMMED = "".join(map(chr, range(33)))
"""What Java's `trim` takes away: all characters up to the space."""


class _Draft:
    """What the parts of one job element have said so far."""

    __slots__ = ("arguments", "hooks", "profiles", "streams", "uses")

    def __init__(self) -> None:
        self.arguments = ""
        self.hooks: list[Hook] = []
        self.profiles: list[Profile] = []
        self.streams: list[str | None] = [None, None, None]
        self.uses: list[tuple[str, int]] = []


def read_job(job: Element, builder: WorkflowBuilder) -> None:
    """Add one `<job>` to the workflow.

    Errors: a missing id or name is a problem of the builder.
    """
    attributes = job.attributes
    identifier, name = attributes.get("id"), attributes.get("name")
    if not identifier or not name:
        _refuse_nameless(job, builder)
        return
    draft = _drafted(job, builder)
    builder.add_task(
        identifier,
        job.line,
        TransformationName(attributes.get("namespace", ""), name, attributes.get("version", "")),
        draft.arguments,
        tuple(draft.profiles),
        draft.streams,
        draft.uses,
        tuple(draft.hooks),
    )


def read_sub_workflow(job: Element, builder: WorkflowBuilder) -> None:
    """Add one `<dax>`: a job that stands for the workflow in a file.

    Errors: a missing id or file is a problem of the builder.
    """
    identifier, file = job.attributes.get("id"), file_name(job)
    if not identifier or not file:
        _refuse_nameless(job, builder)
        return
    draft = _drafted(job, builder)
    builder.add_sub_workflow(
        identifier,
        job.line,
        SubWorkflowJob(file=file),
        draft.arguments,
        tuple(draft.profiles),
        draft.uses,
        tuple(draft.hooks),
    )


def read_planned_workflow(job: Element, builder: WorkflowBuilder) -> None:
    """Count a `<dag>` and refuse to plan it."""
    identifier = job.attributes.get("id")
    if not identifier:
        _refuse_nameless(job, builder)
        return
    uses = [use_of(part, builder) for part in job.children() if part.tag == "uses"]
    names = [use[0] for use in uses if use is not None]
    builder.refuse_planned_workflow(f"the <{job.tag}> job", identifier, job.line, names)


def _drafted(job: Element, builder: WorkflowBuilder) -> _Draft:
    """Return what all parts of a job element say."""
    draft = _Draft()
    draft.profiles.extend(runtime_profiles(job.attributes))
    for part in job.children():
        _PARTS.get(part.tag, _unknown)(part, draft, builder)
    return draft


def runtime_profiles(attributes: Mapping[str, str]) -> Profiles:
    """Take the attribute of simulators' workflows as a profile; nonsense is passed over."""
    text = attributes.get("runtime")
    if text is None:
        return ()
    try:
        usable = float(text) >= 0
    except ValueError:
        usable = False
    return (Profile("pegasus", "runtime", text.strip()),) if usable else ()


def read_profile(element: Element, findings: Findings) -> Profile | None:
    """Read a `<profile>`; None, with a problem, where its namespace or key is missing."""
    namespace = element.attributes.get("namespace", "").lower()
    key = element.attributes.get("key")
    if not namespace or not key:
        findings.refuse(element.line, "a <profile> without namespace or key", "give it both")
        return None
    if namespace not in NAMESPACES:
        findings.warn_once(
            f"profile namespace {namespace}",
            element.line,
            f"the profile namespace {namespace!r} is not known; such profiles have no effect",
        )
    return Profile(namespace, key, _value(element))


def invoke_hooks(element: Element, builder: WorkflowBuilder) -> Hooks:
    """Read an `<invoke>`: one hook, or none where it asks for nothing."""
    when = element.attributes.get("when", "")
    return read_hook(when, element.text(), element.line, builder.warn_hook)


def warn_unknown(element: Element, builder: WorkflowBuilder) -> None:
    """Warn of an element that has no meaning here, once for each name."""
    builder.warn_once(
        f"element {element.tag}",
        element.line,
        f"the element <{element.tag}> is not known here; it is passed over",
    )


def argument_text(argument: Element) -> str:
    """Return the arguments as one line of words, file references replaced by their LFNs.

    Shapes: each piece of text between file references loses its outer white space, but for one
    blank on a side that had any; white space inside it stays.
    Source: Pegasus, DAXParser3 and Parser.ignoreWhitespace.
    """
    words = []
    for part in argument.content:
        if isinstance(part, str):
            words.append(trimmed(part))
        else:
            words.append(file_name(part) or "")
    return "".join(words)


def trimmed(text: str) -> str:
    """Return one piece of arguments without its outer white space, but for a blank each side."""
    if not text:
        return ""
    before = " " if text[0] in _BLANK else ""
    after = " " if len(text) > 1 and text[-1] in _BLANK else ""
    return f"{before}{text.strip(_TRIMMED)}{after}"


def _value(profile: Element) -> str:
    """Return a profile's value, in which version 2 allows file references too."""
    parts = (part if isinstance(part, str) else file_name(part) or "" for part in profile.content)
    return "".join(parts).strip()


def _refuse_nameless(job: Element, builder: WorkflowBuilder) -> None:
    naming = "file" if job.tag == "dax" else "name"
    missing = "id" if not job.attributes.get("id") else naming
    builder.refuse(
        job.line, f"a <{job.tag}> without {missing}", f"give it the attribute `{missing}`"
    )


def _take_argument(part: Element, draft: _Draft, builder: WorkflowBuilder) -> None:
    del builder
    text = argument_text(part)
    draft.arguments = f"{draft.arguments} {text}" if draft.arguments else text


def _take_profile(part: Element, draft: _Draft, builder: WorkflowBuilder) -> None:
    profile = read_profile(part, builder)
    if profile is not None:
        draft.profiles.append(profile)


def _take_uses(part: Element, draft: _Draft, builder: WorkflowBuilder) -> None:
    use = use_of(part, builder)
    if use is not None:
        draft.uses.append(use)


def _take_stream(number: int) -> Callable[[Element, _Draft, WorkflowBuilder], None]:
    def take(part: Element, draft: _Draft, builder: WorkflowBuilder) -> None:
        name = file_name(part)
        if name is None:
            builder.refuse(part.line, f"a <{part.tag}> without name", "give it the file's name")
        draft.streams[number] = name

    return take


def _take_invoke(part: Element, draft: _Draft, builder: WorkflowBuilder) -> None:
    draft.hooks.extend(invoke_hooks(part, builder))


def _pass_over(part: Element, draft: _Draft, builder: WorkflowBuilder) -> None:
    del part, draft, builder


def _unknown(part: Element, draft: _Draft, builder: WorkflowBuilder) -> None:
    del draft
    warn_unknown(part, builder)


_PARTS: dict[str, Callable[[Element, _Draft, WorkflowBuilder], None]] = {
    "uses": _take_uses,
    "argument": _take_argument,
    "profile": _take_profile,
    "stdin": _take_stream(0),
    "stdout": _take_stream(1),
    "stderr": _take_stream(2),
    "invoke": _take_invoke,
    "metadata": _pass_over,
}
