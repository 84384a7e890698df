"""The MCP server: the tools of a desk over standard input and output.

Requests, progress and cancellation are as in the Model Context Protocol, https://modelcontextprotocol.io.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ContentBlock,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp.types import Tool as ToolInfo

from parallel_agent import __version__
from parallel_agent.adapters.desk import Desk
from parallel_agent.adapters.mcp_pages import Pages, report_link
from parallel_agent.adapters.mcp_tools import TOOLS, Answer, Tool
from parallel_agent.adapters.requests import BadRequest
from parallel_agent.adapters.telling import explained
from parallel_agent.agent.awaiting import awaited
from parallel_agent.agent.events import Event
from parallel_agent.report.progress import sentence

_INSTRUCTIONS = (
    "Speeds up sequential C++ functions with OpenMP. What 'optimize' hands back answered as the "
    "original did in every check and was faster in a second timing. Check what you wrote yourself "
    "with 'verify', and time it with 'profile'. Files are those below {root}."
)
_LAST_SECONDS = 2.0
"""How long an answer waits for a client that has not read all progress before it."""
_Context = ServerRequestContext[dict[str, Any]]


def serve(desk: Desk, tools: Sequence[Tool] = TOOLS) -> None:
    """Serve until the input ends. What is at work then ends after its running step."""
    anyio.run(_serve, build_server(desk, tools))


async def _serve(server: Server[dict[str, Any]]) -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def build_server(desk: Desk, tools: Sequence[Tool] = TOOLS) -> Server[dict[str, Any]]:
    """The server of a desk, to be run on a transport."""
    by_name = {tool.name: tool for tool in tools}

    async def list_tools(
        context: _Context, params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=[_info(tool) for tool in tools])

    async def call_tool(context: _Context, params: CallToolRequestParams) -> CallToolResult:
        try:
            return _result(await _called(desk, by_name, context, params))
        except Exception as error:
            told = explained(error)
            return CallToolResult(
                content=[TextContent(type="text", text=told.text.rstrip("\n"))], is_error=True
            )

    pages = Pages(desk)
    return Server(
        "parallel-agent",
        version=__version__,
        instructions=_INSTRUCTIONS.format(root=desk.root),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=pages.listed,
        on_read_resource=pages.read,
    )


def _info(tool: Tool) -> ToolInfo:
    return ToolInfo(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.request.model_json_schema(),
        annotations=ToolAnnotations(
            read_only_hint=tool.reads, destructive_hint=False, open_world_hint=not tool.reads
        ),
    )


def _result(answer: Answer) -> CallToolResult:
    content: list[ContentBlock] = [TextContent(type="text", text=answer.text)]
    if answer.page is not None:
        content.append(report_link(answer.page))
    return CallToolResult(content=content, structured_content=answer.data)


async def _called(
    desk: Desk, tools: Mapping[str, Tool], context: _Context, params: CallToolRequestParams
) -> Answer:
    """Do what was asked, telling of every event on the way."""
    tool = tools.get(params.name)
    if tool is None:
        raise BadRequest(f"there is no tool '{params.name}'", f"The tools are: {', '.join(tools)}")
    asked = tool.request.model_validate(params.arguments or {})
    send, receive = anyio.create_memory_object_stream[Event](math.inf)
    loop, telling = asyncio.get_running_loop(), asyncio.ensure_future(_told(context, receive))
    telling.add_done_callback(lambda done: done.cancelled() or done.exception())

    def tell(event: Event) -> None:
        with suppress(RuntimeError):  # the server is gone, and the thread is about to hear of it
            loop.call_soon_threadsafe(_put, send, event)

    try:
        answer = await awaited(lambda control: tool.run(desk, asked, tell, control))
        send.close()
        await asyncio.wait([telling], timeout=_LAST_SECONDS)
        return answer
    finally:
        telling.cancel()
        receive.close()
        send.close()


def _put(send: MemoryObjectSendStream[Event], event: Event) -> None:
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        send.send_nowait(event)


async def _told(context: _Context, receive: MemoryObjectReceiveStream[Event]) -> None:
    """Send a progress notification for each event, numbered; none where none was asked for."""
    number = 0
    async for event in receive:
        number += 1
        said = " ".join(sentence(event).split())
        place = f"{event.branch}: {said}" if event.branch else said
        await context.session.report_progress(number, None, place)
