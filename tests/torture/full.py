"""A full disk: writes get 507 or 503, reads work, and the server recovers."""

import os
import resource
import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

from . import writers as load
from .client import Connection
from .server import Folder, Server, check, eventually, require
from .stored import Stored

SIZE = 12 << 20
ROOM = 4 << 20
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@contextmanager
def small_disk(folder):
    """Mounts a tmpfs of a few MiB with a removable file, if mounting is permitted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "none", folder]
    can_mount = os.geteuid() == 0 and shutil.which("mount")
    if not can_mount or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        print("torture: full: NO TMPFS (mount needs root): files are limited in size instead", flush=True)
        yield None
        return
    filler = folder / "filler"
    filler.write_bytes(bytes(ROOM))
    try:
        yield filler
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def limited():
    """Runs in the child: a write beyond the limit becomes an error (EFBIG) instead of a signal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE - ROOM, resource.RLIM_INFINITY))


def once(options, folder, filler):
    """Fills the disk, tests the server, frees space, and tests it again."""
    database = folder / "memory.db"
    with Server(options.program, database, before_start=None if filler else limited) as server:
        port = server.listen().port
        clients = load.start(port, 4, "filling", options.seed, size=20_000)
        eventually("the disk is full", 60, lambda: sum(client.refused for client in clients) > 20)
        connection = Connection(port)
        for target in ("/live", "/api/v1/state?entity=tasks&limit=3", "/api/v1/state?entity=users"):
            status, _ = connection.get(target)
            require(status == 200, f"reads work on a full disk: {target} is {status}")
        for action, params in (("list_users", {}), ("search_tasks", {"query": "filling"}), ("list_tasks", {})):
            status, _ = connection.call(action, **params)
            require(status == 200, f"reads work on a full disk: {action} is {status}")
        require(any("full" in line or "I/O" in line for line in server.lines), "the log has the reason")
        refused = sum(client.refused for client in clients)
        statuses = set().union(*(client.statuses for client in clients)) - {200}
        # The clients would fill the freed space before the test.
        answered = load.end(clients)
        if filler:
            filler.unlink()
        else:
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, UNLIMITED)

        def works():
            return connection.call("add_user", username=f"after-{os.urandom(4).hex()}")[0] == 200

        seconds = eventually("the server recovers when there is space", 10, works)
        server.terminate()
        status = server.wait()
        # Without enough space for the file, the write-ahead log stays.
        require(status == 0 or "closing the database: the storage is full" in server.log, server.log)
    check(options.program, database)
    with Stored(database) as stored:
        stored.require_answered(clients)
    return answered, refused, statuses, seconds


def run(options):
    """Fills a small disk again and again."""
    answered, refused, statuses, slowest = 0, 0, set(), 0.0
    for _ in range(options.rounds):
        with Folder() as parent:
            folder = parent / "disk"
            folder.mkdir()
            with small_disk(folder) as filler:
                done = once(options, Path(folder), filler)
        answered, refused, statuses = answered + done[0], refused + done[1], statuses | done[2]
        slowest = max(slowest, done[3])
    said = " and ".join(str(status) for status in sorted(statuses))
    return [
        ("disk full", f"{options.rounds} times, {answered} acknowledged and {refused} rejected writes",
         f"rejected with {said}, reads answered, 0 lost"),
        ("space on the disk again", f"{options.rounds} times", f"writes work after {slowest * 1000:.0f} ms at most"),
    ]
