"""A long load: memory and descriptors do not grow."""

import multiprocessing
import random
import time

from .client import Connection, get, post
from .server import Folder, Server, check, require

PROCESSES, CONNECTIONS = 2, 16
# Users and tasks that always exist, so that the cost of a request stays the same.
USERS, TASKS = 50, 500
WARM_UP, MOST_GROWTH = 0.1, 0.05
# With fewer requests the growth is only the warm-up.
FEWEST_JUDGED = 1_000_000


def requests(chance, label):
    """Returns one round of requests: reads, rejected calls, and writes that do not change the number of rows."""
    user = f"{label}-{chance.randrange(1 << 30)}"
    task = chance.randrange(1, TASKS + 1)
    return [
        get("/"), post("list_users", {}), post("get_user", {"username": f"user-{chance.randrange(USERS)}"}),
        post("search_tasks", {"query": f"task {chance.randrange(TASKS)}"}), post("list_tasks", {"limit": 10}),
        get(f"/api/v1/state?entity=tasks&limit=5&offset={chance.randrange(TASKS)}"), get("/api/v1/logs?limit=3"),
        post("calculate", {"operation": "sum", "numbers": [1, 2, task]}), post("get_user", {}),
        post("nope", {}), get("/nowhere"),
        post("update_task", {"task_id": task, "title": f"task {task} again {chance.randrange(1000)}"}),
        post("add_user", {"username": user, "metadata": {"n": task}}), post("remove_user", {"username": user}),
    ]


def client(port, count, seed, label, done):
    """Sends on all connections, then reads from all, so that many requests are in flight at once."""
    chance = random.Random(f"{seed}/{label}")
    connections = [Connection(port) for _ in range(CONNECTIONS)]
    statuses, sent = {}, 0
    while sent < count:
        rounds = [requests(chance, f"{label}-{number}") for number in range(CONNECTIONS)]
        # Each starts at another position of its round, so that different requests meet.
        for step in range(len(rounds[0])):
            for connection, queue in zip(connections, rounds):
                connection.send(queue[step])
            for connection in connections:
                status, _ = connection.answer()
                statuses[status] = statuses.get(status, 0) + 1
            sent += CONNECTIONS
            done.value = sent
        if chance.random() < 0.01:
            connections[0].close()
            connections[0] = Connection(port)
    for connection in connections:
        connection.close()
    unexpected = {status: count for status, count in statuses.items() if status not in (200, 400, 404)}
    if unexpected:
        raise SystemExit(f"unexpected answers: {unexpected}")


def measured(server):
    """Returns memory and descriptors; short-lived clients do not count."""
    return server.resident_bytes(), server.descriptors()


def run(options):
    """Sends the requests, and measures after the warm-up and at the end."""
    count = options.requests
    with Folder() as folder:
        database = folder / "memory.db"
        with Server(options.program, database, {"MCP_LOG_RETENTION": "1000"}) as server:
            port = server.listen().port
            connection = Connection(port)
            for number in range(TASKS):
                connection.call("add_task", title=f"task {number}", description="soak " * 10)
            for number in range(USERS):
                connection.call("add_user", username=f"user-{number}")
            counters = [multiprocessing.Value("q", 0, lock=False) for _ in range(PROCESSES)]
            clients = [
                multiprocessing.Process(
                    target=client, args=(port, count // PROCESSES, options.seed, f"client-{n}", counters[n])
                )
                for n in range(PROCESSES)
            ]
            started = time.monotonic()
            for process in clients:
                process.start()
            early = None
            while any(process.is_alive() for process in clients):
                time.sleep(0.1)
                sent = sum(counter.value for counter in counters)
                if early is None and sent >= count * WARM_UP and all(p.is_alive() for p in clients):
                    early = measured(server)
                    print(f"torture: soak: after {sent}: {early[0]} bytes, {early[1]} descriptors", flush=True)
                if early is not None and all(p.is_alive() for p in clients):
                    late = measured(server)
            seconds = time.monotonic() - started
            sent = sum(counter.value for counter in counters)
            require(all(process.exitcode == 0 for process in clients), "every answer is right")
            require(early is not None, "the warm-up ends before the load")
            server.stop()
        check(options.program, database)
    growth = [late / early - 1 for early, late in zip(early, late)]
    if count >= FEWEST_JUDGED:
        require(max(growth) < MOST_GROWTH, f"memory and descriptors grow by {growth[0]:.1%} and {growth[1]:.1%}")
    mib = [f"{value / (1 << 20):.1f}" for value in (early[0], late[0])]
    return [
        ("soak", f"{sent} requests in {seconds:.0f} s ({sent / seconds:.0f}/s)", "all answered"),
        ("memory between a tenth and the end", f"{mib[0]} MiB to {mib[1]} MiB", f"{growth[0]:+.1%}"),
        ("descriptors between a tenth and the end", f"{early[1]} to {late[1]}", f"{growth[1]:+.1%}"),
    ]
