"""Tests every method of the client with a real server.

MCP_SERVER_BIN is the path of the server's binary:

    MCP_SERVER_BIN=target/debug/mcp-server python3 -m unittest discover docs/examples/python
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

from mcp_client import MCPClient, MCPError  # noqa: E402

API_KEY = "key-of-this-test"
START_SECONDS = 20
STOP_SECONDS = 10


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A server on a free port, with its database in its own folder."""

    def __init__(self) -> None:
        binary = os.environ.get("MCP_SERVER_BIN")
        if not binary:
            raise RuntimeError("MCP_SERVER_BIN is not set: set it to the path of the server's binary")
        self._folder = tempfile.TemporaryDirectory(prefix="mcp-client-test-")
        folder = Path(self._folder.name)
        self._log = folder / "log"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        # The server must not get the settings of the user who runs the tests.
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("MCP_") and name not in ("DATABASE_URL", "RUST_LOG")
        }
        environment.update(
            DATABASE_URL=str(folder / "memory.db"),
            MCP_API_KEY=API_KEY,
            MCP_HOST="127.0.0.1",
            MCP_PORT=str(port),
            MCP_RATE_LIMIT="off",
        )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(Path(binary).resolve())],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self) -> None:
        client = MCPClient(self.url, timeout=2)
        end = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < end:
            try:
                client.health()
                return
            except MCPError:
                time.sleep(0.05)
        said = self._log.read_text(errors="replace")[-2000:]
        status = self._process.poll()
        how = f"did not answer within {START_SECONDS} s" if status is None else f"ended with {status}"
        raise RuntimeError(f"the server {how}:\n{said}")

    def stop(self) -> int:
        """Stops the server, removes its folder, and returns the exit status."""
        try:
            self._process.terminate()
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._folder.cleanup()


class ClientTest(unittest.TestCase):
    server: Server
    client: MCPClient

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server()
        cls.client = MCPClient(cls.server.url, API_KEY)

    @classmethod
    def tearDownClass(cls) -> None:
        status = cls.server.stop()
        if status != 0:
            raise AssertionError(f"the server stopped with exit status {status}")

    def setUp(self) -> None:
        self.client.reset()

    def assert_refused(self, status: int, detail: str, call, *args, **kwargs) -> None:
        with self.assertRaises(MCPError) as refused:
            call(*args, **kwargs)
        self.assertEqual(refused.exception.status, status)
        self.assertIn(detail, refused.exception.detail)

    def test_users(self) -> None:
        client = self.client
        self.assertEqual(client.list_users(), [])
        added = client.add_user("alice", role="admin", metadata={"team": "engineering"})
        self.assertEqual(added, {"username": "alice", "added": True})
        client.add_user("bob")
        self.assertEqual(client.list_users(), ["alice", "bob"])
        task = client.add_task("Build feature X", assigned_to="alice")
        alice = client.get_user("alice")
        self.assertTrue(alice["exists"])
        self.assertEqual(alice["task_count"], 1)
        self.assertEqual(alice["tasks"], [task])
        self.assertEqual(client.remove_user("bob"), {"username": "bob", "removed": True})
        self.assertFalse(client.get_user("bob")["exists"])
        self.assert_refused(400, "User alice already exists", client.add_user, "alice")
        self.assert_refused(400, "username is required", client.add_user, "")

    def test_tasks(self) -> None:
        client = self.client
        task = client.add_task(
            "Build feature X",
            description="Größe und Übersicht",
            priority="high",
            status="in_progress",
            assigned_to="alice",
        )
        self.assertEqual(task["id"], 1)
        self.assertEqual(task["description"], "Größe und Übersicht")
        self.assertEqual(task["priority"], "high")
        self.assertEqual(task["status"], "in_progress")
        plain = client.add_task("Only a title")
        self.assertEqual(
            (plain["description"], plain["priority"], plain["status"], plain["assigned_to"]),
            ("", "medium", "pending", None),
        )
        self.assertEqual(client.list_tasks(), [task, plain])
        self.assertEqual(client.list_tasks(assigned_to="alice"), [task])
        self.assertEqual(client.list_tasks(status="pending"), [plain])
        self.assertEqual(client.list_tasks(status="pending", assigned_to="alice"), [])
        self.assertEqual(client.search_tasks("ÜBERSICHT"), [task])
        updated = client.update_task(1, status="completed", assigned_to=None)
        self.assertEqual((updated["status"], updated["assigned_to"]), ("completed", None))
        self.assertEqual(updated["title"], "Build feature X")
        self.assertEqual(client.delete_task(1), {"task_id": 1, "deleted": True})
        self.assert_refused(400, "Task 1 not found", client.delete_task, 1)

    def test_config(self) -> None:
        client = self.client
        self.assertEqual(client.get_config(), {"max_tasks": 100, "default_priority": "medium"})
        value = {"nested": [1, 2.5, None]}
        self.assertEqual(client.update_config("theme", value), {"theme": value, "updated": True})
        self.assertEqual(client.get_config("theme"), {"theme": value})
        self.assertEqual(client.get_config("missing"), {"missing": None})

    def test_utilities(self) -> None:
        client = self.client
        self.assertEqual(client.calculate("sum", [10, 20, 30, 40])["result"], 100)
        self.assertEqual(client.calculate("average", (1, 2))["result"], 1.5)
        self.assert_refused(400, "Unknown operation: median", client.calculate, "median", [1])
        client.add_user("alice")
        client.add_task("Build feature X", priority="high")
        summary = client.get_summary()["summary"]
        self.assertEqual((summary["total_users"], summary["total_tasks"]), (1, 1))
        self.assertEqual(summary["tasks_by_priority"]["high"], 1)
        self.assertEqual(client.summarize_data()["summary"], summary)

    def test_state_logs_and_reset(self) -> None:
        client = self.client
        for title in ("one", "two", "three"):
            client.add_task(title)
        client.update_task(1, status="completed")
        state = client.get_state()
        self.assertEqual(state["stats"]["total_tasks"], 3)
        page = client.get_state("tasks", limit=1, offset=1, status="pending")
        self.assertEqual((page["total"], page["count"]), (2, 1))
        self.assertEqual(page["tasks"][0]["title"], "three")
        self.assert_refused(200, "Invalid entity 'nope'", client.get_state, "nope")
        logs = client.get_logs(limit=2)
        self.assertEqual([entry["action"] for entry in logs], ["add_task", "update_task"])
        self.assertEqual(len(client.get_logs()), 4)
        self.assertEqual(client.reset(), {"reset": True})
        self.assertEqual(client.get_state()["stats"]["total_tasks"], 0)

    def test_query_reaches_the_actions_that_ask_other_systems(self) -> None:
        query = self.client.query
        self.assert_refused(400, "query is required", query, "github_search_repositories")
        self.assert_refused(400, "owner and repo are required", query, "github_list_issues", {})
        self.assert_refused(400, "MCP_FIGMA_TOKEN", query, "figma_get_file", {"file_key": "a"})
        page = {"url": "file:///etc/passwd"}
        self.assert_refused(400, "http:// or https://", query, "playwright_get_title", page)
        self.assert_refused(400, "Unknown action: no_such_action", query, "no_such_action")

    def test_health_and_the_api_key(self) -> None:
        url = self.server.url
        self.assertEqual(MCPClient(url).health()["status"], "running")
        with mock.patch.dict(os.environ, MCP_API_KEY=""):
            self.assert_refused(401, "Missing X-API-Key header", MCPClient(url).list_users)
        self.assert_refused(403, "Invalid API key", MCPClient(url, "wrong").list_users)
        with mock.patch.dict(os.environ, MCP_BASE_URL=url + "/", MCP_API_KEY=API_KEY):
            self.assertEqual(MCPClient().list_users(), [])

    def test_a_server_on_this_machine_is_called_without_a_proxy(self) -> None:
        proxy = f"http://127.0.0.1:{free_port()}"
        with mock.patch.dict(os.environ, http_proxy=proxy, no_proxy="", NO_PROXY=""):
            self.assertEqual(MCPClient(self.client.base_url, API_KEY).list_users(), [])

    def test_no_connection(self) -> None:
        client = MCPClient(f"http://127.0.0.1:{free_port()}")
        with self.assertRaises(MCPError) as refused:
            client.health()
        self.assertIsNone(refused.exception.status)
        self.assertIn("no connection", refused.exception.detail)
        with self.assertRaises(ValueError):
            MCPClient("file:///etc")

    def test_the_example_runs(self) -> None:
        environment = {**os.environ, "MCP_BASE_URL": self.server.url, "MCP_API_KEY": API_KEY}
        for _ in range(2):  # The example removes its data, so it can run twice.
            ran = subprocess.run(
                [sys.executable, str(FOLDER / "example.py")],
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
            )
            self.assertEqual(ran.returncode, 0, ran.stderr)
            self.assertIn("Build feature X", ran.stdout)


if __name__ == "__main__":
    unittest.main()
