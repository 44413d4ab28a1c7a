"""The command line."""

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
    "v2_csv": calls.v2_csv,
    "v2_auto": calls.v2_auto,
    "mcp_query": calls.mcp_query,
    "lean": calls.lean,
    "add_task": writes.add_task,
    "search_tasks": scale.search_tasks,
    "state": scale.state,
    "add_task_large": writes.add_task_large,
    "list_tasks": process.list_tasks,
    "start": process.start,
    "postgres": postgres.add_task,
    "page_title": browser.page_title,
}
# Rows that are measured together with another.
EXTRA = {"start": "idle", "lean": "lean_memory"}
# The order of the table.
ORDER = [name for row in ROWS for name in (row, EXTRA.get(row)) if name]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures the server and writes docs/bench/. Needs a quiet machine.",
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"one of: {', '.join(ROWS)}; default: all")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each side, default 5")
    parser.add_argument("--seconds", type=float, default=4, help="seconds of a round, default 4")
    parser.add_argument("--no-write", action="store_true", help="do not write docs/bench/")
    parser.add_argument("--release", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--postgres", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    for row in options.rows:
        if row not in ROWS:
            parser.error(f"unknown row {row!r}: use {', '.join(ROWS)}")
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds must be at least 1")
    return options


def main() -> int:
    options = arguments()
    work = options.release.parent / "bench"
    work.mkdir(exist_ok=True)
    bench = Bench(Programs(options.release, options.postgres), options.rounds, options.seconds, work)
    machine, folder = described(), REPOSITORY / "docs" / "bench"
    measured: list[Row] = []
    skipped: dict[str, str] = {}
    failed: dict[str, str] = {}
    began = time.monotonic()
    for name in options.rows or ROWS:
        print(f"[{time.monotonic() - began:4.0f} s] {name}", flush=True)
        try:
            measured += ROWS[name](bench)
        except NotMeasured as reason:
            skipped[name] = str(reason)
        except (RuntimeError, subprocess.CalledProcessError) as error:
            # Continue with the other rows.
            failed[name] = str(error)
    if not options.no_write and measured:
        merged = {row.name: row for row in report.read(folder, machine, options.rounds, options.seconds)}
        merged |= {row.name: row for row in measured}
        rows = sorted(merged.values(), key=lambda row: ORDER.index(row.name))
        report.write(folder, machine, options.rounds, options.seconds, rows)
    print(f"\n{report.table(measured)}\n\n{report.verdict(measured)}")
    for name, reason in skipped.items():
        print(f"NOT MEASURED: {name}: {reason}")
    for name, error in failed.items():
        print(f"FAILED: {name}: {error}")
    return 0 if not failed and all(row.passed for row in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
