"""Breaks connected servers while others are called: kills, stops, silence and garbage.

    faults.py PROGRAM ECHO

PROGRAM is a built mcp-server, ECHO the benches' echo server.
"""

import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

GOOD = 16
TOOLS = 31
CALLS = 10_000
KILLS = 200


class Server:
    def __init__(self, program, folder, connections):
        config = folder / "connections.json"
        config.write_text(json.dumps({"mcpServers": connections}))
        self.log = folder / "log"
        environment = {**os.environ, "MCP_PORT": "0", "MCP_RATE_LIMIT": "off", "MCP_LOG_LEVEL": "info",
                       "DATABASE_URL": f"sqlite:///{folder}/memory.db", "MCP_CONNECTIONS": str(config)}
        began = time.monotonic()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([program], stderr=log, env=environment)
        while "listening on " not in self.log.read_text():
            if self.process.poll() is not None:
                raise SystemExit(self.log.read_text())
            time.sleep(0.005)
        self.address = self.log.read_text().split("listening on ")[1].split()[0]
        while True:
            try:
                urllib.request.urlopen(self.address + "/live", timeout=5).read()
                break
            except OSError:
                time.sleep(0.005)
        self.start_time = time.monotonic() - began

    def call(self, action, timeout=70):
        body = json.dumps({"action": action, "params": {"text": "hello"}}).encode()
        request = urllib.request.Request(self.address + "/api/v1/query", body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return json.load(response).get("data")
        except urllib.error.HTTPError as error:
            return json.load(error)

    def memory(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024


def children(mark):
    """Returns the echo servers of a run, by connection: those processes whose arguments name it."""
    found = collections.defaultdict(list)
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        names = [it.split("=")[1] for it in arguments if it.startswith(f"--mark-{mark}=")]
        if names and not arguments[0].endswith("sh"):
            found[names[0]].append(int(entry.name))
    return found


def p99(times):
    return sorted(times)[len(times) * 99 // 100]


def measure(server, actions, seconds):
    times = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        action = random.choice(actions)
        start = time.monotonic()
        answer = server.call(action)
        times.append(time.monotonic() - start)
        if answer != "hello":
            raise SystemExit(f"{action}: {answer}")
    return p99(times)


def main():
    program, echo = map(os.path.abspath, sys.argv[1:3])
    mark = str(os.getpid())
    results = []

    def good(name):
        return {"command": echo, "args": ["--tools", str(TOOLS), "--", f"--mark-{mark}={name}"], "timeout": 20}

    connections = {f"good{i}": good(f"good{i}") for i in range(GOOD)}
    connections |= {
        "killed": good("killed"),
        "stopped": {**good("stopped"), "timeout": 3},
        "silent": {"command": "sleep", "args": ["100000"], "timeout": 3},
        "garbage": {"command": "yes", "args": ["{not json"], "timeout": 3},
    }
    names = [f"good{i}__echo" for i in range(GOOD)]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(program, pathlib.Path(folder), connections)
        results.append(("start", f"{server.start_time * 1000:.0f} ms"))
        for name in names + ["killed__echo", "stopped__echo"]:
            assert server.call(name) == "hello", name
        before = min(measure(server, names, 3) for _ in range(2))

        stop = threading.Event()

        def disturb():
            while not stop.is_set():
                for process in children(mark)["killed"]:
                    os.kill(process, signal.SIGKILL)
                for bad in ("killed__echo", "stopped__echo", "silent__x", "garbage__x"):
                    threading.Thread(target=server.call, args=(bad,), daemon=True).start()
                stop.wait(0.5)

        for process in children(mark)["stopped"]:
            os.kill(process, signal.SIGSTOP)
        threading.Thread(target=disturb, daemon=True).start()
        after = min(measure(server, names, 3) for _ in range(2))
        stop.set()
        results.append(("p99 of the others", f"{before * 1000:.1f} ms alone, {after * 1000:.1f} ms beside the bad ones ({after / before:.2f}×)"))
        time.sleep(4)
        for process in children(mark)["killed"]:
            os.kill(process, signal.SIGKILL)
        start = time.monotonic()
        while server.call("killed__echo") != "hello":
            time.sleep(0.02)
        results.append(("recovery after a kill", f"{(time.monotonic() - start) * 1000:.0f} ms"))
        for process in children(mark)["stopped"]:
            os.kill(process, signal.SIGCONT)

        calls, failures = collections.Counter(), collections.Counter()
        most = 0
        memory = server.memory()

        def caller():
            while calls["done"] < CALLS:
                calls["done"] += 1
                answer = server.call(random.choice(names))
                calls["right" if answer == "hello" else "failed"] += 1
                if answer != "hello":
                    failures[str(answer)] += 1

        callers = [threading.Thread(target=caller) for _ in range(8)]
        for thread in callers:
            thread.start()
        kills = 0
        while kills < KILLS and any(thread.is_alive() for thread in callers):
            if calls["done"] < kills * CALLS // KILLS:
                time.sleep(0.002)
                continue
            alive = children(mark)
            most = max([most, *map(len, alive.values())])
            processes = [process for name, found in alive.items() if name.startswith("good") for process in found]
            if processes:
                try:
                    os.kill(random.choice(processes), signal.SIGKILL)
                    kills += 1
                except ProcessLookupError:
                    pass
        for thread in callers:
            thread.join()
        results.append(("calls with kills", f"{sum(calls[it] for it in ('right', 'failed'))} calls, {kills} kills: {calls['failed']} failed"))
        results.extend(("failure", f"{count} times {text}") for text, count in failures.most_common(3))
        results.append(("processes of one connection", f"at most {most}"))
        results.append(("memory", f"{memory:.0f} MiB, then {server.memory():.0f} MiB"))
        server.process.kill()
        server.process.wait()
        time.sleep(1)
        left = sum(map(len, children(mark).values()))
        results.append(("left after kill -9 of the server", f"{left} processes"))
    for name, value in results:
        print(f"{name}: {value}")
    if left or most > 1:
        raise SystemExit("failed")


main()
