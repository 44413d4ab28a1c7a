"""PostgreSQL restarts under load: the server is ready again within 5 s, and no acknowledged write is lost."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

from . import writers as load
from .client import Connection, Gone
from .server import Folder, Server, eventually, require

READY = 5.0
USER = "nobody"


def programs():
    """Returns the folder of PostgreSQL's programs: from PATH, or Debian's folder of the newest version."""
    found = shutil.which("pg_ctl")
    if found and (Path(found).resolve().parent / "initdb").exists():
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    return versions[-1] if versions else None


class Postgres:
    """A new PostgreSQL on a free port of 127.0.0.1."""

    def __init__(self, folder, programs_folder):
        self.programs, self.data = programs_folder, folder / "data"
        # initdb does not run as root.
        self.prefix = []
        if os.geteuid() == 0:
            self.prefix = ["setpriv", "--reuid", USER, "--regid", "nogroup", "--clear-groups", "--"]
            shutil.chown(folder, USER)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.run("initdb", "-D", self.data, "-U", "torture", "-A", "trust", "-E", "UTF8", "--no-locale")
        self.options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{folder}'"
        self.control("start")

    def run(self, program, *arguments):
        """Runs one of PostgreSQL's programs and returns its output."""
        done = subprocess.run(
            [*self.prefix, self.programs / program, *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=120, check=False, cwd="/",
        )
        require(done.returncode == 0, f"{program} works: {done.stdout}")
        return done.stdout

    def control(self, command, mode="fast"):
        """Runs pg_ctl and waits. It gets no pipe, since the server would keep the pipe open."""
        starting = [] if command == "stop" else ["-l", self.data.parent / "log", "-o", self.options]
        ending = [] if command == "start" else ["-m", mode]
        subprocess.run(
            [*self.prefix, self.programs / "pg_ctl", command, "-w", "-D", self.data, *ending, *starting],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=120, check=True, cwd="/",
        )

    def rows(self, query):
        """Returns the rows of a query as strings."""
        at = ("-h", "127.0.0.1", "-p", self.port, "-U", "torture", "postgres")
        said = self.run("psql", "-XAtq", "-F", "\t", *at, "-c", query)
        return [line.split("\t") for line in said.splitlines()]


def run(options):
    """Restarts PostgreSQL alternately as an operator does (fast) and as a crash does (immediate)."""
    program, found = options.postgres_server, programs()
    if program is None or found is None:
        why = "--postgres-server is missing" if program is None else "PostgreSQL is not installed"
        print(f"torture: POSTGRESQL NOT TRIED: {why}", flush=True)
        return [("PostgreSQL restarted under load", "NOT TRIED", why)]
    slowest = 0.0
    with Folder() as folder:
        database = Postgres(folder, found)
        try:
            url = f"postgres://torture@127.0.0.1:{database.port}/postgres"
            with Server(program.resolve(), url) as server:
                port = server.listen().port
                known, answered = [], 0
                for number in range(options.rounds):
                    clients = load.start(port, 8, f"restart-{number}", options.seed)
                    eventually("writes are answered", 30, lambda: sum(c.answered for c in clients) > 50)
                    database.control("restart", "immediate" if number % 2 else "fast")

                    def ready():
                        connection = Connection(port)
                        try:
                            return connection.get("/ready")[0] == 200
                        except Gone:
                            return False
                        finally:
                            connection.close()

                    slowest = max(slowest, eventually("the server is ready again", READY, ready))
                    before = sum(c.answered for c in clients)
                    eventually("writes work again", READY, lambda: sum(c.answered for c in clients) > before)
                    answered += load.end(clients)
                    known += clients
                server.stop()
            tasks = {int(number): title for number, title in database.rows("SELECT id, title FROM tasks")}
            load.require_answered(known, tasks)
        finally:
            database.control("stop", "immediate")
    tried = f"{options.rounds} restarts, half of them as a crash, {answered} acknowledged writes"
    return [("PostgreSQL restarted under load", tried, f"ready after {slowest:.1f} s at most, 0 lost")]
