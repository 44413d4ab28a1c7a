"""A cheap client: HTTP/1.1 over a persistent socket."""

import json
import socket


class Gone(Exception):
    """The server closed the connection before it answered."""


class Connection:
    """A persistent connection."""

    def __init__(self, port, timeout=30.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""
        self.is_last = False
        # Whether the last write is in doubt: its answer was a 503 without `Retry-After`.
        self.is_in_doubt = False

    def close(self):
        self.socket.close()

    def send(self, request):
        """Sends a request's bytes. Fails if the last answer had `Connection: close`."""
        if self.is_last:
            raise Gone("the server has announced to close the connection")
        try:
            self.socket.sendall(request)
        except OSError as error:
            raise Gone(str(error)) from error

    def answer(self):
        """Reads the next answer and returns its status and body."""
        while (end := self.unread.find(b"\r\n\r\n")) < 0:
            self._receive()
        head = self.unread[:end].lower()
        body = end + 4
        self.is_last = b"\r\nconnection: close" in head
        self.is_in_doubt = head[9:12] == b"503" and b"\r\nretry-after:" not in head
        if b"transfer-encoding: chunked" in head:
            return int(head[9:12]), self._chunks(body)
        if (at := head.find(b"\r\ncontent-length:")) < 0:
            length = 0
        else:
            length = int(head[at + 17 : head.find(b"\r\n", at + 2) if head.find(b"\r\n", at + 2) > 0 else None])
        while len(self.unread) < body + length:
            self._receive()
        answer = self.unread[body : body + length]
        self.unread = self.unread[body + length :]
        return int(head[9:12]), answer

    def _chunks(self, at):
        parts = []
        while True:
            while (end := self.unread.find(b"\r\n", at)) < 0:
                self._receive()
            size = int(self.unread[at:end], 16)
            at = end + 2
            while len(self.unread) < at + size + 2:
                self._receive()
            parts.append(self.unread[at : at + size])
            at += size + 2
            if size == 0:
                self.unread = self.unread[at:]
                return b"".join(parts)

    def _receive(self):
        try:
            received = self.socket.recv(1 << 16)
        except OSError as error:
            raise Gone(str(error)) from error
        if not received:
            raise Gone("the end")
        self.unread += received

    def ask(self, request):
        """Sends a request and returns the status and the JSON of the answer."""
        self.send(request)
        status, body = self.answer()
        return status, json.loads(body)

    def call(self, action, **params):
        """Calls an action of v1."""
        return self.ask(post(action, params))

    def get(self, target):
        """Sends a `GET`."""
        return self.ask(get(target))


def get(target):
    """Returns the bytes of a `GET`."""
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(action, params, path="/api/v1/query"):
    """Returns the bytes of a call of an action."""
    body = json.dumps({"action": action, "params": params}, separators=(",", ":")).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
