"""Compares calls through the server with calls of the official client to each real MCP server."""

import asyncio
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


def servers(folder):
    """Each server: its program, its arguments, and a call that works offline (None if none does)."""
    notes = folder / "notes"
    notes.mkdir()
    (notes / "a.txt").write_text("one\ntwo\n")
    subprocess.run(["git", "init", "-q", str(notes)], check=True)
    thought = {"thought": "x", "nextThoughtNeeded": False, "thoughtNumber": 1, "totalThoughts": 1}
    return {
        "everything": ("mcp-server-everything", [], ("get-sum", {"a": 2, "b": 3})),
        "files": ("mcp-server-filesystem", [str(notes)], ("read_text_file", {"path": str(notes / "a.txt")})),
        "memory": ("mcp-server-memory", [], ("read_graph", {})),
        "thinking": ("mcp-server-sequential-thinking", [], ("sequentialthinking", thought)),
        "playwright": ("playwright-mcp", ["--headless"], None),
        "chrome": ("chrome-devtools-mcp", ["--headless"], None),
        "notion": ("notion-mcp-server", [], None),
        "figma": ("figma-developer-mcp", ["--stdio", "--figma-api-key", "none"], None),
        "context7": ("context7-mcp", [], None),
        "sentry": ("sentry-mcp", ["--access-token", "none"], None),
        "git": ("mcp-server-git", [], ("git_status", {"repo_path": str(notes)})),
        "time": ("mcp-server-time", [], ("convert_time", {
            "source_timezone": "UTC", "time": "12:30", "target_timezone": "Asia/Tokyo"})),
        "fetch": ("mcp-server-fetch", [], None),
    }


def value(result):
    """Returns what the server makes of a result: structured content, else JSON, else the text."""
    if result.structuredContent is not None:
        return result.structuredContent
    text = "\n".join(block.text for block in result.content)
    try:
        return json.loads(text)
    except ValueError:
        return text


async def direct(program, args, call):
    """Returns the number of tools, and the value of the call."""
    parameters = StdioServerParameters(command=program, args=args, env={**os.environ})
    with open(os.devnull, "w") as nowhere:
        async with stdio_client(parameters, errlog=nowhere) as (read, write):
            async with ClientSession(read, write) as session:
                await session.initialize()
                tools, cursor = [], None
                while True:
                    page = await session.list_tools(cursor)
                    tools += page.tools
                    cursor = page.nextCursor
                    if not cursor:
                        break
                result = await session.call_tool(*call) if call else None
                return [tool.name for tool in tools], value(result) if call else None


def post(address, path, body):
    request = urllib.request.Request(address + path, json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=90) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        return json.load(error)


def start(program, folder, config):
    log = open(folder / "log", "wb")
    environment = {**os.environ, "MCP_PORT": "0", "MCP_RATE_LIMIT": "off",
                   "DATABASE_URL": f"sqlite:///{folder}/memory.db", "MCP_CONNECTIONS": str(config)}
    process = subprocess.Popen([program], stderr=log, env=environment)
    for _ in range(300):
        text = (folder / "log").read_text(errors="replace")
        if "listening on " in text:
            return process, text.split("listening on ")[1].split()[0]
        time.sleep(0.1)
    raise SystemExit("the server did not start:\n" + text)


def connections(address):
    with urllib.request.urlopen(address + "/api/v2/connections", timeout=10) as response:
        return {it["name"]: it for it in json.load(response)}


def main():
    program = os.path.abspath(sys.argv[1])
    failed, found, replaced = [], 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        known = servers(folder)
        config = folder / "connections.json"
        config.write_text(json.dumps({"mcpServers": {
            name: {"command": command, "args": args} for name, (command, args, _) in known.items()}}))
        process, address = start(program, folder, config)
        try:
            for _ in range(600):
                states = connections(address)
                if all(it["state"] != "connecting" for it in states.values()):
                    break
                time.sleep(0.1)
            for name, (command, args, call) in known.items():
                status = states[name]
                try:
                    tools, wanted = asyncio.run(asyncio.wait_for(direct(command, args, call), 90))
                except BaseException as error:
                    print(f"{name}: NOT TESTED, a direct client cannot use it: {error!r}")
                    continue
                found += status["tools"]
                replaced += status["definition_tokens"]
                line = f"{name}: {status['tools']} tools, {status['definition_tokens']} tokens"
                if status["tools"] != len(tools):
                    failed.append(name)
                    line += f" INSTEAD OF {len(tools)} tools ({status['state']}: {status.get('error')})"
                if call:
                    action = f"{name}__{call[0]}"
                    got = post(address, "/api/v1/query", {"action": action, "params": call[1]})
                    is_same = got.get("data") == wanted
                    line += f"; {call[0]} {'gives the same' if is_same else f'GIVES {got} INSTEAD OF {wanted!r}'}"
                    if not is_same:
                        failed.append(name)
                print(line)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        left = leftovers(folder)
        if left:
            failed.append("processes")
            print(f"LEFT AFTER kill -9: {left}")
    print(f"{found} tools of {len(known)} servers; their definitions have {replaced} tokens")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def leftovers(folder):
    """Returns the processes that still name the folder, after two seconds."""
    time.sleep(2)
    lines = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True).stdout
    return [line for line in lines.splitlines() if str(folder) in line]


main()
