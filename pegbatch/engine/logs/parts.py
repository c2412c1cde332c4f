"""A task's own part of its child's log.

Tasks of a bag run one after another, and what a task says stands below its header; how it ended may
be said only when the next has begun. Where tasks run side by side, each of their lines is marked.
A task that prints headers of its fellows can pass lines off as theirs; the whole log tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pegbatch.model.logs import LoggedTask
from pegbatch.model.plain import printable

_END = b"--- task "


def task_part(task: LoggedTask, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what a task said, its headers included, of blocks of whole lines.

    Shapes: one or several parts where it was tried again; nothing where it did not run.
    """
    part = TaskPart(task)
    for block in blocks:
        found = part.take(block)
        if found:
            yield found


class TaskPart:
    """Goes through the log of one attempt, and knows whose line comes."""

    def __init__(self, task: LoggedTask) -> None:
        """Start before the first line."""
        self._own = _header(task.id, task.transformation)
        self._headers = {_header(*fellow) for fellow in task.bag_fellows} | {self._own}
        self._own_end = _end(task.id)
        self._ends = frozenset(_end(id_) for id_, _ in task.bag_fellows)
        self._mark = f"[{task.id}] ".encode() if task.beside_others else b""
        self._inside = False
        self._succeeded = False
        self._rest_of_line = False
        """A block has cut a line; what comes first belongs to it."""
        self._taking = False
        """What was decided of that line."""

    @property
    def succeeded(self) -> bool:
        """Tell whether the log has said that the task succeeded."""
        return self._succeeded

    def take(self, block: bytes) -> bytes:
        """Return what is the task's of the next block."""
        *lines, cut = block.split(b"\n")
        found = []
        for line in lines:
            piece = self._piece(line)
            self._rest_of_line = False
            if piece is not None:
                found.append(piece + b"\n")
        if cut:
            piece = self._piece(cut)
            self._rest_of_line, self._taking = True, piece is not None
            found.append(piece or b"")
        return b"".join(found)

    def _piece(self, text: bytes) -> bytes | None:
        if self._rest_of_line:
            return text if self._taking else None
        return self._line(text)

    def _line(self, line: bytes) -> bytes | None:
        """Return a line as it is shown, or None where it is not the task's."""
        if line in self._headers:
            self._inside = line == self._own
            return line if self._inside else None
        if line.startswith(_END):
            return self._end_line(line)
        if self._mark:
            return line[len(self._mark) :] if line.startswith(self._mark) else None
        return line if self._inside else None

    def _end_line(self, line: bytes) -> bytes | None:
        if line.startswith(self._own_end):
            self._succeeded |= line.startswith(self._own_end + b"succeeded ")
            return line
        of_fellow = any(line.startswith(end) for end in self._ends)
        return line if self._inside and not self._mark and not of_fellow else None


def _header(task_id: str, transformation: str) -> bytes:
    return printable(f"=== task {task_id} {transformation}").encode("utf-8", "replace")


def _end(task_id: str) -> bytes:
    return printable(f"--- task {task_id} ").encode("utf-8", "replace")
