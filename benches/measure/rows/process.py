"""The process: its start time, its idle memory, and its memory while it streams."""

import statistics
import time

from ..bench import Bench, url
from ..load import Request
from ..result import Row, Target, in_turn

MANY = 1_000_000
SETTLE_SECONDS = 1


def list_tasks(bench: Bench) -> list[Row]:
    """Measures the peak memory while a million tasks are sent, above the idle memory."""
    idle: list[float] = []
    with bench.folder() as folder:
        database = url(bench.filled(MANY, folder))

        def peak() -> float:
            with bench.programs.ours(database, folder) as server:
                server.ask(Request("/"))
                time.sleep(SETTLE_SECONDS)
                idle.append(server.memory("VmRSS"))
                server.forget_peak()
                with server.answer(Request.action("list_tasks")) as answer:
                    size = 0
                    while block := answer.read(1 << 16):
                        size += len(block)
                assert size > MANY * 100, f"{size} bytes are not {MANY} tasks"
                return server.memory("VmHWM")

        samples = in_turn(bench.rounds, {"peak": peak})
    samples["idle"] = idle
    above = statistics.median(most - before for most, before in zip(samples["peak"], idle))
    work = f"v1 `list_tasks` over {MANY:,} tasks, one client"
    target = Target("at most", 64, "MiB above idle")
    return [Row("list_tasks", work, "MiB", samples, above, target)]


def start(bench: Bench) -> list[Row]:
    """Measures the time from the start to the first answer, on a new database, and then the memory."""
    memory: list[float] = []

    def first_answer() -> float:
        with bench.folder() as folder:
            with bench.programs.ours(url(folder / "memory.db"), folder) as server:
                server.ask(Request("/"))
                milliseconds = (time.perf_counter() - server.started) * 1000
                time.sleep(SETTLE_SECONDS)
                memory.append(server.memory("VmRSS"))
                return milliseconds

    samples = in_turn(bench.rounds, {"ours": first_answer})
    return [
        Row(
            "start",
            "start to first answer, new database",
            "ms",
            samples,
            statistics.median(samples["ours"]),
            Target("at most", 150, "ms"),
        ),
        Row(
            "idle",
            "idle memory",
            "MiB",
            {"ours": memory},
            statistics.median(memory),
            Target("at most", 30, "MiB"),
        ),
    ]
