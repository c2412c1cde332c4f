"""The embedded AWS as a running server."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import IO

from pegbatch.adapters.private_files import make_private, private_folder
from pegbatch.emulator.control import PREFIX, Control
from pegbatch.emulator.doorkeeper import is_own_user
from pegbatch.emulator.faults import Fault, Faults
from pegbatch.emulator.gateway import Gateway
from pegbatch.emulator.http_server import Connection, Elsewhere, Request, Response
from pegbatch.emulator.inheritance import of_children
from pegbatch.emulator.journal import Journal
from pegbatch.emulator.kept_settings import with_kept
from pegbatch.emulator.leftovers import end_leftovers
from pegbatch.emulator.log_files import LogFiles
from pegbatch.emulator.moto_process import MotoProcess, check_installed, is_installed
from pegbatch.emulator.passing_time import Clock, Home, Idle
from pegbatch.emulator.presence import Endpoint, forget, publish
from pegbatch.emulator.recovery import recover
from pegbatch.emulator.registry import Registry
from pegbatch.emulator.runtimes import ready_runner
from pegbatch.emulator.scheduler import JOB_VARIABLE, Scheduler
from pegbatch.emulator.service import Service
from pegbatch.emulator.settings import EmulatorSettings
from pegbatch.emulator.state.machine import Machine
from pegbatch.emulator.storage import Storage
from pegbatch.emulator.store_variables import MARK_VARIABLE, StoreVariables
from pegbatch.emulator.sweeping import sweep_drafts
from pegbatch.emulator.world import World
from pegbatch.errors import RunLocked

logger = logging.getLogger(__name__)
HOST = "127.0.0.1"
CLOSE_GRACE_SECONDS = 5.0


async def serve(
    settings: EmulatorSettings,
    *,
    faults: tuple[Fault, ...] = (),
    on_ready: Callable[[Endpoint], None] = lambda endpoint: None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until told to stop, or until nothing has happened for long enough.

    Errors: RunLocked where another emulator has the folder; OutsideError where moto's server or
    a container engine is wanted and missing.
    """
    if settings.wire:
        check_installed()
    stop = stop or asyncio.Event()
    private_folder(settings.folder)
    settings.buckets.mkdir(exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        await _hold_folder(settings, stop, stack)
        storage = _open_storage(settings, stack)
        settings = with_kept(settings, storage)
        journal = stack.enter_context(contextlib.closing(Journal(settings.folder / "events.jsonl")))
        scratch = stack.enter_context(_scratch(storage))
        world = new_world(settings)
        end_leftovers(f"{MARK_VARIABLE}={settings.folder}", JOB_VARIABLE)
        recover(world, storage)
        runner = await ready_runner(settings.runtime or "process", settings.folder, scratch)
        armed = _armed(settings, faults)
        environment = of_children(os.environ)
        variables = StoreVariables(settings, wire=is_installed())
        scheduler = Scheduler(
            world, runner, storage, journal, environment, variables.of, armed.next_start
        )
        stack.push_async_callback(runner.close, CLOSE_GRACE_SECONDS)
        stack.callback(scheduler.save)
        stack.callback(scheduler.close)
        moto = stack.enter_context(
            contextlib.closing(MotoProcess(scratch, settings.region, settings.account))
        )
        idle, gateway = _idle_and_gateway(settings, world, moto, armed, stop)
        stack.callback(idle.close)
        control = Control(world, armed, stop.set, lambda: moto.pid)
        handler = _handler(world, armed, scheduler, idle, control)
        endpoint = await stack.enter_async_context(
            _listening(settings, storage, handler, gateway.elsewhere)
        )
        variables.url = moto.url = endpoint.url
        if settings.wire:
            moto.start()
        scheduler.wake()
        with _signals(stop):
            on_ready(endpoint)
            await stop.wait()


async def _hold_folder(
    settings: EmulatorSettings, stop: asyncio.Event, stack: contextlib.AsyncExitStack
) -> None:
    """Keep others out of the folder, notice where it is deleted, and sweep what a kill left."""
    lock = stack.enter_context(await _only_one(settings))
    home = Home(lock, stop)
    stack.callback(home.close)
    sweeping = asyncio.create_task(asyncio.to_thread(sweep_drafts, settings.buckets))
    stack.push_async_callback(asyncio.wait, [sweeping])


def _open_storage(settings: EmulatorSettings, stack: contextlib.AsyncExitStack) -> Storage:
    path = settings.folder / "batch.db"
    make_private(path)
    return stack.enter_context(contextlib.closing(Storage(path)))


def _armed(settings: EmulatorSettings, faults: tuple[Fault, ...]) -> Faults:
    armed = Faults(settings.calls_per_second)
    for fault in faults:
        armed.arm(fault)
    return armed


def new_world(settings: EmulatorSettings) -> World:
    """Return an empty embedded AWS with the machine's clock and random ids."""

    def new_id() -> str:
        return uuid.uuid4().hex

    machine = Machine(settings.machine, new_id)
    return World(
        settings=settings,
        machine=machine,
        registry=Registry(settings.home, machine.placement),
        logs=LogFiles(settings.folder / "logs"),
        now=Clock().now,
        new_id=new_id,
        late_seconds=settings.machine.late_seconds,
    )


def _idle_and_gateway(
    settings: EmulatorSettings,
    world: World,
    moto: MotoProcess,
    faults: Faults,
    stop: asyncio.Event,
) -> tuple[Idle, Gateway]:
    """Make the two that know of each other: a request to moto is no idleness."""

    def is_busy() -> bool:
        return world.machine.core.open_jobs > 0 or gateway.active > 0

    idle = Idle(settings.idle_seconds, is_busy, stop)
    gateway = Gateway(moto, idle.touch, faults.next_elsewhere)
    return idle, gateway


def _handler(
    world: World, faults: Faults, scheduler: Scheduler, idle: Idle, control: Control
) -> Callable[[Request], Response | None]:
    service = Service(world, faults, scheduler.save)

    def handle(request: Request) -> Response | None:
        idle.touch()
        try:
            if request.path.startswith(PREFIX):
                return control.handle(request)
            return service.handle(request)
        finally:
            scheduler.wake()

    return handle


@contextlib.asynccontextmanager
async def _listening(
    settings: EmulatorSettings,
    storage: Storage,
    handler: Callable[[Request], Response | None],
    elsewhere: Elsewhere,
) -> AsyncIterator[Endpoint]:
    loop = asyncio.get_running_loop()
    connections: set[Connection] = set()

    def connect() -> Connection:
        return Connection(handler, connections, is_own_user, elsewhere)

    wanted = settings.port or int(storage.get("port") or 0)
    try:
        server = await loop.create_server(connect, HOST, wanted)
    except OSError:
        if settings.port:
            raise
        server = await loop.create_server(connect, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    storage.set("port", str(port))
    url = f"http://{HOST}:{port}"
    endpoint = Endpoint(url=url, pid=os.getpid(), folder=settings.folder, region=settings.region)
    publish(endpoint)
    try:
        yield endpoint
    finally:
        forget(endpoint)
        server.close()
        for connection in list(connections):
            connection.close()
        await server.wait_closed()


async def _only_one(settings: EmulatorSettings) -> IO[str]:
    """Lock the folder; the last emulator may take a moment to end."""
    file = (settings.folder / "server.lock").open("a")
    loop = asyncio.get_running_loop()
    patience = loop.time() + settings.lock_patience_seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except OSError:
            if loop.time() > patience:
                file.close()
                raise RunLocked(
                    "another embedded AWS is running on this folder",
                    where=str(settings.folder),
                    hint="use that one, or end it with `pegbatch emulator --stop`",
                ) from None
            await asyncio.sleep(0.05)


@contextlib.contextmanager
def _scratch(storage: Storage) -> Iterator[Path]:
    """Make the folder for working directories; sweep what a killed emulator left."""
    old = storage.get("scratch")
    if old:
        shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="pegbatch-"))
    storage.set("scratch", str(folder))
    yield folder


@contextlib.contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    try:
        for number in numbers:
            loop.add_signal_handler(number, stop.set)
    except (ValueError, RuntimeError):
        # Not in the main thread: whoever runs us there has an event to set.
        yield
        return
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
