"""The official Python client, release 1: HTTP and stdio.

Usage: python_1.py URL KEY PROGRAM
"""

import sys
import tempfile

import anyio
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client
from pydantic import AnyUrl

URL, KEY, PROGRAM = sys.argv[1:]


async def use(where, read, write):
    async with ClientSession(read, write) as session:
        hello = await session.initialize()
        tools = (await session.list_tools()).tools
        params = {"title": f"From Python: {where}"}
        if len(tools) == 2:
            query = {"action": "add_task", "params": params, "fields": "id,title", "format": "json"}
            added = await session.call_tool("change", query)
            wrong = await session.call_tool("change", {"action": "add_task"})
        else:
            added = await session.call_tool("add_task", params)
            wrong = await session.call_tool("add_task", {})
        assert not added.isError, added
        task = added.structuredContent
        task = task["data"] if len(tools) == 2 else task
        assert task["title"] == params["title"], added
        assert wrong.isError and "add_task(title" in wrong.content[0].text, wrong
        address = AnyUrl(f"mcp://tasks/{task['id']}")
        assert params["title"] in (await session.read_resource(address)).contents[0].text
        print(f"python mcp 1, {where}: {hello.protocolVersion}, {len(tools)} tools")


async def main():
    for address in (URL, f"{URL}?tools=all"):
        async with streamablehttp_client(address, headers={"X-API-Key": KEY}) as (read, write, _):
            await use(f"HTTP, {address.removeprefix(URL) or 'lean'}", read, write)
    with tempfile.TemporaryDirectory() as folder:
        env = {"DATABASE_URL": f"sqlite:///{folder}/memory.db"}
        for more in ([], ["--tools", "all"]):
            server = StdioServerParameters(command=PROGRAM, args=["stdio", *more], env=env)
            async with stdio_client(server) as (read, write):
                await use(" ".join(["stdio", *more]), read, write)


anyio.run(main)
