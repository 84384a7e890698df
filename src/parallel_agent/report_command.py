"""The command that draws the report of a run or suite."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parallel_agent.options import AsJson


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run or suite.")],
    show: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Draw the report of a run or suite from what its folder holds: RUN/report.html.

    The run may be old, at work, or killed: the report says what is not there. It is one file that
    needs no network.

    \b
    Examples:
      parallel-agent report RUN --open
    """
    import json
    import webbrowser

    from parallel_agent.report.html.page import write_run_report
    from parallel_agent.suites.page import is_suite, write_suite_report

    path = (write_suite_report if is_suite(run) else write_run_report)(run).absolute()
    typer.echo(json.dumps({"report": str(path)}) if as_json else path)
    if show and not webbrowser.open(path.as_uri()):
        typer.echo("no browser was found; open the file with one of yours", err=True)
