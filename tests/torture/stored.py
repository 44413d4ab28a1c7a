"""Reads a copy of a database file with another SQLite than the server's."""

import shutil
import sqlite3
from pathlib import Path

from .server import Folder, require
from .writers import require_answered


class Stored:
    """A copy of a database without a running server, with its write-ahead log or rollback journal."""

    def __init__(self, database):
        self._folder = Folder()
        self.path = self._folder.path / "copy.db"
        for suffix in ("", "-wal", "-journal"):
            source = Path(f"{database}{suffix}")
            if source.exists():
                shutil.copyfile(source, f"{self.path}{suffix}")
        self.database = sqlite3.connect(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.database.close()
        self._folder.__exit__()

    def rows(self, query, *values):
        """Returns all rows of a query."""
        return self.database.execute(query, values).fetchall()

    def one(self, query, *values):
        """Returns the first value of a query's first row."""
        return self.rows(query, *values)[0][0]

    def tables(self):
        """Returns the names of the tables."""
        return {name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def require_whole(self):
        """Requires that SQLite finds no fault."""
        found = self.one("PRAGMA integrity_check")
        require(found == "ok", f"the database is intact: {found}")

    def require_answered(self, writers):
        """Requires that every acknowledged write is stored, and no write that was not sent."""
        self.require_whole()
        tasks = dict(self.rows("SELECT id, title FROM tasks"))
        require_answered(writers, tasks)
        last = self.one("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'tasks'")
        require(max(tasks, default=0) <= last, "no id is above the last assigned one")
        self._require_logged(writers)

    def _require_logged(self, writers):
        """Requires exactly one log entry for each write, since both commit together."""
        entries = self.rows(
            "SELECT json_extract(payload, '$.params.title') FROM logs"
            " WHERE action IN ('add_task', 'update_task') AND status = 'success'"
        )
        logged = {title for (title,) in entries}
        for writer in writers:
            for number, title in writer.tasks.items():
                require(title is None or title in logged, f"the write of task {number} is in the log")
        added = self.one("SELECT count(*) FROM logs WHERE action = 'add_task' AND status = 'success'")
        assigned = self.one("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'tasks'")
        require(added == assigned, f"{assigned} ids were assigned, and {added} additions are in the log")

    def settle(self, writers):
        """Tells the writers which unanswered writes are stored."""
        tasks = dict(self.rows("SELECT id, title FROM tasks"))
        for writer in writers:
            for number in writer.unknown:
                writer.tasks[number] = tasks.get(number)
            writer.unknown.clear()
