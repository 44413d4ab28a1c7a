"""The official Python client, release 2: every mode over HTTP, and stdio.

Usage: python_2.py URL KEY PROGRAM
"""

import sys
import tempfile

import anyio
import httpx2
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

URL, KEY, PROGRAM = sys.argv[1:]


async def use(where, client):
    tools = await client.list_tools()
    assert [tool.name for tool in tools.tools] == ["query", "change"], tools
    params = {"title": f"From Python: {where}"}
    query = {"action": "add_task", "params": params, "fields": "id,title", "format": "json"}
    added = await client.call_tool("change", query)
    assert not added.is_error, added
    assert added.structured_content["data"]["title"] == params["title"], added
    wrong = await client.call_tool("change", {"action": "add_task", "params": {}})
    assert wrong.is_error and "add_task(title" in wrong.content[0].text, wrong
    task = await client.read_resource(f"mcp://tasks/{added.structured_content['data']['id']}")
    assert params["title"] in task.contents[0].text, task
    prompts = await client.list_prompts()
    assert [prompt.name for prompt in prompts.prompts] == ["plan_open_tasks", "hand_over"], prompts
    print(f"python mcp 2, {where}: {client.protocol_version}")


async def use_all(where, client):
    tools = (await client.list_tools()).tools
    assert len(tools) >= 25, tools
    # The client checks structured content against the output schema.
    for name, arguments in [
        ("list_tasks", {}),
        ("list_users", {}),
        ("get_config", {}),
        ("summarize_data", {}),
        ("calculate", {"operation": "sum", "numbers": [1, 2]}),
        ("get_user", {"username": "nobody"}),
    ]:
        answer = await client.call_tool(name, arguments)
        assert not answer.is_error, answer
    print(f"python mcp 2, {where}: {len(tools)} tools")


async def main():
    async with httpx2.AsyncClient(headers={"X-API-Key": KEY}, timeout=60) as http:
        for mode in ("auto", "legacy", "2026-07-28"):
            async with Client(streamable_http_client(URL, http_client=http), mode=mode) as client:
                await use(f"HTTP, {mode}", client)
        all_tools = streamable_http_client(f"{URL}?tools=all", http_client=http)
        async with Client(all_tools) as client:
            await use_all("HTTP, ?tools=all", client)
    with tempfile.TemporaryDirectory() as folder:
        env = {"DATABASE_URL": f"sqlite:///{folder}/memory.db"}
        for mode in ("auto", "legacy"):
            lean = StdioServerParameters(command=PROGRAM, args=["stdio"], env=env)
            async with Client(lean, mode=mode) as client:
                await use(f"stdio, {mode}", client)
        every = StdioServerParameters(command=PROGRAM, args=["stdio", "--tools", "all"], env=env)
        async with Client(every) as client:
            await use_all("stdio --tools all", client)


anyio.run(main)
