"""The server as a process."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
DEADLINE = 60.0


class Failed(Exception):
    """A broken promise."""


def require(condition, promise):
    """Fails with the promise if the condition is false."""
    if not condition:
        raise Failed(promise)


class Server:
    """A server with its own database, in an environment with only the given variables."""

    def __init__(self, program, database, environment=None, prefix=(), before_start=None):
        self.program = str(program)
        variables = {
            "MCP_PORT": "0",
            "MCP_RATE_LIMIT": "off",
            "MCP_LOG_RETENTION": "1000000",
            "DATABASE_URL": str(database) if "://" in str(database) else f"sqlite:///{database}",
        }
        variables.update(environment or {})
        self.port, self.lines, self._ready = None, [], threading.Event()
        self.process = subprocess.Popen(
            [*prefix, self.program, "start"],
            env=variables,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before_start,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            if found := LISTENING.search(line):
                self.port = int(found[1])
                self._ready.set()
        self._ready.set()

    @property
    def log(self):
        """Its output on stderr."""
        return "\n".join(self.lines)

    def listen(self):
        """Waits until it listens."""
        require(self._ready.wait(DEADLINE) and self.port, f"the server starts:\n{self.log}")
        return self

    def starts(self):
        """Waits until it listens or ends, and returns whether it listens."""
        require(self._ready.wait(DEADLINE), f"the server starts or ends:\n{self.log}")
        return self.port is not None

    def kill(self):
        """Sends SIGKILL."""
        if self.process.poll() is None:
            self.process.kill()
        self.wait()

    def terminate(self):
        """Sends SIGTERM and does not wait."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        """Waits until it ends, and returns its exit status."""
        try:
            status = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            raise Failed(f"the server ends:\n{self.log}") from error
        self._reader.join(DEADLINE)
        require("panicked" not in self.log, f"no thread panics:\n{self.log}")
        return status

    def stop(self):
        """Sends SIGTERM and requires exit status 0."""
        self.terminate()
        status = self.wait()
        require(status == 0, f"a stop ends with status 0, not {status}:\n{self.log}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def resident_bytes(self):
        """Returns its resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        """Returns the number of its open files and sockets."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def command(program, database, *arguments):
    """Runs `mcp-server db …`."""
    return subprocess.run(
        [str(program), "db", *arguments],
        env={"DATABASE_URL": str(database)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def check(program, database):
    """Requires that `mcp-server db check` finds no fault."""
    done = command(program, database, "check")
    require(done.returncode == 0, f"the database is intact: {done.stdout}{done.stderr}")


class Folder:
    """A temporary folder that every user can read."""

    def __init__(self, where=None):
        self.path = Path(tempfile.mkdtemp(prefix="mcp-torture-", dir=where))
        self.path.chmod(0o755)

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def eventually(promise, seconds, condition):
    """Waits until a condition holds, and returns the seconds that it took."""
    started = time.monotonic()
    while not condition():
        require(time.monotonic() - started < seconds, f"{promise} within {seconds} s")
        time.sleep(0.02)
    return time.monotonic() - started
