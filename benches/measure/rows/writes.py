"""Durable writes: many clients that share a commit, and the effect of the table's size."""

from ..bench import Bench, url
from ..load import Request
from ..result import Row, Target, in_turn, ratio
from .calls import seed

MANY = 1_000_000

ADD_TASK = Request.action(
    "add_task",
    title="Write the release notes",
    description="Needed before the next release. See the design document.",
    priority="medium",
    status="pending",
    assigned_to="alice",
)


def add_task(bench: Bench) -> list[Row]:
    """Compares group commit with a transaction for each request, each time on an empty database."""
    connections = 64

    def ours() -> float:
        with bench.folder() as folder:
            database = url(folder / "memory.db")
            with bench.programs.ours(database, folder) as server:
                seed(server)
                return bench.load(server, ADD_TASK, connections, folder).rate

    def one_by_one() -> float:
        with bench.folder() as folder:
            with bench.programs.one_by_one(folder / "memory.db", folder) as server:
                return bench.load(server, ADD_TASK, connections, folder).rate

    samples = in_turn(bench.rounds, {"ours": ours, "one transaction each": one_by_one})
    work = f"v1 `add_task`, FULL, {connections} connections"
    target = Target("at least", 6, "times one transaction each")
    return [ratio("add_task", work, "answers/s", samples, target)]


def add_task_large(bench: Bench) -> list[Row]:
    """Compares writes to a table of a million tasks, which grows with each round, with writes to an empty table."""
    connections = 32
    with bench.folder() as large_folder:
        database = url(bench.filled(MANY, large_folder))
        # Each round starts a new server, so that both sides have just started.

        def large() -> float:
            with bench.programs.ours(database, large_folder) as server:
                return bench.load(server, ADD_TASK, connections, large_folder).rate

        def empty() -> float:
            with bench.folder() as folder:
                with bench.programs.ours(url(folder / "memory.db"), folder) as server:
                    return bench.load(server, ADD_TASK, connections, folder).rate

        samples = in_turn(bench.rounds, {f"{MANY:,} tasks": large, "empty": empty})
    work = f"`add_task` at {MANY:,} tasks against an empty table"
    target = Target("at least", 0.7, "of the rate")
    return [ratio("add_task_large", work, "answers/s", samples, target)]
