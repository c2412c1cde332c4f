"""The worker as one executable file: `worker.pyz`, which a container needs nothing else for.

The same sources give the same bytes. Compiled modules lie beside the sources, so that thousands of
children do not each compile them again; another version of Python uses the sources.
"""

from __future__ import annotations

import ast
import importlib.util
import io
import marshal
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pegbatch import errors
from pegbatch.adapters.durable import disk_of
from pegbatch.errors import OutsideError

PACKAGE = Path(errors.__file__).parent
SHEBANG = b"#!/usr/bin/env python3\n"
ENTRY = "pegbatch.worker.__main__"
EXIT_AGAIN = 75
"""Source: docs/formats.md, "Retry rule"."""
MAIN = f'''"""Start the worker."""
import signal
import sys

# Told to end before there is anything to end: ask to be started again.
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit({EXIT_AGAIN}))

try:
    from {ENTRY} import main
except ModuleNotFoundError as error:
    sys.exit(f"worker: the Python package {{error.name}} is missing in this image")

main()
'''
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time that every member has: the earliest that the zip format knows."""
EXECUTABLE = 0o755
UNCHECKED_HASH = 1
"""Source: PEP 552, flags of a .pyc that is never compared with its source."""
NO_DOCSTRINGS = 2
OLD_MARSHAL = 2
"""The newest marshal format without back references, whose bytes depend on the process."""


def build_worker() -> bytes:
    """Return the archive."""
    buffer = io.BytesIO()
    buffer.write(SHEBANG)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in sorted(_sources()):
            _add(archive, f"{name}.py", source.encode())
            _add(archive, f"{name}.pyc", _compiled(source, f"{name}.py"))
    return buffer.getvalue()


def write_worker(path: Path) -> None:
    """Write the archive as an executable file.

    Errors: OutsideError naming path and reason.
    """
    try:
        path.write_bytes(build_worker())
        path.chmod(EXECUTABLE)
    except OSError as error:
        raise OutsideError(
            f"cannot write the worker: {(error.strerror or str(error)).lower()}",
            where=str(path),
            hint=f"the disk of {disk_of(path)} must have room for it, and be writable",
        ) from error


def _sources() -> Iterator[tuple[str, str]]:
    """Yield module paths without `.py`, and sources: what the worker imports, and no more."""
    yield "__main__", MAIN
    waiting, seen = [ENTRY], {ENTRY}
    while waiting:
        module = waiting.pop()
        path = _file_of(module)
        source = path.read_text(encoding="utf-8")
        yield (Path(PACKAGE.name) / path.relative_to(PACKAGE)).with_suffix("").as_posix(), source
        found = {name for name in _imports(module, source) if _file_of(name).is_file()}
        waiting.extend(found - seen)
        seen |= found


def _file_of(module: str) -> Path:
    path = PACKAGE.parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _imports(module: str, source: str) -> Iterator[str]:
    """Yield names of ours that a module imports (modules among them), and its package."""
    yield from (parent for parent in (module.rpartition(".")[0],) if parent)
    for node in _nodes(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE.name):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a module, but for what only type checkers read."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        is_for_checkers = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if not is_for_checkers:
            yield from _nodes(child)


def _compiled(source: str, name: str) -> bytes:
    code = compile(source, name, "exec", dont_inherit=True, optimize=NO_DOCSTRINGS)
    flags = UNCHECKED_HASH.to_bytes(4, "little")
    digest = importlib.util.source_hash(source.encode())
    return importlib.util.MAGIC_NUMBER + flags + digest + marshal.dumps(code, OLD_MARSHAL)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, EARLIEST)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    info.create_system = 3
    archive.writestr(info, data)
