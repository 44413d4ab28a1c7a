"""What every row is given: the programs, the rounds, folders and filled databases."""

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

# A word that exactly HITS tasks of a filled database hold.
WORD = "periwinkle"
HITS = 20
# With an answer slower than this, a second of load may end before the first one.
SLOW_SECONDS = 0.1


@dataclass(frozen=True)
class Bench:
    """How long and how often is measured, and with what."""

    programs: Programs
    rounds: int
    seconds: float
    work: Path  # On a real disk: fsync costs nothing where there is none.

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty folder that is gone afterwards."""
        with tempfile.TemporaryDirectory(dir=self.work, prefix="run-") as name:
            yield Path(name)

    def load(self, server: Server, request: Request, connections: int, folder: Path) -> Load:
        """One round."""
        return load.run(server.url, request, connections, self.seconds, folder)

    def warm(self, server: Server, request: Request, connections: int, folder: Path) -> None:
        """A second of the same that does not count, or longer where an answer takes longer."""
        for _ in range(connections):
            began = time.monotonic()
            server.ask(request)
            if time.monotonic() - began > SLOW_SECONDS:
                return
        load.run(server.url, request, connections, 1, folder)

    def filled(self, tasks: int, folder: Path) -> Path:
        """A copy of a database with three users and so many tasks."""
        copy = folder / "memory.db"
        shutil.copyfile(self.original(tasks), copy)
        return copy

    def original(self, tasks: int) -> Path:
        """The filled database, which is kept until the program that fills it changes."""
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
    """A database as DATABASE_URL has it."""
    return f"sqlite:///{database}"
