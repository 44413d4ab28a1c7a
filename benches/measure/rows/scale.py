"""Reads whose cost must depend on the answer and not on the stored rows: ten thousand tasks and a million."""

import json

from ..bench import HITS, WORD, Bench, url
from ..load import Request
from ..result import Row, Target, in_turn, ratio

CONNECTIONS = 32
FEW, MANY = 10_000, 1_000_000
PAGE = 50


def compared(
    bench: Bench, name: str, work: str, request: Request, answers: int, most: float
) -> list[Row]:
    """Compares the 99th percentile of the latency with many tasks and with few."""
    ours = bench.programs.ours
    with bench.folder() as few_folder, bench.folder() as many_folder:
        with (
            ours(url(bench.filled(FEW, few_folder)), few_folder) as few,
            ours(url(bench.filled(MANY, many_folder)), many_folder) as many,
        ):
            for server in (few, many):
                found = rows_in(json.loads(server.ask(request))["data"])
                assert found == answers, f"{name} gave {found} rows"
                bench.warm(server, request, CONNECTIONS, few_folder)
            samples = in_turn(
                bench.rounds,
                {
                    f"{MANY:,} tasks": lambda: bench.load(
                        many, request, CONNECTIONS, many_folder
                    ).p99,
                    f"{FEW:,} tasks": lambda: bench.load(few, request, CONNECTIONS, few_folder).p99,
                },
            )
    return [ratio(name, work, "ms, p99", samples, Target("at most", most, "times"))]


def rows_in(data: object) -> int:
    """Counts the items of a list, or of the only list in an object."""
    if isinstance(data, dict):
        data = next(value for value in data.values() if isinstance(value, list))
    assert isinstance(data, list)
    return len(data)


def search_tasks(bench: Bench) -> list[Row]:
    work = f"v1 `search_tasks`, {HITS} hits, {MANY:,} tasks against {FEW:,}"
    request = Request.action("search_tasks", query=WORD)
    return compared(bench, "search_tasks", work, request, HITS, 2)


def state(bench: Bench) -> list[Row]:
    path = f"/api/v1/state?entity=tasks&limit={PAGE}&offset=0"
    work = f"`state?entity=tasks&limit={PAGE}&offset=0`, the same"
    return compared(bench, "state", work, Request(path), PAGE, 1.5)
