"""A checkout of the toolkit of the contest "LLMs for parallel programming".

Its problems lie in ``model_eval/ParEval/prompts/code_opt.json``. Only the source is taken, which is
what a contestant gets.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from parallel_agent.settings import SettingsError
from parallel_agent.suites.suite import SuiteKernel

PROBLEMS = Path("model_eval") / "ParEval" / "prompts" / "code_opt.json"
LICENCE = "MIT"


class Problem(BaseModel):
    """One problem as the toolkit writes it; what else it says is not for a contestant."""

    model_config = ConfigDict(extra="ignore")

    name: str
    problem_type: str
    src_code: str


def llm4pp(place: str, prepared: Path) -> list[SuiteKernel]:
    """The problems of the checkout at ``place``, in its order, each written to a file."""
    found = []
    for problem in problems(Path(place)):
        path = prepared / f"{problem.name}.cpp"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(problem.src_code, encoding="utf-8")
        found.append(SuiteKernel(problem.name, problem.problem_type, path, licence=LICENCE))
    return found


def problems(checkout: Path) -> list[Problem]:
    """The problems of a checkout; ``checkout`` may be the file with them, too."""
    file = checkout if checkout.is_file() else checkout / PROBLEMS
    try:
        return TypeAdapter(list[Problem]).validate_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"suite: {file} cannot be read ({error.strerror})",
            "Give the toolkit's folder, the one that holds model_eval: llm4pp:CHECKOUT",
        ) from None
    except ValueError as error:  # not JSON, not text, or JSON of something else
        raise SettingsError(
            f"suite: {file} does not hold the toolkit's problems: {_first_line(error)}",
            "Give the toolkit's folder as it was checked out: llm4pp:CHECKOUT",
        ) from None


def _first_line(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
