"""Clients that hang up before they are answered: normal answers afterwards, and flat memory."""

import multiprocessing
import random
import socket
import struct
import time

from . import soak
from .client import Connection, get, post
from .server import Folder, Server, check, eventually, require

PROCESSES = 2
# Memory is measured after this part of the hang-ups, and may grow by this share until the end.
WARM_UP, MOST_GROWTH = 1 / 3, 0.05
# With fewer hang-ups the growth is only the warm-up.
FEWEST_JUDGED = 50_000
# The number of reads to abandon after the load: more than the server's queue takes.
ALONE = 2000
# The number of descriptors that may be open at the end in addition to those at the start.
MORE_DESCRIPTORS = 20


def requests():
    """Returns one request of each kind. They do not make the database grow."""
    setting = {"key": "abandoned", "value": 1}
    steps = [
        {"id": "count", "action": "list_tasks", "count": True},
        {"id": "set", "action": "update_config", "params": setting},
    ]
    return [
        post("get_user", {"username": "user-1"}), post("list_tasks", {}), post("search_tasks", {"query": "task"}),
        post("update_config", setting), post("batch", {"steps": steps}, "/api/v2/query"),
        post("batch", {"steps": steps, "atomic": True}, "/api/v2/query"),
        get("/api/v1/state"), get("/api/v1/logs?limit=10"), get("/ready"),
    ]


def hang_up(port, request, how="in the same packet", wait=0.0):
    """Sends a request and closes the connection: in the same packet, after a wait, or with a reset."""
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        if how == "in the same packet":
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        client.sendall(request)
        time.sleep(wait)
        if how == "with a reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            client.shutdown(socket.SHUT_WR)


def client(port, count, seed, label, done):
    """Sends this many requests and hangs up after each."""
    chance, kinds = random.Random(f"{seed}/{label}"), requests()
    for number in range(count):
        how = chance.choice(["in the same packet", "later", "with a reset"])
        hang_up(port, kinds[number % len(kinds)], how, chance.uniform(0, 0.002) if how == "later" else 0.0)
        done.value = number + 1


def started(work, port, count, options, label):
    """Starts a process, and returns it with a counter of its progress."""
    done = multiprocessing.Value("q", 0, lock=False)
    process = multiprocessing.Process(target=work, args=(port, count, options.seed, label, done))
    process.start()
    return process, done


def run(options):
    """Hangs up while other clients are served, and then sends every kind of request."""
    count = options.calls // PROCESSES
    with Folder() as folder:
        database = folder / "memory.db"
        with Server(options.program, database, {"MCP_LOG_RETENTION": "1000"}) as server:
            port = server.listen().port
            connection = Connection(port)
            for number in range(soak.TASKS):
                connection.call("add_task", title=f"task {number}", description="soak " * 10)
            for number in range(soak.USERS):
                connection.call("add_user", username=f"user-{number}")
            idle, begun = server.descriptors(), time.monotonic()
            # More requests than the client can send in that time.
            load, served = started(soak.client, port, 1 << 40, options, "load")
            clients = [started(client, port, count, options, f"client-{number}") for number in range(PROCESSES)]
            early = None
            while any(process.is_alive() for process, _ in clients):
                time.sleep(0.1)
                if early is None and sum(done.value for _, done in clients) >= WARM_UP * PROCESSES * count:
                    early = server.resident_bytes()
            late, seconds = server.resident_bytes(), time.monotonic() - begun
            require(load.is_alive(), "other clients are served")
            load.terminate()
            load.join()
            require(all(process.exitcode == 0 for process, _ in clients), "every connection is accepted")
            eventually("all connections are closed", 30, lambda: server.descriptors() < idle + MORE_DESCRIPTORS)
            for _ in range(ALONE):
                hang_up(port, requests()[0])
            # The first connection has been idle for too long.
            connection = Connection(port)
            for request in requests():
                status, body = connection.ask(request)
                require(status == 200, f"every kind of request is answered: {status} {body}")
            server.stop()
        check(options.program, database)
    early = early or late
    growth = late / early - 1
    if PROCESSES * count >= FEWEST_JUDGED:
        require(growth < MOST_GROWTH, f"memory grows by {growth:.1%}")
    tried = f"{PROCESSES * count} hang-ups in {seconds:.0f} s, with {served.value} answered requests of other clients"
    mib = [f"{value / (1 << 20):.1f}" for value in (early, late)]
    return [
        ("clients that hang up", tried, "every kind of request answered at once afterwards"),
        ("memory between a third of the hang-ups and the end", f"{mib[0]} MiB to {mib[1]} MiB", f"{growth:+.1%}"),
    ]
