"""Writes docs/bench/: the raw numbers, the page with the table, and the plot."""

import json
from pathlib import Path

from . import plot
from .result import Row, figure

PAGE = """\
# Costs of the service

This page is for people who size or change the server: it compares the speed and memory of the server with its targets.
`scripts/bench` writes everything in this folder; do not edit it. The raw numbers are in [results.json](results.json).

![Each row against its target](bench.svg)

{table}

{verdict}

- **The machine:** {machine}. The load generator runs on the same cores as the server.
- **A round** is {seconds} s of load. Both sides run at least {rounds} rounds, in turn; the figures are the medians of the rounds.
  `page_title` is one round of nine pairs.
- **The server** is the release binary on loopback with its defaults (the log of actions is on, writes are synced with
  `FULL`), except that the rate limit is off. It has three users.
- **The floor** is a bare actix-web handler that returns the same bytes, with the same number of workers and the server's
  allocator (`benches/src/bin/floor.rs`).
- **One transaction each** is a server that runs the same two inserts into the same tables, in an immediate transaction for
  each request (`benches/src/bin/one_by_one.rs`). It has one connection, in its own thread.
- **p99** is the time within which 99 of 100 answers arrived, at 32 connections.
- **pgbench** runs the same two inserts between `BEGIN` and `COMMIT`, as prepared statements over the same number of
  connections, in a copy of the server's tables, on the same PostgreSQL with its defaults. Its ids come from a sequence, so
  its transactions do not wait for each other. The server's ids have no gaps, so its writes do.
"""


def write(folder: Path, machine: dict[str, str], rounds: int, seconds: float, rows: list[Row]) -> None:
    """Writes all files."""
    folder.mkdir(parents=True, exist_ok=True)
    results = {
        "machine": machine,
        "rounds": rounds,
        "seconds": seconds,
        "rows": [row.as_json() for row in rows],
    }
    (folder / "results.json").write_text(compact(results))
    page = PAGE.format(
        table=table(rows),
        verdict=verdict(rows),
        machine=", ".join(machine.values()),
        seconds=f"{seconds:g}",
        rounds=rounds,
    )
    (folder / "README.md").write_text(page)
    plot.draw(rows, folder / "bench.svg")


def read(folder: Path, machine: dict[str, str], rounds: int, seconds: float) -> list[Row]:
    """Reads earlier rows that were measured in the same way, on a machine of this kind."""
    file = folder / "results.json"
    if not file.exists():
        return []
    results = json.loads(file.read_text())
    if (results["machine"], results["rounds"], results["seconds"]) != (machine, rounds, seconds):
        return []
    return [Row.from_json(row) for row in results["rows"]]


def compact(results: dict) -> str:
    """Formats JSON for people and diffs: one line for each row."""
    rounded = json.loads(json.dumps(results), parse_float=lambda text: float(f"{float(text):.6g}"))
    rows = ",\n    ".join(json.dumps(row, ensure_ascii=False) for row in rounded.pop("rows"))
    head = json.dumps(rounded, indent=2, ensure_ascii=False).removesuffix("\n}")
    return f'{head},\n  "rows": [\n    {rows}\n  ]\n}}\n'


def table(rows: list[Row]) -> str:
    """Formats the rows as a Markdown table that is readable in a terminal too."""
    cells = [["row", "work", "medians", "value", "target", ""]]
    for row in rows:
        medians = ", ".join(f"{side} {figure(it)}" for side, it in row.medians.items())
        value = f"**{figure(row.value)}**"
        verdict = "met" if row.passed else "**missed**"
        cells.append(
            [f"`{row.name}`", row.work, f"{medians} {row.unit}", value, str(row.target), verdict]
        )
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    cells.insert(1, ["-" * width for width in widths])
    lines = ("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in cells)
    return "\n".join(lines)


def verdict(rows: list[Row]) -> str:
    """Summarizes the number of met targets."""
    met = sum(row.passed for row in rows)
    return f"{met} of {len(rows)} targets are met."
