"""Shows the client. Start the server, then run: python3 example.py"""

import json
import sys

from mcp_client import MCPClient, MCPError

USERNAME = "example-alice"


def show(title, value):
    print(f"{title}: {json.dumps(value, ensure_ascii=False)}")


def main():
    client = MCPClient()
    show("Server", client.health()["service"])

    client.add_user(USERNAME, role="admin", metadata={"team": "engineering"})
    task = client.add_task(title="Build feature X", priority="high", assigned_to=USERNAME)
    try:
        show("New task", task)
        show("Tasks of the user", [t["title"] for t in client.list_tasks(assigned_to=USERNAME)])
        show("Found", [t["title"] for t in client.search_tasks("feature")])
        show("Begun", client.update_task(task["id"], status="in_progress")["status"])
        show("Sum", client.calculate("sum", [10, 20, 30, 40])["result"])
        show("Summary", client.get_summary()["summary"])
        show("Last actions", [entry["action"] for entry in client.get_logs(limit=3)])
    finally:
        client.delete_task(task["id"])
        client.remove_user(USERNAME)


if __name__ == "__main__":
    try:
        main()
    except MCPError as error:
        sys.exit(f"{error}")
