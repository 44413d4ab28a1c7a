"""A temporary PostgreSQL with its defaults, from the installed programs, on a free port of loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .result import NotMeasured

# PostgreSQL does not run as root; its packages create this account.
ACCOUNT = "postgres"


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL."""

    programs: Path
    port: int

    def program(self, name: str) -> str:
        return str(self.programs / name)

    def ask(self, database: str, sql: str) -> str:
        """Runs a statement with psql and returns its unformatted output."""
        return run(
            [self.program("psql"), "--no-psqlrc", "--tuples-only", "--no-align"]
            + ["--host", "127.0.0.1", "--port", str(self.port), "--username", "postgres"]
            + ["--set", "ON_ERROR_STOP=1", "--command", sql, database]
        ).strip()

    def create(self, name: str, template: str = "template0") -> str:
        """Creates a database and returns its URL."""
        self.ask("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Runs a new PostgreSQL, only on loopback, during the block."""
    programs = installed()
    # /tmp may be in memory, where fsync is free.
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="bench-postgres-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            account = pwd.getpwnam(ACCOUNT)
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = folder / "data"
        control = str(programs / "pg_ctl")
        run(
            [str(programs / "initdb"), "--pgdata", str(data), "--username", "postgres"]
            + ["--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8"],
            as_account=True,
        )
        port = free_port()
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k '{folder}'"
        log = str(folder / "log")
        began = [control, "--pgdata", str(data), "--log", log, "--options", options, "-w", "start"]
        run(began, as_account=True)
        try:
            yield Cluster(programs, port)
        finally:
            run([control, "--pgdata", str(data), "-m", "fast", "-w", "stop"], as_account=True)


def installed() -> Path:
    """Returns the folder of the newest installed PostgreSQL's programs."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda it: float(it.parent.name)
    )
    found = shutil.which("initdb")
    folders += [Path(found).resolve().parent] if found else []
    for folder in reversed(folders):
        if all((folder / name).exists() for name in ("initdb", "pg_ctl", "psql", "pgbench")):
            return folder
    raise NotMeasured("no PostgreSQL with pgbench is installed")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def run(command: list[str], as_account: bool = False) -> str:
    """Runs a command, if requested under PostgreSQL's account, and returns its output."""
    if as_account and os.geteuid() == 0:
        command = ["runuser", "-u", ACCOUNT, "--", *command]
    # The output goes to a file: the postmaster would keep an inherited pipe open.
    with tempfile.TemporaryFile("w+") as output:
        ended = subprocess.run(
            command, check=False, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        output.seek(0)
        text = output.read()
    if ended.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {text}")
    return text
