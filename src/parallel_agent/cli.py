"""The command line: one thin command per verb, no logic.

What a command needs is imported when it runs, so that ``--help`` stays quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from parallel_agent import (
    __version__,
    finetune_command,
    fit_command,
    mcp_command,
    money_commands,
    profile_command,
    project_options,
    report_command,
    start_commands,
    suite_commands,
    training_commands,
    verify_commands,
)
from parallel_agent.options import (
    Answers,
    AsJson,
    Branches,
    Budget,
    ContractFile,
    Cxx,
    CxxFlags,
    Effort,
    KernelName,
    MaxOutputTokens,
    MaxTime,
    MaxTokensTotal,
    Memory,
    Model,
    NoSandbox,
    Out,
    Policy,
    Price,
    Quiet,
    RaceCheck,
    Seed,
    Server,
    Size,
    Threads,
)

app = typer.Typer(
    name="parallel-agent",
    help="Turn a sequential C++ kernel into a parallel one that is checked and timed.",
    epilog="Exit status: 0 done, improved or not; 1 rejected; 2 the request is wrong; 3 the "
    "machine lacks something ('doctor' says what); 4 nothing affordable under the cap; "
    "130 interrupted.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": 100},
)


app.command()(start_commands.demo)
app.command()(suite_commands.bench)
app.command("mcp")(mcp_command.serve_mcp)
app.command()(suite_commands.export)
app.command()(finetune_command.finetune)
app.command()(profile_command.profile)
app.command()(report_command.report)
app.add_typer(training_commands.data, name="data")


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"parallel-agent {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        typer.echo("\nNew here? Try: parallel-agent demo")


@app.command()
def optimize(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="C++ source with the kernel.")
    ] = None,
    out: Out = None,
    kernel: KernelName = None,
    contract: ContractFile = None,
    threads: Threads = None,
    size: Size = None,
    seed: Seed = None,
    effort: Effort = None,
    model: Model = None,
    price: Price = None,
    budget: Budget = None,
    max_tokens_total: MaxTokensTotal = None,
    max_time: MaxTime = None,
    policy: Policy = None,
    branches: Branches = None,
    answers: Answers = None,
    max_output_tokens: MaxOutputTokens = None,
    memory: Memory = None,
    server: Server = None,
    cxx: Cxx = None,
    cxxflags: CxxFlags = None,
    require_race_check: RaceCheck = None,
    no_sandbox: NoSandbox = None,
    build: project_options.Build = None,
    test: project_options.Test = None,
    bench: project_options.Bench = None,
    hot: project_options.Hot = False,
    metric: project_options.Metric = "",
    higher_is_better: project_options.HigherIsBetter = False,
    same_output: project_options.SameOutput = False,
    others: project_options.With = None,
    root: project_options.Root = None,
    readable: project_options.Readable = None,
    tree_limit: project_options.TreeLimit = 1024,
    trust_test: project_options.TrustTest = False,
    branch: project_options.Branch = "",
    only_estimate: Annotated[
        bool,
        typer.Option(
            "--estimate",
            help="Only say what the models may cost, and send nothing.",
        ),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write, check and time parallel versions of a kernel; hand back the fastest that is right.

    Where nothing is faster beyond the noise of the machine, the original comes back unchanged. With
    --build, --test and --bench the kernel stays a part of its project, and what comes back is a patch.

    \b
    Examples:
      parallel-agent optimize kernel.cpp --threads 4
      parallel-agent optimize kernel.cpp --model openai:NAME --budget 0.25
      parallel-agent optimize kernel.cpp --model http://localhost:8000/v1#NAME --price free --max-time 30m
      parallel-agent optimize src/foo.cpp --kernel step --build make --test "make test" --bench ./bench
      parallel-agent optimize --hot --build make --bench ./bench
    """
    from parallel_agent.settings import load_settings

    given = load_settings(
        out=out, kernel=kernel, contract=contract, threads=threads, size=size or None, seed=seed,
        effort=effort, model=model or None, price=price or None, budget=budget, policy=policy, branches=branches, answers=answers,
        max_output_tokens=max_output_tokens, max_tokens_total=max_tokens_total, max_time=max_time,
        memory=memory, server=server, cxx=cxx, cxxflags=cxxflags,
        require_race_check=require_race_check, no_sandbox=no_sandbox,
    )  # fmt: skip
    from parallel_agent.agent.paying import cap_of
    from parallel_agent.report.console import progress, show_outcome
    from parallel_agent.runs import optimize as run

    if hot:
        from parallel_agent.agent.project.hot import hottest
        from parallel_agent.report.hot import show_hot

        with progress(quiet=quiet) as listener:
            found = hottest(
                build=build or "", bench=bench or "", file=file, root=root,
                readable=readable or (), tree_mib=tree_limit, given=given, listener=listener,
            )  # fmt: skip
        show_hot(found, as_json=as_json)
        return
    if file is None:
        raise typer.BadParameter("FILE is missing: give the C++ source with the kernel")
    in_project = build is not None or test is not None or bench is not None
    project = None
    if in_project:
        from parallel_agent.agent.project.run import optimize_project, project_spec

        project = project_spec(
            file, build=build or "", test=test or "", bench=bench or "", metric=metric,
            higher_is_better=higher_is_better, same_output=same_output, others=others or (),
            root=root, readable=readable or (), tree_mib=tree_limit, trust_test=trust_test,
            branch=branch,
        )  # fmt: skip
    if only_estimate:
        from parallel_agent.agent.estimating import estimate
        from parallel_agent.agent.project.estimating import estimate_project
        from parallel_agent.report.estimate import show_estimate

        with progress(quiet=quiet) as listener:
            told = (
                estimate(file, given, listener)
                if project is None
                else estimate_project(project, given, listener)
            )
        show_estimate(told, as_json=as_json)
        return
    with progress(quiet=quiet, cap=cap_of(given)) as listener:
        outcome = (
            run(file, given=given, listener=listener)
            if project is None
            else optimize_project(project, given=given, listener=listener)
        )
    show_outcome(outcome, as_json=as_json, quiet=quiet)


app.command()(verify_commands.verify)


@app.command()
def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
    budget: Budget = None,
    max_tokens_total: MaxTokensTotal = None,
    max_time: MaxTime = None,
    memory: Memory = None,
    server: Server = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was interrupted or killed, where it stopped.

    No candidate that was checked or timed is checked or timed again, and no answer that was paid for
    is bought again. A larger --budget, --max-tokens-total or --max-time raises that cap; a finished
    run then goes on, too, and so it does with another --memory or --server for its local: models. What
    is not given stays as it was.

    \b
    Examples:
      parallel-agent resume RUN
      parallel-agent resume RUN --budget 0.50
      parallel-agent resume RUN --max-tokens-total 200000 --max-time 30m
    """
    from parallel_agent.report.console import progress, show_outcome
    from parallel_agent.runs import resume as go_on

    with progress(quiet=quiet) as listener:
        outcome = go_on(
            run,
            budget=budget,
            max_tokens_total=max_tokens_total,
            max_time=max_time,
            memory=memory,
            server=server,
            listener=listener,
        )
    show_outcome(outcome, as_json=as_json, quiet=quiet)


app.command("contract")(verify_commands.show_contract)
app.command()(money_commands.ledger)
app.add_typer(fit_command.models, name="models")


app.command()(start_commands.doctor)
app.command()(start_commands.config)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status; an error is two lines on stderr.

    With ``--json`` it is one JSON object on stdout too.
    """
    from parallel_agent.report.explanation import INTERRUPTED, report_error

    as_json = "--json" in arguments
    try:
        status: int = app(list(arguments), prog_name="parallel-agent", standalone_mode=False) or 0
    except typer.Abort:
        status = INTERRUPTED
    except Exception as error:
        return report_error(error, as_json=as_json)
    # Typer swallows the interrupt, and each of its versions in its own way.
    return report_error(KeyboardInterrupt(), as_json=as_json) if status == INTERRUPTED else status


def main() -> None:
    """The entry point of ``parallel-agent``."""
    sys.exit(run(sys.argv[1:]))
