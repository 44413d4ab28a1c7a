"""Files that are not a valid database: one clear line, an exit status, and an unchanged file."""

import hashlib
import os
import random
import shutil
import sqlite3
from pathlib import Path

from .client import Connection, Gone
from .server import Folder, Server, require

NOBODY = 65534
REQUESTS = (
    ("list_users", {}), ("get_user", {"username": "user-7"}), ("list_tasks", {}),
    ("list_tasks", {"status": "pending"}), ("search_tasks", {"query": "task 7"}), ("summarize_data", {}),
    ("get_config", {}), ("add_task", {"title": "another"}), ("update_task", {"task_id": 9, "status": "done"}),
    ("delete_task", {"task_id": 11}), ("add_user", {"username": "another"}),
)


def digest(path):
    """Returns a digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def require_refused(options, path, wanted, prefix=()):
    """Requires that the start ends with status 1 and one line with the reason, and leaves the file unchanged."""
    before = digest(path)
    with Server(options.program, path, prefix=prefix) as server:
        require(not server.starts(), f"{path.name} is refused")
        status = server.wait()
        said = [line for line in server.lines if line.startswith("mcp-server: ")]
        require(status == 1 and len(said) == 1, f"{path.name}: status 1 and one line, not {status}: {server.log}")
        require(wanted in said[0], f"{path.name}: the line contains {wanted!r}: {said[0]!r}")
    require(digest(path) == before, f"{path.name} is unchanged")


def make(options, path):
    """Creates a database with data of every kind."""
    with Server(options.program, path) as server:
        connection = Connection(server.listen().port)
        for number in range(300):
            connection.call("add_task", title=f"task {number}", description="x" * (number % 50) * 10)
        for number in range(60):
            connection.call("add_user", username=f"user-{number}", metadata={"n": number})
        for number in range(1, 300, 7):
            connection.call("delete_task", task_id=number)
        server.stop()


def wrong_files(options, folder, whole):
    """Tests files that the server cannot open."""
    cases = 0
    for name, content, wanted in (
        ("a text", b"This is a text and no database. " * 400, "not a SQLite database"),
        ("zeros", bytes(40_960), "not a SQLite database"),
        ("random", random.Random(options.seed).randbytes(40_960), "not a SQLite database"),
        ("half a header", b"SQLite format 3\0" + bytes(20), "not a SQLite database"),
    ):
        path = folder / name
        path.write_bytes(content)
        require_refused(options, path, wanted)
        cases += 1
    foreign = folder / "another program's"
    database = sqlite3.connect(foreign)
    database.executescript("CREATE TABLE places (url TEXT); INSERT INTO places VALUES ('x');")
    database.close()
    require_refused(options, foreign, "another program")
    newer = folder / "a newer server's"
    shutil.copyfile(whole, newer)
    database = sqlite3.connect(newer)
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')")
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    require_refused(options, newer, "newer server")
    (folder / "a folder").mkdir()
    require_refused(options, folder / "a folder", "it is a folder")
    with Server(options.program, folder / "missing" / "memory.db") as server:
        require(not server.starts() and server.wait() == 1, "a missing folder is refused")
        require("there is no folder" in server.log, f"the missing folder is named: {server.log}")
    require(not (folder / "missing").exists(), "the folder is not created")
    return cases + 4


def read_only(options, folder, whole):
    """Tests a read-only file and folder, as a user other than root."""
    program = folder / "mcp-server"
    shutil.copyfile(options.program, program)
    program.chmod(0o755)
    prefix = ()
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            print("torture: READ-ONLY FILES NOT TRIED: root can write to them, and setpriv is not installed", flush=True)
            return 0
        prefix = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")
    options = type(options)(**{**vars(options), "program": program})
    for name, file_mode, folder_mode in (("file", 0o444, 0o777), ("folder", 0o444, 0o555)):
        place = folder / f"read-only {name}"
        place.mkdir()
        path = place / "memory.db"
        shutil.copyfile(whole, path)
        path.chmod(file_mode)
        place.chmod(folder_mode)
        try:
            require_refused(options, path, "cannot open the database", prefix)
        finally:
            place.chmod(0o755)
    return 2


def flip(options, folder, whole):
    """Flips bits at one place, and requires an error at the start or in a call."""
    chance, seen = random.Random(options.seed), {"refused": 0, "answered": 0, "errors": 0}
    content = whole.read_bytes()
    pages = len(content) // 4096
    for number in range(options.flips):
        damaged = bytearray(content)
        if number % 4 == 0:
            at = chance.randrange(100)  # The file's header.
        elif number % 4 == 1:
            at = chance.randrange(pages) * 4096 + chance.randrange(12)  # The page's head.
        elif number % 4 == 2:
            at = chance.randrange(pages) * 4096 + chance.randrange(12, 200)  # The page's cell pointers.
        else:
            at = chance.randrange(len(content))
        damaged[at] ^= 1 << chance.randrange(8)
        path = folder / f"flip-{number}.db"
        path.write_bytes(damaged)
        with Server(options.program, path) as server:
            if server.starts():
                errors = meet(server, at)
                seen["errors" if errors else "answered"] += 1
                server.terminate()
                status = server.wait()
                require(status in (0, 1), f"byte {at}: the server stops by itself: {status}\n{server.log}")
                if errors:
                    require("malformed" in server.log or "storage is damaged" in server.log,
                            f"byte {at}: the log has the reason: {server.log}")
            else:
                status = server.wait()
                said = [line for line in server.lines if line.startswith("mcp-server: ")]
                require(status == 1 and len(said) == 1, f"byte {at}: status 1 and one line: {status} {server.log}")
                require(path.read_bytes() == bytes(damaged), f"byte {at}: a rejected file is unchanged")
                seen["refused"] += 1
        for suffix in ("", "-wal", "-shm", ".before-migration"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
    return seen


def meet(server, at):
    """Sends calls of every kind to a server with a damaged file, and counts the 500s."""
    connection, errors = Connection(server.port), 0
    for action, params in REQUESTS:
        try:
            status, body = connection.call(action, **params)
        except Gone:
            # A list whose status was already sent is cut off.
            require(action.startswith(("list", "search")), f"byte {at}: {action} is answered")
            connection, errors = Connection(server.port), errors + 1
            continue
        require(status in (200, 400, 500), f"byte {at}: {action}: {status} {body}")
        errors += status == 500
    require(connection.get("/live")[0] == 200, f"byte {at}: the server lives")
    return errors


def run(options):
    """Runs all tests of files."""
    with Folder() as folder:
        whole = folder / "whole.db"
        make(options, whole)
        wrong, unwritable = wrong_files(options, folder, whole), read_only(options, folder, whole)
        empty = folder / "empty.db"
        empty.touch()
        with Server(options.program, empty) as server:
            server.listen().stop()
        seen = flip(options, folder, whole)
    readonly = f"{unwritable} cases" if unwritable else "NOT TRIED"
    return [
        ("not a database, another program's, a newer server's, no folder", f"{wrong} cases", "one line, status 1, unchanged"),
        ("read-only file and folder", readonly, "one line, status 1, unchanged" if unwritable else "-"),
        (
            "bit flips", f"{options.flips} files",
            f"{seen['refused']} rejected at the start and unchanged, {seen['errors']} found later (500 and a"
            f" line in the log), {seen['answered']} not found; 0 panics",
        ),
    ]
