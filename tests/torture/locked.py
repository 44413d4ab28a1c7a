"""Another process locks the database: writes get 503 in time, reads continue, nothing is lost."""

import sqlite3
import time

from . import writers as load
from .client import Connection
from .server import Folder, Server, check, eventually, require
from .stored import Stored

# The server waits 5 s for a lock; a write may wait for another waiting write first.
LONGEST = 12.0


def once(options, folder, how):
    """Locks the database, tests the server, and unlocks it."""
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
            require(status == 200, f"reads continue: {status}")
            reads += 1
        require(reads > 10, f"reads do not wait for the lock: {reads} in a second")
        connection.send(b"POST /api/v1/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        started = time.monotonic()
        status, body = connection.answer()
        seconds = time.monotonic() - started
        require(status == 503, f"a write gets 503 while the database is locked: {status} {body!r}")
        require(seconds < LONGEST, f"a write is rejected within {LONGEST} s, not {seconds:.1f} s")
        eventually("writes of other clients are rejected", LONGEST, lambda: any(c.refused for c in clients))
        holder.execute("ROLLBACK")
        holder.close()

        def works():
            return connection.call("add_user", username=f"after-{time.monotonic()}")[0] == 200

        again = eventually("the server recovers when the database is unlocked", LONGEST, works)
        answered = load.end(clients)
        server.stop()
    check(options.program, database)
    with Stored(database) as stored:
        stored.require_answered(clients)
    return answered, seconds, again


def run(options):
    """Tests both kinds of lock that block a writer."""
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
