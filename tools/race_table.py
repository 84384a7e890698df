"""How good the race gate's detector is: recall and precision over the corpus of small programs.

Every program of ``tests/adversarial/races`` is built and run as the race gate builds and runs
candidates. Prints one line a program and the sums; the exit status is 1 if any was misjudged.

    python tools/race_table.py [--repeat 5] [--threads 2] [NAME...]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.program import ProgramCase, run_program
from parallel_agent.toolchain.race_detector import INSTALL, RaceDetector, thread_counts

CORPUS = Path(__file__).resolve().parent.parent / "tests" / "adversarial" / "races"
BUILDS_AT_A_TIME = 2


@dataclass(frozen=True)
class Judgement:
    """How often a program was accused, of so many times that it was looked at."""

    name: str
    racy: bool
    accused: int
    repetitions: int
    problem: str = ""
    """What kept it from being judged; empty if nothing did."""

    @property
    def right(self) -> bool:
        """Accused every time if it is racy, never if it is not."""
        return not self.problem and self.accused == (self.repetitions if self.racy else 0)


def programs(names: Iterable[str] = ()) -> list[Path]:
    """The corpus, racy programs first, or those of it that have one of the names."""
    wanted = set(names)
    found = [path for kind in ("racy", "correct") for path in sorted((CORPUS / kind).glob("*.cpp"))]
    return [path for path in found if not wanted or path.stem in wanted]


def judge(source: Path, detector: RaceDetector, *, threads: int, repetitions: int) -> Judgement:
    """Build one program and look at it so many times, as the race gate does."""
    racy = source.parent.name == "racy"
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        compiled = detector.compiler(Compiler.find()).compile(
            {source.name: source.read_text(encoding="utf-8")}, directory=directory, output="program"
        )
        if compiled.binary is None:
            return Judgement(source.stem, racy, 0, repetitions, compiled.errors[0].message)
        environment = detector.environment(directory)
        accused = 0
        for _ in range(repetitions):
            for count in thread_counts(threads):
                run = run_program(compiled.binary, ProgramCase(), threads=count, env=environment)
                if run.found_by_sanitizer:
                    accused += 1
                    break
                if run.broken or not run.completed.ok:
                    return Judgement(source.stem, racy, accused, repetitions, str(run.death))
    return Judgement(source.stem, racy, accused, repetitions)


def judge_all(sources: Iterable[Path], *, threads: int, repetitions: int) -> list[Judgement]:
    """Judge programs, two at a time; LookupError without a race detector."""
    detector = RaceDetector.find()
    if detector is None:
        raise LookupError(f"no race detector; {INSTALL}")
    with ThreadPoolExecutor(BUILDS_AT_A_TIME) as pool:
        return list(
            pool.map(
                lambda source: judge(source, detector, threads=threads, repetitions=repetitions),
                sources,
            )
        )


def table(judgements: list[Judgement]) -> str:
    """One line a program, and recall and precision over all programs and repetitions."""
    lines = []
    for each in judgements:
        kind = "racy" if each.racy else "correct"
        said = each.problem or f"accused {each.accused} of {each.repetitions}"
        lines.append(f"{'' if each.right else 'WRONG ':6}{kind:8}{each.name:40}{said}")
    racy = [each for each in judgements if each.racy]
    correct = [each for each in judgements if not each.racy]
    hits = sum(each.accused for each in racy)
    alarms = sum(each.accused for each in correct)
    looks = sum(each.repetitions for each in racy)
    lines += [
        "",
        f"racy      {sum(each.right for each in racy)} of {len(racy)} found every time",
        f"correct   {sum(each.right for each in correct)} of {len(correct)} never accused",
        f"recall    {_share(hits, looks)}",
        f"precision {_share(hits, hits + alarms)}",
    ]
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.4f} ({part} of {whole})" if whole else "nothing to tell it from"


def main() -> int:
    """Read the arguments, judge, print."""
    parser = argparse.ArgumentParser(description="Recall and precision of the race detector")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these programs")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="default 5")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="default 2")
    given = parser.parse_args()
    judgements = judge_all(programs(given.names), threads=given.threads, repetitions=given.repeat)
    print(table(judgements))
    return 0 if all(each.right for each in judgements) else 1


if __name__ == "__main__":
    sys.exit(main())
