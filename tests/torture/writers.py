"""Clients that write as fast as they are answered, and remember what they were told."""

import random
import threading

from .client import Connection, Gone
from .server import require

REFUSED = (503, 507)


class Writer(threading.Thread):
    """One client: adds, changes and deletes tasks of its own."""

    def __init__(self, port, name, seed, size=0):
        super().__init__(daemon=True)
        self.port, self.label, self.size = port, name, size
        self.random = random.Random(f"{seed}/{name}")
        self.stopping = threading.Event()
        # What was answered: number to title, None when it is deleted.
        self.tasks = {}
        # A number that a write without an answer may have changed, and what it may be now.
        self.unknown = {}
        self.titles_sent, self.answered, self.refused, self.statuses = set(), 0, 0, set()
        self.fault = None

    def run(self):
        while not self.stopping.is_set():
            try:
                connection = Connection(self.port)
            except OSError:
                # It is not there (any more): somebody else finds out why.
                return
            try:
                while not self.stopping.is_set():
                    self.write(connection)
            except Gone:
                pass
            except Exception as error:  # For the main thread, which raises it.
                self.fault = error
                return
            finally:
                connection.close()

    def write(self, connection):
        """One write, and what it means when its answer comes."""
        kept = [number for number, title in self.tasks.items() if title is not None]
        known = [number for number in kept[-50:] if number not in self.unknown]
        choice = self.random.random()
        title = f"{self.label}-{self.random.getrandbits(48):x}"
        if choice < 0.7 or not known:
            self.titles_sent.add(title)
            status, answer = connection.call("add_task", title=title, description="x" * self.size)
            if self._is_done(status, answer):
                number = answer["data"]["id"]
                require(number not in self.tasks, f"number {number} is given out once")
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
        require(status == 200 or status in REFUSED, f"a write is done or refused: {status} {answer}")
        if status == 200:
            self.answered += 1
        else:
            self.refused += 1
            self.stopping.wait(0.01)
        return status == 200


def start(port, count, name, seed, size=0):
    """Starts that many writers."""
    writers = [Writer(port, f"{name}-{number}", seed, size) for number in range(count)]
    for writer in writers:
        writer.start()
    return writers


def end(writers):
    """Ends them, and raises what one of them found."""
    for writer in writers:
        writer.stopping.set()
    for writer in writers:
        writer.join(60)
        require(not writer.is_alive(), "every request is answered or cut off")
        if writer.fault:
            raise writer.fault
    return sum(writer.answered for writer in writers)


def require_answered(writers, tasks):
    """Of what is stored, number to title: all that the writers were told is there, and nothing that nobody sent."""
    sent = set().union(*(writer.titles_sent for writer in writers))
    owners = {}
    for writer in writers:
        for number, title in writer.tasks.items():
            require(owners.setdefault(number, writer) is writer, f"number {number} is given out once")
            found, allowed = tasks.get(number), {title, writer.unknown.get(number, title)}
            require(found in allowed, f"task {number} is {title!r}, as was answered; found {found!r}")
    for number, title in tasks.items():
        require(number in owners or title in sent, f"task {number} ({title!r}) was sent by somebody")
