"""kill -9 under write load, repeatedly on the same database."""

import random
import time

from . import writers as load
from .server import Folder, Server, check
from .stored import Stored

CLIENTS = 8
# The number of rounds with one database: each round continues with the state of the last.
ROUNDS_OF_A_DATABASE = 20


def run(options):
    """Kills the server at a random moment, and checks every answered write."""
    chance = random.Random(options.seed)
    answered, restarts, rounds = 0, [], options.rounds
    for first in range(0, rounds, ROUNDS_OF_A_DATABASE):
        with Folder() as folder:
            database, known = folder / "memory.db", []
            for number in range(first, min(first + ROUNDS_OF_A_DATABASE, rounds)):
                started = time.monotonic()
                with Server(options.program, database) as server:
                    server.listen()
                    restarts.append(time.monotonic() - started)
                    clients = load.start(server.port, CLIENTS, f"round-{number}", options.seed)
                    time.sleep(chance.uniform(0.02, 0.5))
                    server.kill()
                    answered += load.end(clients)
                known += clients
                check(options.program, database)
                with Stored(database) as stored:
                    stored.require_answered(known)
                    stored.settle(known)
    restarts.sort()
    return [
        ("kill -9 under write load", f"{rounds} kills, {answered} acknowledged writes", "0 lost"),
        ("start after a kill, until it listens", f"{rounds} starts, slowest", f"{restarts[-1] * 1000:.0f} ms"),
    ]
