"""The reports of a desk's runs as resources of the MCP server: HTML files to look at, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    ListResourcesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceLink,
    TextResourceContents,
)

from parallel_agent.adapters.desk import Desk
from parallel_agent.agent.run_folder import REPORT

_HTML = "text/html"
_Context = ServerRequestContext[dict[str, Any]]


def report_link(page: Path) -> ResourceLink:
    """A link to a report, for a client to open or to read."""
    return ResourceLink(
        type="resource_link",
        name=REPORT,
        title=f"Report of {page.parent.name}",
        uri=page.as_uri(),
        mime_type=_HTML,
        size=page.stat().st_size,
    )


class Pages:
    """Lists and reads the reports that are there; a path of the client's own opens nothing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def listed(
        self, context: _Context, params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        """All reports, by run."""
        known = await anyio.to_thread.run_sync(self._known)
        return ListResourcesResult(
            resources=[
                Resource(name=f"{path.parent.name}/{REPORT}", uri=uri, mime_type=_HTML)
                for uri, path in known.items()
            ]
        )

    async def read(
        self, context: _Context, params: ReadResourceRequestParams
    ) -> ReadResourceResult:
        """One of them, whole."""
        path = (await anyio.to_thread.run_sync(self._known)).get(str(params.uri))
        if path is None:
            raise MCPError(code=INVALID_PARAMS, message=f"there is no report {params.uri}")
        text = await anyio.Path(path).read_text(encoding="utf-8")
        contents = TextResourceContents(uri=params.uri, mime_type=_HTML, text=text)
        return ReadResourceResult(contents=[contents])

    def _known(self) -> dict[str, Path]:
        pages = (self._desk.folder / "runs" / name / REPORT for name in self._desk.budget().runs)
        return {page.as_uri(): page for page in pages if page.is_file()}
