"""A client for the MCP Server. It needs only the standard library of Python 3.9.

    from mcp_client import MCPClient

    client = MCPClient()
    client.add_user("alice")
    client.add_task("Build feature X", priority="high", assigned_to="alice")
    client.list_tasks(assigned_to="alice")

Each method returns the ``data`` of the server's answer. A rejected call raises an :class:`MCPError` with
the HTTP status and the server's message.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Dict, List, Mapping, Optional, Sequence

DEFAULT_BASE_URL = "http://localhost:8000"


class MCPError(Exception):
    """A call that did not succeed.

    ``status`` is the HTTP status, or ``None`` without an answer. ``detail`` is the server's message, or the
    reason why there is no answer.
    """

    def __init__(self, status: Optional[int], detail: str) -> None:
        super().__init__(detail if status is None else f"{status}: {detail}")
        self.status = status
        self.detail = detail


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirects, since urllib would send the API key to any host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _is_on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class MCPClient:
    """A connection to one server.

    ``base_url`` defaults to the environment's ``MCP_BASE_URL``, then to ``http://localhost:8000``;
    ``api_key`` to ``MCP_API_KEY``, then to none. ``timeout`` is in seconds, for each call.
    """

    def __init__(
        self,
        base_url: Optional[str] = None,
        api_key: Optional[str] = None,
        timeout: float = 30.0,
    ) -> None:
        base_url = base_url or os.environ.get("MCP_BASE_URL") or DEFAULT_BASE_URL
        if urllib.parse.urlsplit(base_url).scheme not in ("http", "https"):
            raise ValueError(f"base_url must start with http:// or https://, not {base_url!r}")
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout
        self._api_key = api_key or os.environ.get("MCP_API_KEY") or None
        handlers: List[Any] = [_NoRedirect]
        if _is_on_this_machine(urllib.parse.urlsplit(base_url).hostname or ""):
            # A proxy would resolve these names to its own machine, and would see the key.
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    # Any action

    def query(self, action: str, params: Optional[Mapping[str, Any]] = None) -> Any:
        """Calls any action by name, including those of GitHub, Figma and web pages:

        ``client.query("github_list_issues", {"owner": "rust-lang", "repo": "rust"})``
        """
        body = {"action": action, "params": dict(params or {})}
        return self._send("POST", "/api/v1/query", body)["data"]

    # Users

    def list_users(self) -> List[str]:
        """Returns all user names."""
        return self.query("list_users")

    def add_user(
        self,
        username: str,
        role: Optional[str] = None,
        metadata: Optional[Mapping[str, Any]] = None,
    ) -> Dict[str, Any]:
        """Adds a user. Fails if the name exists."""
        return self.query("add_user", _present(username=username, role=role, metadata=metadata))

    def get_user(self, username: str) -> Dict[str, Any]:
        """Returns whether the user exists, and their tasks."""
        return self.query("get_user", {"username": username})

    def remove_user(self, username: str) -> Dict[str, Any]:
        """Removes a user."""
        return self.query("remove_user", {"username": username})

    # Tasks

    def list_tasks(
        self, status: Optional[str] = None, assigned_to: Optional[str] = None
    ) -> List[Dict[str, Any]]:
        """Returns the tasks, filtered by status and user."""
        return self.query("list_tasks", _present(status=status, assigned_to=assigned_to))

    def add_task(
        self,
        title: str,
        description: Optional[str] = None,
        priority: Optional[str] = None,
        status: Optional[str] = None,
        assigned_to: Optional[str] = None,
    ) -> Dict[str, Any]:
        """Creates a task and returns it with its id. Absent fields get their defaults."""
        return self.query(
            "add_task",
            _present(
                title=title,
                description=description,
                priority=priority,
                status=status,
                assigned_to=assigned_to,
            ),
        )

    def update_task(self, task_id: int, **changes: Any) -> Dict[str, Any]:
        """Changes the named fields of a task and returns the whole task.

        The fields are those of :meth:`add_task`; ``assigned_to=None`` removes the user.
        """
        return self.query("update_task", {**changes, "task_id": task_id})

    def delete_task(self, task_id: int) -> Dict[str, Any]:
        """Deletes a task. Its id is not used again."""
        return self.query("delete_task", {"task_id": task_id})

    def search_tasks(self, query: str) -> List[Dict[str, Any]]:
        """Returns the tasks with this text in the title or description, ignoring case."""
        return self.query("search_tasks", {"query": query})

    # Configuration

    def get_config(self, key: Optional[str] = None) -> Dict[str, Any]:
        """Returns all configuration values, or the value of ``key``; ``None`` if it is missing."""
        return self.query("get_config", _present(key=key))

    def update_config(self, key: str, value: Any) -> Dict[str, Any]:
        """Sets a configuration value, which may be any JSON."""
        return self.query("update_config", {"key": key, "value": value})

    # Utilities

    def calculate(self, operation: str, numbers: Sequence[float]) -> Dict[str, Any]:
        """Returns the ``sum``, ``average``, ``max`` or ``min`` of numbers as ``result``."""
        return self.query("calculate", {"operation": operation, "numbers": list(numbers)})

    def get_summary(self) -> Dict[str, Any]:
        """Returns the numbers of users and tasks, by status and by priority, as ``summary``."""
        return self.query("summarize_data")

    summarize_data = get_summary

    # The server

    def health(self) -> Dict[str, Any]:
        """Returns the server's name, version and status; needs no API key."""
        return self._send("GET", "/")

    def get_state(
        self,
        entity: Optional[str] = None,
        limit: Optional[int] = None,
        offset: Optional[int] = None,
        status: Optional[str] = None,
    ) -> Dict[str, Any]:
        """Returns the whole memory, or a page of an entity: ``users``, ``tasks``, ``config``, ``logs``.

        ``status`` filters tasks.
        """
        asked = _present(entity=entity, limit=limit, offset=offset, status=status)
        return self._send("GET", "/api/v1/state" + _query_string(asked))["data"]

    def get_logs(self, limit: Optional[int] = None) -> List[Dict[str, Any]]:
        """Returns the latest calls, the newest last."""
        return self._send("GET", "/api/v1/logs" + _query_string(_present(limit=limit)))["data"]

    def reset(self) -> Dict[str, Any]:
        """Deletes everything that is stored and restores the default configuration."""
        return self._send("POST", "/api/v1/reset")["data"]

    def _send(self, method: str, path: str, body: Optional[Mapping[str, Any]] = None) -> Any:
        headers = {"Accept": "application/json"}
        if self._api_key:
            headers["X-API-Key"] = self._api_key
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        request = urllib.request.Request(
            self.base_url + path, data=data, headers=headers, method=method
        )
        try:
            with self._opener.open(request, timeout=self.timeout) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise MCPError(refusal.code, _detail(refusal.read(), refusal.reason)) from None
        except urllib.error.URLError as fault:
            raise MCPError(None, f"no connection to {self.base_url}: {fault.reason}") from fault
        except (OSError, http.client.HTTPException) as fault:
            raise MCPError(None, f"no answer from {self.base_url}: {fault}") from fault
        try:
            answered = json.loads(text)
        except ValueError as fault:
            raise MCPError(status, f"the answer of {self.base_url} is not JSON") from fault
        if isinstance(answered, dict) and answered.get("success") is False:
            raise MCPError(status, str(answered.get("message")))
        return answered


def _present(**params: Any) -> Dict[str, Any]:
    """Returns the parameters that are not ``None``."""
    return {name: value for name, value in params.items() if value is not None}


def _query_string(params: Mapping[str, Any]) -> str:
    return "?" + urllib.parse.urlencode(params) if params else ""


def _detail(text: bytes, reason: str) -> str:
    """Returns the message of an error's body: ``detail``, or ``error`` of a rate limit."""
    try:
        answered = json.loads(text)
    except ValueError:
        return reason
    if not isinstance(answered, dict):
        return reason
    return str(answered.get("detail") or answered.get("error") or reason)
