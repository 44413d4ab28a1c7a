"""SIGTERM under load: no in-flight request fails."""

import random
import threading
import time

from .client import Connection, Gone, get, post
from .server import Folder, Server, check, require
from .stored import Stored

CLIENTS = 16


class Client(threading.Thread):
    """Sends requests on one connection until it closes, and notes the time of each."""

    def __init__(self, port, label):
        super().__init__(daemon=True)
        self.port, self.label = port, label
        self.titles, self.answered, self.unanswered, self.fault = [], 0, None, None

    def run(self):
        connection = Connection(self.port)
        number = 0
        while True:
            number += 1
            title = f"{self.label}-{number}"
            try:
                is_write = number % 3 != 0
                connection.send(post("add_task", {"title": title}) if is_write else get("/api/v1/state?limit=5"))
            except Gone:
                return
            sent = time.monotonic()
            try:
                status, body = connection.answer()
            except Gone:
                self.unanswered = sent
                return
            if status != 200:
                self.fault = f"{status} {body[:200]!r}"
                return
            self.answered += 1
            if is_write:
                self.titles.append(title)


def run(options):
    """Stops a busy server at random moments."""
    chance, answered, crossed = random.Random(options.seed), 0, 0
    for _ in range(options.rounds):
        with Folder() as folder:
            database = folder / "memory.db"
            with Server(options.program, database) as server:
                server.listen()
                clients = [Client(server.port, f"client-{number}") for number in range(CLIENTS)]
                for client in clients:
                    client.start()
                time.sleep(chance.uniform(0.1, 0.4))
                signalled_at = time.monotonic()
                server.stop()
                for client in clients:
                    client.join(60)
                    require(not client.is_alive(), "no client waits forever")
                    require(client.fault is None, f"every answer is valid: {client.fault}")
                    late = client.unanswered
                    require(late is None or late >= signalled_at, "every request that was sent before the signal is answered")
                    answered += client.answered
                    crossed += late is not None
            left = sorted(path.name for path in folder.iterdir())
            require(left == ["memory.db"], f"one file is the whole database: {left}")
            check(options.program, database)
            with Stored(database) as stored:
                titles = {title for (title,) in stored.rows("SELECT title FROM tasks")}
                for client in clients:
                    require(titles.issuperset(client.titles), "every acknowledged write is stored")
    tried = f"{options.rounds} stops, {CLIENTS} connections, {answered} requests"
    return [
        ("SIGTERM under load", tried, "0 in flight failed"),
        ("requests that crossed the closing of an idle connection", tried, f"{crossed} to send again"),
    ]
