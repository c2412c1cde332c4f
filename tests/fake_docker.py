#!/usr/bin/env python3
"""A container engine without containers, for tests: takes Docker's words, runs commands here.

Its folder, `docker` beside the one it lies in, has `images/` (a file an image, holding the words of
its entry point), `containers/` (a JSON file each) and `calls` (a line a call). `remote/…` can be
pulled, once a file `gate` is gone; an image whose name has `tiny` in it is out of memory when it is
killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

HOME = Path(__file__).parent.with_name("docker")
FLAGS = ("--privileged", "--read-only", "--rm")


def main(words: list[str]) -> int:
    with (HOME / "calls").open("a") as file:
        file.write(json.dumps(words) + "\n")
    if (HOME / "down").exists():
        fail("Cannot connect to the Docker daemon. Is the docker daemon running?", 1)
    verb = words.pop(0)
    if verb == "image":
        return 0 if image_file(words[-1]).exists() else fail(f"No such image: {words[-1]}", 1)
    calls = {"version": version, "ps": ps, "pull": pull, "run": run}
    more = {"kill": kill, "inspect": inspect, "rm": rm}
    return {**calls, **more}[verb](words)


def version(words: list[str]) -> int:
    print("28.0")
    return 0


def ps(words: list[str]) -> int:
    label = words[words.index("--filter") + 1].removeprefix("label=")
    for path in (HOME / "containers").iterdir():
        if read(path)["label"] == label:
            print(path.stem)
    return 0


def pull(words: list[str]) -> int:
    image = words[-1]
    while (HOME / "gate").exists():
        time.sleep(0.02)
    if not image.startswith("remote/"):
        fail(f"Error response from daemon: pull access denied for {image}", 1)
    image_file(image).write_text("[]")
    return 0


def run(words: list[str]) -> int:
    options, rest = parsed(words)
    image, *command = rest
    if not image_file(image).exists():
        fail(f"docker: Error response from daemon: No such image: {image}.", 125)
    command = [*json.loads(image_file(image).read_text()), *command]
    path = container_file(options["--name"][0])
    state = {"StartedAt": "0001-01-01T00:00:00Z", "Running": False, "ExitCode": 127, "Error": ""}
    write(path, {"label": options["--label"][0], "pid": 0, "State": state})
    try:
        process = subprocess.Popen(
            command, env=variables(options), stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        state["Error"] = f"exec: {command[0]}: {error.strerror}"
        write(path, {"label": options["--label"][0], "pid": 0, "State": state})
        fail(f"docker: Error response from daemon: {state['Error']}.", 127)
    state |= {"StartedAt": "2026-01-01T00:00:00Z", "Running": True, "ExitCode": 0}
    write(path, {"label": options["--label"][0], "pid": process.pid, "State": state})
    code = process.wait()
    code = code if code >= 0 else 128 - code
    out_of_memory = "tiny" in image and code == 137
    state |= {"Running": False, "ExitCode": code, "OOMKilled": out_of_memory}
    if path.exists():
        write(path, {"label": options["--label"][0], "pid": 0, "State": state})
    return code


def parsed(words: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    options: dict[str, list[str]] = {}
    while words[0].startswith("-"):
        name = words.pop(0)
        if name not in FLAGS and "=" not in name:
            options.setdefault(name, []).append(words.pop(0))
    return options, words


def variables(options: dict[str, list[str]]) -> dict[str, str]:
    lines = Path(options["--env-file"][0]).read_text().splitlines()
    found = dict(line.split("=", 1) for line in lines)
    found |= {name: os.environ[name] for name in options.get("-e", ())}
    return {"PATH": "/usr/bin:/bin", **found}


def kill(words: list[str]) -> int:
    found = container(words[-1])
    if not found["State"]["Running"]:
        fail(f"Container {words[-1]} is not running", 1)
    os.kill(found["pid"], signal.Signals[f"SIG{words[words.index('--signal') + 1]}"])
    return 0


def inspect(words: list[str]) -> int:
    print(json.dumps(container(words[-1])["State"]))
    return 0


def rm(words: list[str]) -> int:
    for name in words:
        if name.startswith("-"):
            continue
        found = container(name)
        if found["pid"]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(found["pid"], signal.SIGKILL)
        container_file(name).unlink(missing_ok=True)
    return 0


def container(name: str) -> Any:
    path = container_file(name)
    return read(path) if path.exists() else fail(f"No such container: {name}", 1)


def container_file(name: str) -> Path:
    return HOME / "containers" / f"{name}.json"


def image_file(image: str) -> Path:
    return HOME / "images" / image.replace("/", "%")


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def write(path: Path, body: Any) -> None:
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(body))
    draft.replace(path)


def fail(message: str, code: int) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
