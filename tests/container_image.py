"""The fetch-and-run image, built without a Docker daemon: buildah, on a base of Debian packages."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.functional.commands import ROOT

SUITE = "bookworm"
PACKAGES = "python3,python3-pip,ca-certificates"
CACHE = Path(tempfile.gettempdir()) / f"pegbatch-test-base-{os.geteuid()}"
"""Holds the base from one run of the tests to the next: 80 s, and 300 MB."""
BASE, IMAGE = "localhost/pegbatch-test-base", "localhost/fetch-and-run"
DRIVERS = ("overlay", "vfs")
"""Ways in which buildah stores layers, the quick one first."""
LONGEST = 400
"""Seconds after which a command hangs."""
PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "proxy", "cert")
CERTIFICATES = "/etc/ssl/certs"


def missing() -> str:
    """Say why no image can be built here; empty where one can."""
    absent = [name for name in ("buildah", "debootstrap") if shutil.which(name) is None]
    if absent:
        return f"{' and '.join(absent)} not installed: apt-get install buildah debootstrap"
    return "" if os.geteuid() == 0 else "chroot needs root"


@dataclass(frozen=True, slots=True)
class ImageStore:
    """A folder of images, apart from those of the machine."""

    folder: Path
    driver: str = "vfs"
    """How layers are stored; `vfs` works everywhere, and copies all of an image each time."""

    @property
    def words(self) -> list[str]:
        """Return the words that every call of buildah begins with."""
        places = ("--root", str(self.folder / "store"), "--runroot", str(self.folder / "run"))
        return ["buildah", *places, "--storage-driver", self.driver]

    @property
    def settings(self) -> Path:
        """Return a settings file for programs that are to use these images."""
        path = self.folder / "storage.conf"
        store, run = self.folder / "store", self.folder / "run"
        places = f'graphroot = "{store}"\nrunroot = "{run}"\n'
        path.write_text(f'[storage]\ndriver = "{self.driver}"\n{places}')
        return path

    def call(self, *words: str | Path) -> str:
        """Call buildah; return what it prints."""
        done = self.done(words)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def run(self, *words: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run the image's entry point in a fresh container, as Batch does."""
        container = self.call("from", "--pull-never", IMAGE)
        variables = [word for pair in environment.items() for word in ("--env", "=".join(pair))]
        how = ["run", "--isolation", "chroot", *variables]
        written = {name: self.folder / f"{container}.{name}" for name in ("out", "err")}
        for name, file in written.items():
            # Not through buildah, which may end before it has passed everything on.
            file.write_bytes(b"")
            file.chmod(0o622)
            how += ["--volume", f"{file}:/run/{name}"]
        shell = ["/bin/sh", "-c", 'exec >>/run/out 2>>/run/err; exec "$@"', "sh"]
        try:
            done = self.done(
                [*how, container, "--", *shell, "/usr/local/bin/fetch_and_run", *words]
            )
        finally:
            self.call("rm", container)
        texts = (written["out"].read_text(), written["err"].read_text() + done.stderr)
        return subprocess.CompletedProcess(done.args, done.returncode, *texts)

    def done(self, words: Iterable[str | Path]) -> subprocess.CompletedProcess[str]:
        """Call buildah, and return how that ended."""
        return subprocess.run(
            [*self.words, *map(str, words)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )


@contextmanager
def built_image() -> Iterator[ImageStore]:
    """Build the image and lend the store that holds it and its base."""
    with tempfile.TemporaryDirectory(prefix="pegbatch-images-") as folder:
        store = next(filter(_works, (ImageStore(Path(folder), one) for one in DRIVERS)))
        container = store.call("from", "scratch")
        store.call("add", "-q", container, base_directory(), "/")
        store.call("commit", "-q", "--rm", container, BASE)
        context = Path(folder) / "context"
        # Followed links: the entry script lies in the package, too.
        shutil.copytree(ROOT / "containers" / "fetch-and-run", context)
        settings = Path(folder) / "pip.conf"
        settings.write_text(pip_settings())
        store.call(
            *("bud", "--isolation", "chroot", "--pull-never", "--build-arg", f"BASE={BASE}"),
            *("--volume", f"{settings}:/etc/pip.conf:ro"),
            *("--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"),
            *("-t", IMAGE, context),
        )
        yield store


def _works(store: ImageStore) -> bool:
    """Tell whether layers can be stored in a way, on this kernel and below that folder."""
    apart = replace(store, folder=store.folder / store.driver)
    return apart.done(["from", "scratch"]).returncode == 0


def base_directory() -> Path:
    """Return a root file system of Debian packages, made where it is not in the cache."""
    CACHE.mkdir(mode=0o700, exist_ok=True)
    assert CACHE.stat().st_uid == os.geteuid()
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        root, draft = CACHE / "root", CACHE / "draft"
        if not root.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
            debootstrap(draft)
            draft.rename(root)
        return root


def debootstrap(target: Path) -> None:
    """Install the packages into a folder, and drop what an image does not need."""
    words = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(target)]
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    for name in (
        "var/cache/apt/archives",
        "var/lib/apt/lists",
        "usr/share/doc",
        "usr/share/locale",
    ):
        shutil.rmtree(target / name, ignore_errors=True)


def pip_settings() -> str:
    """Return where pip finds packages on this machine, as far as a container reaches it."""
    words = [sys.executable, "-m", "pip", "config", "list"]
    # The tests take the home away; what pip reads there counts all the same.
    settings = {**os.environ, "HOME": pwd.getpwuid(os.geteuid()).pw_dir}
    done = subprocess.run(words, env=settings, capture_output=True, text=True, check=True)
    listed = done.stdout
    found = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        key, text = name.rpartition(".")[2], value.strip("'\"")
        if key in PIP_SETTINGS and "file:" not in text:
            found[key] = text
    return "[global]\n" + "".join(f"{key} = {value}\n" for key, value in found.items())
