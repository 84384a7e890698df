from __future__ import annotations

import html
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_agent.chat.messages import ChatReply
from parallel_agent.proposers.answers import FormatError
from parallel_agent.proposers.reply import Answer, defines, read_answer

BASE = """#pragma once
#include <cstddef>
#include <vector>

double total(std::vector<double> const& x) {
    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += x[i];
    return sum;
}
"""
BETTER = BASE.replace("    for", "    #pragma omp simd reduction(+ : sum)\n    for")
EDIT = """<<<<<<< SEARCH
    double sum = 0.0;
=======
    double sum = 0.0;
    #pragma omp simd reduction(+ : sum)
>>>>>>> REPLACE"""
RECORDED = Path(os.environ.get("RECORDED_COMPLETIONS", "recorded-completions.json"))


def reply(text: str, finish: str = "stop") -> ChatReply:
    return ChatReply(text=text, usage=None, finish_reason=finish)


def read(text: str, finish: str = "stop", original: str = BASE) -> Answer:
    return read_answer(reply(text, finish), "total", original)


@pytest.mark.parametrize(
    "text",
    [
        f"```cpp\n{BETTER}```",
        f"I vectorized the sum.\n\n```cpp\n{BETTER}```\nIt should be faster.",
        f"```\n{BETTER}\n```",
        f"~~~c++\n{BETTER}~~~",
        f"````cpp\n{BETTER}````",
        f"  ```cpp\n{BETTER}  ```",
        BETTER,
        f"Here is the file:\n\n{BETTER}\nIt should be faster.\n",
        f"```cpp\n{BETTER}",  # never closed, but whole
        f"```cpp\n{BETTER.rstrip()}```",  # closed in the wrong place
        f"Build it with\n```sh\ng++ -O3 total.cpp\n```\n```cpp\n{BETTER}```",
        f"```cpp\n{BETTER}```\nThe key is\n```cpp\n#pragma omp simd reduction(+ : sum)\n```",
        f"It was\n```cpp\n{BASE}```\nand is\n```cpp\n{BETTER}```",
        f"<think>\n```cpp\ndouble total() {{ return 0; }}\n```\nNo.\n</think>\n```cpp\n{BETTER}```",
        f"```cpp\n{BETTER}```".replace("\n", "\r\n"),
        html.escape(BETTER),
        f"Since a < b:\n```cpp\n{html.escape(BETTER)}```",
        f"I vectorized it.\n\n{EDIT}\n",
        f"I vectorized it.\n\n```cpp\n{EDIT}\n```\n",
        html.escape(EDIT),
        EDIT.replace("    double", "  double", 1),
    ],
)
def test_an_answer_is_read_in_whatever_form_it_comes(text: str) -> None:
    assert read(text).source == BETTER


def test_what_a_model_says_first_is_its_summary() -> None:
    assert read(f"I vectorized\nthe sum.\n\n```cpp\n{BETTER}```\nBye.").summary == (
        "I vectorized the sum."
    )
    assert read(f"I vectorized it.\n{EDIT}").summary == "I vectorized it."
    assert read(BETTER).summary == ""
    assert len(read(f"{'so ' * 1000}\n```cpp\n{BETTER}```").summary) <= 303


def test_headers_of_the_original_are_put_back_and_that_is_noted() -> None:
    short = "#include <omp.h>\n" + BETTER.partition("<vector>\n")[2]
    answer = read(f"```cpp\n{short}```")
    assert answer.source.startswith("#include <cstddef>\n#include <vector>\n#include <omp.h>\n")
    assert answer.notes == ("includes of the original were put back: <cstddef>, <vector>",)
    answer = read(f"```cpp\n#pragma once\n{short}```")
    assert answer.source.startswith("#pragma once\n#include <cstddef>\n#include <vector>\n#include")
    assert read(f"```cpp\n{BETTER}```").notes == ()
    assert read(f"```cpp\n#include <bits/stdc++.h>\n{short}```").notes == ()


def test_a_file_without_pragma_once_is_fine() -> None:
    changed = BETTER.removeprefix("#pragma once\n")
    answer = read(f"```cpp\n{changed}```")
    assert (answer.source, answer.notes) == (changed, ())


def test_ends_of_lines_are_those_of_the_file() -> None:
    windows = BASE.replace("\n", "\r\n")
    for text in (f"```cpp\n{BETTER}```", EDIT, EDIT.replace("\n", "\r\n")):
        assert read(text, original=windows).source == BETTER.replace("\n", "\r\n")


def test_what_no_file_can_hold_is_taken_out() -> None:
    assert read(f"```cpp\n// \udc80\0\n{BETTER}```").source == f"// ?\n{BETTER}"


@pytest.mark.parametrize(
    ("text", "finish", "said"),
    [
        ("", "stop", "is empty"),
        ("", "length", "cut at the output limit before it began"),
        ("<think>Let me see", "length", "cut at the output limit before it began"),
        ("I would rather not.", "stop", "No code block of the answer defines total"),
        ("```cpp\nint other() { return 1; }\n```", "stop", "defines total"),
        ("```cpp\ndouble total(std::vector<double> const& x);\n```", "stop", "defines total"),
        ("```cpp\n// total(x) {\nint y = 0;\n```", "stop", "defines total"),
        (f"```cpp\n{BETTER[:-30]}", "stop", "braces do not balance"),
        (BETTER[:-30], "stop", "braces do not balance"),
        (f"```cpp\n{BETTER[:-30]}", "length", "cut at the output limit"),
        (f"```cpp\n{BETTER}\n// And now for", "length", "cut at the output limit"),
        (BETTER[:-30], "length", "cut at the output limit"),
        (f"{EDIT}\n\n<<<<<<< SEARCH\n    return", "length", "cut at the output limit"),
        (f"{EDIT}\n\n<<<<<<< SEARCH\n    return", "stop", "no line with ======="),
        (f"{EDIT[:-15]}", "stop", "no line with >>>>>>> REPLACE"),
        (EDIT.replace("sum = 0.0", "s = 0.0"), "stop", "edit 1 is not in the file"),
        (f"{EDIT}\n{EDIT.replace('    double sum', '#include')}", "stop", "edit 2 is not in"),
        ("<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE", "stop", "empty SEARCH"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_so_that_a_model_can_mend_it(
    text: str, finish: str, said: str
) -> None:
    with pytest.raises(FormatError, match=said):
        read(text, finish)


def test_edits_are_made_to_the_version_that_was_shown() -> None:
    shown = "#include <omp.h>\n" + BETTER.replace("+ : sum", "+ : s")
    edit = "<<<<<<< SEARCH\n    #pragma omp simd reduction(+ : s)\n=======\n>>>>>>> REPLACE\n"
    answer = read_answer(reply(edit), "total", BASE, shown)
    assert answer.source == "#include <omp.h>\n" + BASE
    # What the version shown includes, and the original does not, may go.
    answer = read_answer(reply(f"```cpp\n{BETTER}```"), "total", BASE, shown)
    assert (answer.source, answer.notes) == (BETTER, ())


def test_an_edit_that_fits_twice_is_refused() -> None:
    base = BASE + BASE.partition("\n\n")[2].replace("total", "other")
    with pytest.raises(FormatError, match="occurs 2 times"):
        read(EDIT, original=base)


def test_whether_a_closed_block_is_whole_is_for_the_compiler_to_say() -> None:
    either = BETTER.replace("x) {", "x)\n#ifdef __AVX2__\n{ int wide;\n#else\n{\n#endif")
    assert read(f"```cpp\n{either}```").source == either
    # Of several the last complete one counts.
    assert read(f"```cpp\n{BETTER}```\nIn short:\n```cpp\n{BETTER[:-5]}\n```").source == BETTER


def test_code_that_came_whole_counts_though_the_words_behind_it_were_cut() -> None:
    assert read(f"```cpp\n{BETTER}```\nThis is faster bec", "length").source == BETTER


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("double total(std::vector<double> const& x) {", True),
        ("auto total(int (*f)(int)) noexcept -> double\n{", True),
        ("namespace a { double\ntotal (int x) { return x; } }", True),
        ("double total(int x);", False),
        ("double subtotal(int x) {", False),
        ("if (total(x) > 0) {", False),
        ("auto y = total(x); {", False),
        ('const char* s = "total(x) {";', False),
        ("/* total(x) { */", False),
        ("total(((", False),
    ],
)
def test_definitions_are_told_from_calls(code: str, expected: bool) -> None:
    assert defines(code, "total") is expected
    assert defines(code, "space::total") is expected


PIECES = (
    "```cpp\n", "```\n", "~~~\n", "<<<<<<< SEARCH\n", "=======\n", ">>>>>>> REPLACE\n", "\n",
    "double total(", "std::vector<double> const& x", ") {", "}", "&lt;", "<think>", "</think>",
    "#include <vector>\n", "/*", "*/", '"', "'", 'R"(', "    double sum = 0.0;\n", BASE,
    "\r\n", "\r", "\x00", "\x0c", "\u2028",
)  # fmt: skip
TEXTS = st.one_of(
    st.text(), st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5))).map("".join)
)


@given(text=TEXTS, finish=st.sampled_from(["stop", "length", "content_filter"]))
def test_any_text_is_read_or_refused(text: str, finish: str) -> None:
    try:
        answer = read(text, finish)
    except FormatError as error:
        assert str(error)
    else:
        assert defines(answer.source, "total") or "SEARCH" in text
        assert answer.source.encode()


@pytest.mark.parametrize("piece", PIECES)
def test_an_endless_repetition_is_read_or_refused(piece: str) -> None:
    """No piece makes the reader take quadratic time: a test run would time out."""
    try:
        read("```cpp\n" + piece * (200_000 // len(piece)))
    except FormatError:
        return


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded completions are not here")
def test_recorded_completions_are_read_as_they_are() -> None:
    for kernel in json.loads(RECORDED.read_text(encoding="utf-8")):
        for completion in kernel["completions"]:
            code = completion["code"]
            name = next(name for name in _names(kernel["source"])[::-1] if defines(code, name))
            for text in (code, f"Here it is.\n```cpp\n{code}\n```\n"):
                try:
                    answer = read_answer(reply(text), name, kernel["source"])
                except FormatError:  # some were cut
                    assert not completion["built"]
                    continue
                written = answer.source.partition(code.strip()[:40])
                assert (written[1] + written[2]).split() == code.split()


def _names(source: str) -> list[str]:
    """What stands before a parenthesis at the beginning of a line."""
    heads = [line.split("(")[0].split() for line in source.splitlines() if line[:1].isalpha()]
    return [words[-1] for words in heads if words]
