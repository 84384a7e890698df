from __future__ import annotations

import re
from pathlib import Path

import pytest

from parallel_agent.agent.events import Event
from parallel_agent.agent.run_folder import FolderError, RunFolder
from parallel_agent.report.html.evidence import Evidence
from parallel_agent.report.html.money import money_of
from parallel_agent.report.html.page import run_page, write_run_report
from parallel_agent.report.html.tree import branches
from parallel_agent.report.html.words import commands, more_money, unchecked
from parallel_agent.report.html.written import report_of
from report_samples import outcome, paid, write_run

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>"


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<style.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL).split())


def page_of(root: Path) -> str:
    return run_page(Evidence(root))


def test_an_improved_run_answers_every_question(tmp_path: Path) -> None:
    page = page_of(write_run(tmp_path, outcome(tmp_path)))
    text = text_of(page)
    for said in (
        "damp: 1.60 times as fast (1.55 to 1.63) with 2 threads",
        "7 of 7 gates passed",
        "28 inputs at 1, 2, 4 threads",
        "the original ran clean under sanitizers 38 times, at 2 sizes",
        "reach 2 of the original's 2 branches",
        "others used 30% of it",
        "2.1 ms 1.90 1.85 to 1.94",
        "Nothing: the built-in rules wrote every candidate",
        "a serial fraction of 11.1%",
        "Not measured: no money was spent in this run.",
        "rejected: differential",
        "level[3]: 0.5 expected, 0.7 returned",
        "candidates/bad/replay.json",
        "the search has no time left",
        "parallel-agent verify",
        "A processor",
        "g++ 14.2",
        "python 3.12.1",
    ):
        assert said in text, said
    assert page.count('<svg role="img"') == 2
    assert "#pragma" in page and 'class="added"' in page


def test_a_run_with_a_model_has_a_bill_and_a_curve(tmp_path: Path) -> None:
    root = write_run(tmp_path, paid(tmp_path), with_model=True)
    page = page_of(root)
    assert "0.0031 of 0.05 USD were spent" in text_of(page)
    assert page.count('<svg role="img"') == 3
    assert "still rising" in text_of(page)
    money = money_of(Evidence(root))
    assert [(p.spent_usd, p.speedup) for p in money.curve] == [(0, 1), (0.0011, 1), (0.0031, 1.7)]


def test_what_was_bought_in_vain_is_said(tmp_path: Path) -> None:
    root = write_run(tmp_path, paid(tmp_path), with_model=True)
    late = Event(kind="call", data={"amount_usd": "0.004", "from_journal": False})
    again = Event(kind="call", data={"amount_usd": "9", "from_journal": True})
    RunFolder(root).log(late)
    RunFolder(root).log(again)
    evidence = Evidence(root)
    assert "1 request for 0.004 US dollars, brought nothing better" in " ".join(
        more_money(evidence, money_of(evidence))
    )


def test_an_unchanged_run_shows_no_gain(tmp_path: Path) -> None:
    end = outcome(tmp_path, status="unchanged", speedup=1.0, interval=(1.0, 1.0), strategy="")
    page = page_of(write_run(tmp_path, end))
    text = text_of(page)
    assert "damp: unchanged, nothing was faster with 2 threads" in text
    assert "What comes back is the original, character by character." in text
    assert "there is no result that could scale" in text
    assert "<svg" not in page
    assert "handed back</span>" not in page


def test_a_run_without_an_end_shows_what_there_is(tmp_path: Path) -> None:
    text = text_of(page_of(write_run(tmp_path, None)))
    assert "this run has not ended; the best so far was 1.70 times as fast at first sight" in text
    assert "parallel-agent resume" in text
    assert "Build and time both again" not in text


def test_a_run_that_has_just_begun(tmp_path: Path) -> None:
    RunFolder(tmp_path).write_json({}, "run.json")
    text = text_of(page_of(tmp_path))
    assert "nothing better was proved yet" in text
    assert "not recorded yet" in text


@pytest.mark.parametrize(
    "broken",
    ["run.json", "outcome.json", "original/study.json", "contract.toml", "events.jsonl",
     "candidates/good/record.json", "candidates/good/verdict.json", "versions.json",
     "candidates/good/confirmation.json", "candidates/good/scaling.json", "best.cpp"],
)  # fmt: skip
@pytest.mark.parametrize("how", ["cut", "gone", "odd"])
def test_any_file_may_be_missing_or_broken(tmp_path: Path, broken: str, how: str) -> None:
    file = write_run(tmp_path, outcome(tmp_path)) / broken
    if how == "gone" and broken != "run.json":
        file.unlink()
    else:
        text = file.read_bytes()
        file.write_bytes(text[: len(text) // 2] if how == "cut" else b"\xff[1]\n")
    assert page_of(tmp_path).rstrip().endswith("</html>")


def test_hostile_words_are_text_and_nothing_else(tmp_path: Path) -> None:
    end = outcome(
        tmp_path, kernel=HOSTILE, strategy=HOSTILE, proposer=HOSTILE, reasons=[HOSTILE],
        cautions=[HOSTILE], notes=[HOSTILE], pruned=[{"branch": HOSTILE, "why": HOSTILE}],
    )  # fmt: skip
    root = write_run(tmp_path, end, critique=HOSTILE)
    folder = RunFolder(root)
    folder.write(f"// {HOSTILE}\n", "original.cpp")
    folder.write(f"// {HOSTILE}\n// more\n", "best.cpp")
    folder.write(f"# {HOSTILE}\n", "contract.toml")
    settings = {"cxx": HOSTILE, "cxxflags": [HOSTILE], "model": [HOSTILE], "seed": HOSTILE}
    folder.write_json(settings, "run.json")
    record = {"id": "bad", "failed_gate": HOSTILE, "detail": HOSTILE, "strategy": HOSTILE}
    folder.write_json(record, "candidates", "bad", "record.json")
    page = page_of(root)
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") > 10


def test_a_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    page = page_of(write_run(tmp_path, outcome(tmp_path)))
    assert "<script" not in page and "<link" not in page and "@import" not in page
    outside = re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?(?!#)([^\"')\s>]+)", page)
    assert outside == []


def test_a_candidate_is_found_by_its_text(tmp_path: Path) -> None:
    evidence = Evidence(write_run(tmp_path, outcome(tmp_path)))
    assert evidence.chosen is not None
    assert evidence.chosen.record["id"] == "good"


def test_branches_hang_on_those_that_they_were_made_from(tmp_path: Path) -> None:
    root = write_run(tmp_path, outcome(tmp_path))
    record = {"step": 1, "parent": "good", "proposer": "rules"}
    RunFolder(root).log(
        Event(kind="candidate", branch="child", candidate="late", data={"record": record})
    )
    (top,) = branches(Evidence(root))
    assert [step.result for step in top.steps] == ["rejected: differential", "handed back"]
    assert [child.name for child in top.children] == ["child"]
    assert top.children[0].steps[0].result == "not timed"


def test_a_branch_that_is_its_own_parent_ends(tmp_path: Path) -> None:
    root = write_run(tmp_path, None)
    for name, parent in (("one", "two"), ("two", "one")):
        record = {"step": 1, "parent": f"of-{parent}"}
        RunFolder(root).log(
            Event(kind="candidate", branch=name, candidate=f"of-{name}", data={"record": record})
        )
    assert [branch.name for branch in branches(Evidence(root))] == ["reduction-1", "one"]


def test_what_was_not_checked_is_said(tmp_path: Path) -> None:
    root = write_run(tmp_path, outcome(tmp_path))
    verdict = root / "candidates" / "good" / "verdict.json"
    assert "Data races were not looked for." not in unchecked(Evidence(root))
    verdict.write_text(verdict.read_text().replace('"races"', '"other"'))
    assert "Data races were not looked for." in unchecked(Evidence(root))


def test_commands_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    root = write_run(tmp_path / "a folder; rm -rf x", None)
    assert all("'" in command for _, command in commands(Evidence(root)))


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="there is no run in"):
        write_run_report(tmp_path)


def test_a_report_that_cannot_be_drawn_fails_nothing(tmp_path: Path) -> None:
    write_run(tmp_path, outcome(tmp_path))
    (tmp_path / "report.html").mkdir()
    told: list[Event] = []
    assert report_of(tmp_path, told.append) is None
    assert told[0].kind == "note"
    assert told[0].message.startswith("the report could not be drawn: ")
    assert RunFolder(tmp_path).events()[-1].message == told[0].message


def test_numbers_agree_with_their_nouns_and_flags_stay_whole(tmp_path: Path) -> None:
    text = write_run_report(write_run(tmp_path / "run", outcome(tmp_path / "run"))).read_text()
    assert "1 move pruned" in text
    assert "1 moves" not in text
    assert "1 gates" not in text
    assert '<span class="whole">--threads</span> 2' in text
