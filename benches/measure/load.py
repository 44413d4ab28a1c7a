"""The load generator: wrk on the same machine, with a thread for each core."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .machine import CORES

SCRIPT = Path(__file__).with_name("load.lua")
# Far above any target, so that slow answers are measured and not counted as lost.
TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Request:
    """A request to repeat. With a body it is a POST."""

    path: str
    body: bytes | None = None
    accept: str = "*/*"

    @staticmethod
    def action(name: str, **params: object) -> "Request":
        """Returns a call of an action through v1."""
        text = json.dumps({"action": name, "params": params}, ensure_ascii=False)
        return Request("/api/v1/query", text.encode())

    @staticmethod
    def query(name: str, **members: object) -> "Request":
        """Returns a query of v2."""
        return Request("/api/v2/query", json.dumps({"action": name, **members}).encode())

    @staticmethod
    def tool(name: str, **arguments: object) -> "Request":
        """Returns a call of a tool through the Model Context Protocol."""
        params = {"name": name, "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        return Request("/mcp", json.dumps(message).encode(), "application/json, text/event-stream")


@dataclass(frozen=True)
class Load:
    """The measurement of one round."""

    rate: float  # answers a second
    p50: float  # milliseconds
    p99: float  # milliseconds


def run(base_url: str, request: Request, connections: int, seconds: float, folder: Path) -> Load:
    """Repeats the request on these connections for this time. Raises if an answer is an error, or if there
    is no answer at all."""
    command = [
        "wrk",
        *("-t", str(min(CORES, connections)), "-c", str(connections)),
        *("-d", f"{max(1, round(seconds))}s", "--timeout", f"{TIMEOUT_SECONDS}s"),
        *("-s", str(SCRIPT), base_url + request.path),
    ]
    if request.body is not None:
        body = folder / "body.json"
        body.write_bytes(request.body)
        command += ["--", str(body), request.accept]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    measured = json.loads(output.splitlines()[-1])
    if measured["failed"] or measured["refused"] or not measured["requests"]:
        raise RuntimeError(f"the load on {request.path} failed: {measured}")
    rate = measured["requests"] / measured["microseconds"] * 1e6
    return Load(rate, measured["p50"] / 1000, measured["p99"] / 1000)
