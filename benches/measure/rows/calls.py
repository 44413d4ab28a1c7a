"""Cheap calls against the floor: the cost of the service on top of actix-web."""

import json
import statistics

from ..bench import Bench, url
from ..load import Request
from ..result import Row, Target, in_turn, ratio
from ..servers import Server

CONNECTIONS = 32
USERS = ("alice", "bob", "carol")
TASKS = 20


def seed(server: Server) -> None:
    """Adds three users, and tasks of the first one."""
    for username in USERS:
        server.ask(Request.action("add_user", username=username, role="developer"))
    for number in range(1, TASKS + 1):
        task = {
            "title": f"Review the release notes of version {number}",
            "description": "Two people have reported it. It should take an hour.",
            "assigned_to": USERS[0],
        }
        server.ask(Request.action("add_task", **task))


def against_floor(bench: Bench, name: str, work: str, request: Request, least: float) -> list[Row]:
    """Compares the server's rate with that of a handler that returns the same bytes."""
    with bench.folder() as folder, bench.programs.ours(url(folder / "memory.db"), folder) as ours:
        seed(ours)
        answer = ours.ask(request)
        assert not name.startswith(("list_", "get_")) or json.loads(answer)["success"], answer
        with bench.programs.floor(answer, folder) as floor:
            assert floor.ask(request) == answer
            for server in (ours, floor):
                bench.warm(server, request, CONNECTIONS, folder)
            samples = in_turn(
                bench.rounds,
                {
                    "ours": lambda: bench.load(ours, request, CONNECTIONS, folder).rate,
                    "floor": lambda: bench.load(floor, request, CONNECTIONS, folder).rate,
                },
            )
    return [ratio(name, work, "answers/s", samples, Target("at least", least, "of the floor"))]


def root(bench: Bench) -> list[Row]:
    return against_floor(bench, "root", "`GET /`", Request("/"), 0.85)


def list_users(bench: Bench) -> list[Row]:
    call = Request.action("list_users")
    return against_floor(bench, "list_users", "v1 `list_users`, 3 users", call, 0.5)


def get_user(bench: Bench) -> list[Row]:
    call = Request.action("get_user", username=USERS[0])
    work = f"v1 `get_user` with {TASKS} tasks"
    return against_floor(bench, "get_user", work, call, 0.35)


def v2_csv(bench: Bench) -> list[Row]:
    query = Request.query("list_tasks", format="csv")
    return against_floor(bench, "v2_csv", f"v2 `list_tasks` in csv, {TASKS} tasks", query, 0.14)


def v2_auto(bench: Bench) -> list[Row]:
    query = Request.query("list_tasks", format="auto")
    return against_floor(bench, "v2_auto", f"v2 `list_tasks` in auto, {TASKS} tasks", query, 0.1)


def mcp_query(bench: Bench) -> list[Row]:
    call = Request.tool("query", action="list_tasks")
    work = f"MCP `tools/call` of `query`: `list_tasks`, {TASKS} tasks"
    return against_floor(bench, "mcp_query", work, call, 0.08)


def lean(bench: Bench) -> list[Row]:
    """Compares one connection's median time of v2 with that of v1, and measures the memory after it."""
    memory: list[float] = []
    requests = {
        "v2": Request.query("list_tasks", format="csv"),
        "v1": Request.action("list_tasks"),
    }
    with bench.folder() as folder, bench.programs.ours(url(folder / "memory.db"), folder) as ours:
        seed(ours)
        for request in requests.values():
            bench.warm(ours, request, 1, folder)

        def median(request: Request) -> float:
            time = bench.load(ours, request, 1, folder).p50
            memory.append(ours.memory("VmRSS"))
            return time

        sides = {side: lambda it=it: median(it) for side, it in requests.items()}
        samples = in_turn(bench.rounds, sides)
    times = statistics.median(samples["v2"]) / statistics.median(samples["v1"])
    work = f"v2 `list_tasks` in csv against v1, {TASKS} tasks, one connection"
    memory_work = "memory after lean calls on one connection"
    return [
        Row("lean", work, "ms, p50", samples, times, Target("at most", 4, "times v1")),
        Row("lean_memory", memory_work, "MiB", {"ours": memory}, max(memory), Target("at most", 60, "MiB")),
    ]
