"""A disk that is full: writes are refused with 507 or 503, reads work, and it recovers."""

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
    """A tmpfs of a few MiB with a file that can be removed, where this may mount."""
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
    """In the child: a write beyond the limit is an error (EFBIG) and no signal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE - ROOM, resource.RLIM_INFINITY))


def once(options, folder, filler):
    """Fills the disk, looks at it, makes room, and looks again."""
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
        require(any("full" in line or "I/O" in line for line in server.lines), "the log says why")
        refused = sum(client.refused for client in clients)
        statuses = set().union(*(client.statuses for client in clients)) - {200}
        # They would fill the new room before anybody has looked.
        answered = load.end(clients)
        if filler:
            filler.unlink()
        else:
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, UNLIMITED)

        def works():
            return connection.call("add_user", username=f"after-{os.urandom(4).hex()}")[0] == 200

        seconds = eventually("it recovers when there is room", 10, works)
        server.terminate()
        status = server.wait()
        # What is in the write-ahead log stays there where there is too little room in the file.
        require(status == 0 or "closing the database: the storage is full" in server.log, server.log)
    check(options.program, database)
    with Stored(database) as stored:
        stored.require_answered(clients)
    return answered, refused, statuses, seconds


def run(options):
    """A small disk is filled, again and again."""
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
        ("disk full", f"{options.rounds} times, {answered} acknowledged and {refused} refused writes",
         f"refused with {said}, reads answered, 0 lost"),
        ("room on the disk again", f"{options.rounds} times", f"writes work after {slowest * 1000:.0f} ms at most"),
    ]
