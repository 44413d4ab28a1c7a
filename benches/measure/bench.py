"""The environment of a row: programs, rounds, folders and filled databases."""

import hashlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import load
from .load import Load, Request
from .servers import Programs, Server

# A word that exactly HITS tasks of a filled database contain.
WORD = "periwinkle"
HITS = 20
# With slower answers, a second of load may end before the first answer.
SLOW_SECONDS = 0.1


@dataclass(frozen=True)
class Bench:
    """The programs to measure, and the number and duration of rounds."""

    programs: Programs
    rounds: int
    seconds: float
    work: Path  # Must be on a real disk, since fsync is free in memory.

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Creates a temporary folder."""
        with tempfile.TemporaryDirectory(dir=self.work, prefix="run-") as name:
            yield Path(name)

    def load(self, server: Server, request: Request, connections: int, folder: Path) -> Load:
        """Runs one round."""
        return load.run(server.url, request, connections, self.seconds, folder)

    def warm(self, server: Server, request: Request, connections: int, folder: Path) -> None:
        """Runs a second of the same load without measuring it. Stops early if answers are slow."""
        for _ in range(connections):
            began = time.monotonic()
            server.ask(request)
            if time.monotonic() - began > SLOW_SECONDS:
                return
        load.run(server.url, request, connections, 1, folder)

    def filled(self, tasks: int, folder: Path) -> Path:
        """Returns a copy of a database with three users and this many tasks."""
        copy = folder / "memory.db"
        shutil.copyfile(self.original(tasks), copy)
        return copy

    def original(self, tasks: int) -> Path:
        """Returns the filled database. It is reused until the program `fill` changes."""
        fill = self.programs.release / "fill"
        version = hashlib.sha256(fill.read_bytes()).hexdigest()[:16]
        file = self.work / f"filled-{tasks}-{version}.db"
        if not file.exists():
            for old in self.work.glob(f"filled-{tasks}-*"):
                old.unlink()
            print(f"  (filling a database with {tasks:,} tasks)", flush=True)
            half = file.with_suffix(".half")
            counts = ["--tasks", str(tasks), "--hits", str(HITS), "--word", WORD]
            subprocess.run([fill, "--database", half, *counts], check=True)
            half.rename(file)
        return file


def url(database: Path) -> str:
    """Returns the DATABASE_URL of a database file."""
    return f"sqlite:///{database}"
