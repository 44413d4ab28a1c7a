"""Servers as child processes, each on a free port of loopback and in its own folder."""

import http.client
import os
import queue
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from .load import Request
from .machine import CORES

START_SECONDS = 60
STOP_SECONDS = 60
LISTENING = re.compile(r"listening on (http://\S+)")


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    url: str
    started: float = field(default_factory=time.perf_counter)  # the time of its start

    def ask(self, request: Request) -> bytes:
        """Sends a request and returns the body of a successful answer."""
        with self.answer(request) as answer:
            return answer.read()

    @contextmanager
    def answer(self, request: Request) -> Iterator[http.client.HTTPResponse]:
        """Sends a request and returns the successful answer before its body is read."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=300)
        try:
            headers = {"Accept": request.accept}
            if request.body:
                headers["Content-Type"] = "application/json"
            method = "POST" if request.body else "GET"
            connection.request(method, request.path, request.body, headers)
            answer = connection.getresponse()
            if answer.status != 200:
                raise RuntimeError(f"{request.path}: {answer.status} {answer.read(500)!r}")
            yield answer
        finally:
            connection.close()

    def memory(self, line: str) -> float:
        """Returns a line of /proc/PID/status in MiB: VmRSS is the current memory, VmHWM the peak."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"^{line}:\s*(\d+) kB", status, re.M)
        assert found, f"/proc has {line}"
        return int(found[1]) / 1024

    def forget_peak(self) -> None:
        """Resets VmHWM to the current memory."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment with only these settings of the server."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MCP_") and name not in ("DATABASE_URL", "RUST_LOG")
    }
    return own | dict(settings)


@contextmanager
def running(command: list[str], folder: Path, settings: Mapping[str, str]) -> Iterator[Server]:
    """Runs a server during the block, and then stops it."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Server(process, listening(process), began)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # Its writes must not disturb the next measurement.
        os.sync()


def listening(process: subprocess.Popen[str]) -> str:
    """Returns the URL from the server's stderr. A thread reads stderr to its end."""
    found: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    lines: list[str] = []

    def read() -> None:
        assert process.stderr
        for line in process.stderr:
            del lines[:-50]
            lines.append(line)
            if match := LISTENING.search(line):
                found.put(match[1])
        found.put(None)

    threading.Thread(target=read, daemon=True).start()
    try:
        url = found.get(timeout=START_SECONDS)
    except queue.Empty:
        url = None
    if url is None:
        raise RuntimeError(f"{process.args} does not listen: {''.join(lines)}")
    return url


@dataclass(frozen=True)
class Programs:
    """The binaries, all built in release."""

    release: Path
    postgres: Path | None

    def ours(self, database: str, folder: Path, binary: Path | None = None):
        """Runs the server with its defaults, except for the rate limit and the port."""
        settings = {
            "DATABASE_URL": database,
            "MCP_PORT": "0",
            "MCP_RATE_LIMIT": "off",
            "MCP_WORKERS": str(CORES),
        }
        return running([str(binary or self.release / "mcp-server"), "start"], folder, settings)

    def floor(self, answer: bytes, folder: Path):
        """Runs a bare actix-web server that answers every request with these bytes."""
        file = folder / "answer.json"
        file.write_bytes(answer)
        command = [str(self.release / "floor"), "--answer", str(file), "--workers", str(CORES)]
        return running(command, folder, {})

    def one_by_one(self, database: Path, folder: Path):
        """Runs a server that writes each task in its own transaction."""
        command = [str(self.release / "one_by_one"), "--database", str(database)]
        return running([*command, "--workers", str(CORES)], folder, {})
