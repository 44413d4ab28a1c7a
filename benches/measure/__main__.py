"""The command line: which rows, how many rounds, how long."""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import report
from .bench import Bench
from .machine import REPOSITORY, described
from .result import NotMeasured, Row
from .rows import browser, calls, postgres, process, scale, writes
from .servers import Programs

ROWS: dict[str, Callable[[Bench], list[Row]]] = {
    "root": calls.root,
    "list_users": calls.list_users,
    "get_user": calls.get_user,
    "add_task": writes.add_task,
    "search_tasks": scale.search_tasks,
    "state": scale.state,
    "add_task_large": writes.add_task_large,
    "list_tasks": process.list_tasks,
    "start": process.start,
    "postgres": postgres.add_task,
    "page_title": browser.page_title,
}
# In the order of the table: `start` gives two.
ORDER = [name for row in ROWS for name in ((row, "idle") if row == "start" else (row,))]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures the server and writes docs/bench/. On a quiet machine only.",
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"one of: {', '.join(ROWS)}; none is all")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each side (5)")
    parser.add_argument("--seconds", type=float, default=4, help="seconds of a round (4)")
    parser.add_argument("--no-write", action="store_true", help="leave docs/bench/ as it is")
    parser.add_argument("--release", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--postgres", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    for row in given.rows:
        if row not in ROWS:
            parser.error(f"there is no row {row}; the rows are {', '.join(ROWS)}")
    if given.rounds < 1 or given.seconds < 1:
        parser.error("--rounds and --seconds are at least 1")
    return given


def main() -> int:
    given = arguments()
    work = given.release.parent / "bench"
    work.mkdir(exist_ok=True)
    bench = Bench(Programs(given.release, given.postgres), given.rounds, given.seconds, work)
    machine, folder = described(), REPOSITORY / "docs" / "bench"
    measured: list[Row] = []
    skipped: dict[str, str] = {}
    failed: dict[str, str] = {}
    began = time.monotonic()
    for name in given.rows or ROWS:
        print(f"[{time.monotonic() - began:4.0f} s] {name}", flush=True)
        try:
            measured += ROWS[name](bench)
        except NotMeasured as reason:
            skipped[name] = str(reason)
        except (RuntimeError, subprocess.CalledProcessError) as error:
            # The others can be measured all the same.
            failed[name] = str(error)
    if not given.no_write and measured:
        kept = {row.name: row for row in report.read(folder, machine, given.rounds, given.seconds)}
        kept |= {row.name: row for row in measured}
        rows = sorted(kept.values(), key=lambda row: ORDER.index(row.name))
        report.write(folder, machine, given.rounds, given.seconds, rows)
    print(f"\n{report.table(measured)}\n\n{report.verdict(measured)}")
    for name, reason in skipped.items():
        print(f"NOT MEASURED: {name}: {reason}")
    for name, error in failed.items():
        print(f"FAILED: {name}: {error}")
    return 0 if not failed and all(row.passed for row in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
