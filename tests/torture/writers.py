"""Clients that write as fast as the server answers, and remember the answers."""

import random
import threading

from .client import Connection, Gone
from .server import require

REFUSED = (503, 507)


class Writer(threading.Thread):
    """A client that adds, changes and deletes its own tasks."""

    def __init__(self, port, name, seed, size=0):
        super().__init__(daemon=True)
        self.port, self.label, self.size = port, name, size
        self.random = random.Random(f"{seed}/{name}")
        self.stopping = threading.Event()
        # Acknowledged tasks: id to title, None if it was deleted.
        self.tasks = {}
        # The id of a task that an unanswered write may have changed, and its possible title.
        self.unknown = {}
        self.titles_sent, self.answered, self.refused, self.statuses = set(), 0, 0, set()
        self.fault = None

    def run(self):
        while not self.stopping.is_set():
            try:
                connection = Connection(self.port)
            except OSError:
                # The server has ended; the main thread finds out why.
                return
            try:
                while not self.stopping.is_set():
                    self.write(connection)
            except Gone:
                pass
            except Exception as error:  # The main thread raises it.
                self.fault = error
                return
            finally:
                connection.close()

    def write(self, connection):
        """Sends one write and records its answer."""
        kept = [number for number, title in self.tasks.items() if title is not None]
        known = [number for number in kept[-50:] if number not in self.unknown]
        choice = self.random.random()
        title = f"{self.label}-{self.random.getrandbits(48):x}"
        if choice < 0.7 or not known:
            self.titles_sent.add(title)
            status, answer = connection.call("add_task", title=title, description="x" * self.size)
            if self._is_done(status, answer):
                number = answer["data"]["id"]
                require(number not in self.tasks, f"id {number} is assigned once")
                self.tasks[number] = title
            elif not connection.is_in_doubt:
                self.titles_sent.remove(title)
            return
        number = self.random.choice(known)
        if choice >= 0.9:
            title = None
        self.unknown[number] = title
        if title is None:
            status, answer = connection.call("delete_task", task_id=number)
        else:
            status, answer = connection.call("update_task", task_id=number, title=title)
        if self._is_done(status, answer):
            self.tasks[number] = title
        elif connection.is_in_doubt:
            return
        del self.unknown[number]

    def _is_done(self, status, answer):
        self.statuses.add(status)
        require(status == 200 or status in REFUSED, f"a write is stored or rejected: {status} {answer}")
        if status == 200:
            self.answered += 1
        else:
            self.refused += 1
            self.stopping.wait(0.01)
        return status == 200


def start(port, count, name, seed, size=0):
    """Starts this many writers."""
    writers = [Writer(port, f"{name}-{number}", seed, size) for number in range(count)]
    for writer in writers:
        writer.start()
    return writers


def end(writers):
    """Stops the writers, and raises the first error."""
    for writer in writers:
        writer.stopping.set()
    for writer in writers:
        writer.join(60)
        require(not writer.is_alive(), "every request is answered or cut off")
        if writer.fault:
            raise writer.fault
    return sum(writer.answered for writer in writers)


def require_answered(writers, tasks):
    """Requires that the stored tasks (id to title) contain every acknowledged write, and only writes that were sent."""
    sent = set().union(*(writer.titles_sent for writer in writers))
    owners = {}
    for writer in writers:
        for number, title in writer.tasks.items():
            require(owners.setdefault(number, writer) is writer, f"id {number} is assigned once")
            found, allowed = tasks.get(number), {title, writer.unknown.get(number, title)}
            require(found in allowed, f"task {number} is {title!r}, as acknowledged; found {found!r}")
    for number, title in tasks.items():
        require(number in owners or title in sent, f"task {number} ({title!r}) was sent by a writer")
