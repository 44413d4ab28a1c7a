"""Another process locks the database: writes are refused with 503 in time, reads go on, nothing is lost."""

import sqlite3
import time

from . import writers as load
from .client import Connection
from .server import Folder, Server, check, eventually, require
from .stored import Stored

# The server waits 5 s for a lock; a write may have to wait behind another that waits.
LONGEST = 12.0


def once(options, folder, how):
    """Locks, looks and lets go."""
    database = folder / "memory.db"
    with Server(options.program, database) as server:
        Connection(server.listen().port).call("add_user", username="nobody")
        port = server.listen().port
        clients = load.start(port, 4, how.split()[-1], options.seed)
        eventually("writes are answered", 30, lambda: sum(client.answered for client in clients) > 50)
        holder = sqlite3.connect(database, isolation_level=None, timeout=30)
        holder.execute(how)
        connection = Connection(port)
        started = time.monotonic()
        reads = 0
        while time.monotonic() - started < 1:
            status, _ = connection.call("get_user", username="nobody")
            require(status == 200, f"reads go on: {status}")
            reads += 1
        require(reads > 10, f"reads do not wait for the lock: {reads} in a second")
        connection.send(b"POST /api/v1/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        started = time.monotonic()
        status, body = connection.answer()
        seconds = time.monotonic() - started
        require(status == 503, f"a write is refused with 503 while the lock is held: {status} {body!r}")
        require(seconds < LONGEST, f"a write is refused within {LONGEST} s, not {seconds:.1f} s")
        eventually("others are refused", LONGEST, lambda: any(c.refused for c in clients))
        holder.execute("ROLLBACK")
        holder.close()

        def works():
            return connection.call("add_user", username=f"after-{time.monotonic()}")[0] == 200

        again = eventually("it recovers when the lock is gone", LONGEST, works)
        answered = load.end(clients)
        server.stop()
    check(options.program, database)
    with Stored(database) as stored:
        stored.require_answered(clients)
    return answered, seconds, again


def run(options):
    """Both kinds of lock that keep a writer out."""
    results = []
    for how in ("BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"):
        answered, slowest, again = 0, 0.0, 0.0
        for _ in range(options.rounds):
            with Folder() as folder:
                done = once(options, folder, how)
            answered, slowest, again = answered + done[0], max(slowest, done[1]), max(again, done[2])
        results.append((
            f"locked by another process ({how})", f"{options.rounds} times, {answered} acknowledged writes",
            f"503 after {slowest:.1f} s at most, reads answered, works again after {again:.1f} s, 0 lost",
        ))
    return results
