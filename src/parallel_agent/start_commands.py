"""The commands to begin with: a demonstration, what the machine has, and what is configured."""

from __future__ import annotations

from parallel_agent.options import AsJson, Cxx, CxxFlags, Out, Quiet, Threads

DEMO = "second_moments"
"""Of the bundled kernels, one that gains by loop order, vectors and threads alike."""


def demo(
    out: Out = None, threads: Threads = None, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """Speed up a kernel that comes along, and leave a report of it: no key, no network, no money.

    It takes about a minute.
    """
    from parallel_agent.report.console import progress, show_outcome
    from parallel_agent.runs import optimize
    from parallel_agent.settings import load_settings
    from parallel_agent.suites.adapters.bundled import bundled

    given = load_settings(out=out, threads=threads)
    kernel = next(kernel for kernel in bundled() if kernel.name == DEMO)
    with progress(quiet=quiet) as listener:
        outcome = optimize(kernel.path, given=given, listener=listener)
    show_outcome(outcome, as_json=as_json, quiet=quiet)


def doctor(cxx: Cxx = None, cxxflags: CxxFlags = None, as_json: AsJson = False) -> int:
    """Say what this machine has of what a run needs, and how to install what is missing.

    The exit status is 3 if something that is needed is missing.
    """
    from parallel_agent.report.doctor import examine_machine, lacks_nothing, show_checks
    from parallel_agent.settings import load_settings

    given = load_settings(cxx=cxx, cxxflags=cxxflags)
    checks = examine_machine(given.cxx, given.cxxflags)
    show_checks(checks, as_json=as_json)
    return 0 if lacks_nothing(checks) else 3


def config(as_json: AsJson = False) -> None:
    """Show every setting as it is in force here, and where it is from: variable, file, or default.

    A flag comes before the environment variable, that before parallel-agent.toml in the working
    directory, and that before the default.
    """
    from parallel_agent.report.configuration import (
        configuration,
        show_configuration,
        unknown_variables,
    )

    show_configuration(configuration(), unknown_variables(), as_json=as_json)
