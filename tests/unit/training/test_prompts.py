"""A pair as a chat: the coder's own words, and an answer that the coder reads back."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parallel_agent.chat.messages import ChatReply
from parallel_agent.proposers.chat import EDIT_FROM_BYTES, coder_request
from parallel_agent.proposers.reply import read_answer
from parallel_agent.proposers.search_replace import applied, has_edits, read_edits
from parallel_agent.proposers.strategies import FREE_CHOICE
from parallel_agent.proposers.tasks import CoderTask
from parallel_agent.report.pairs import Pair
from parallel_agent.training.edits import NoEdits, edits_between
from parallel_agent.training.prompts import NotTeachable, chat_of, prompt_of
from prompt_samples import CONTRACT, KERNEL, PARALLEL, SOURCE

PAIR = Pair(
    src_code=SOURCE,
    tgt_code=PARALLEL,
    kernel="isolation",
    category="geometry",
    speedup=2.35,
    interval=(2.2, 2.5),
    confirmed=True,
    threads=8,
    compiler=KERNEL.platform.compiler,
    flags=KERNEL.platform.flags,
    proposer="rules",
    strategy="parallel_loop dynamic",
    contract=CONTRACT,
    gates=("compile",),
    licence="Apache-2.0",
    platform=KERNEL.platform,
    times=KERNEL.times,
    summary="each iteration writes its own part of nearest",
)
LONG = "".join(f"// {number}: where this station stood\n" for number in range(200))


def with_(**changed: object) -> Pair:
    return PAIR.model_copy(update=changed)


def read(pair: Pair) -> str:
    *_, answer = chat_of(pair)
    assert answer["role"] == "assistant"
    reply = ChatReply(text=answer["content"], usage=None)
    return read_answer(reply, pair.kernel, pair.src_code).source


@pytest.mark.parametrize(
    ("strategy", "told"),
    [("parallel_loop dynamic", "parallel_loop"), ("wavefront", FREE_CHOICE), ("", FREE_CHOICE)],
)
def test_the_prompt_is_what_the_coder_sends(strategy: str, told: str) -> None:
    sent = coder_request(CoderTask(kernel=KERNEL, strategy=told), max_output_tokens=9).messages
    prompt = prompt_of(with_(strategy=strategy))
    assert [tuple(message.values()) for message in prompt] == [(m.role, m.content) for m in sent]
    assert chat_of(with_(strategy=strategy))[:2] == prompt


def test_a_pair_that_names_no_machine_is_told_of_this_one() -> None:
    user = prompt_of(with_(platform=None, times=()))[1]["content"]
    assert "timed with 8 threads" in user
    assert KERNEL.platform.compiler in user
    assert "Example CPU" not in user


def test_a_whole_file_is_read_back() -> None:
    answer = chat_of(PAIR)[2]["content"]
    assert answer.startswith("Each iteration writes its own part of nearest.\n\n```cpp\n")
    assert not has_edits(answer)
    assert read(PAIR) == PARALLEL


def test_a_long_file_is_answered_with_edits() -> None:
    pair = with_(src_code=SOURCE + LONG, tgt_code=PARALLEL + LONG)
    assert len(pair.src_code) > EDIT_FROM_BYTES
    assert "give edits to the file of the kernel above" in prompt_of(pair)[1]["content"]
    answer = chat_of(pair)[2]["content"]
    assert has_edits(answer)
    assert len(answer) < len(PARALLEL)
    assert read(pair) == PARALLEL + LONG


def test_ends_of_lines_of_other_systems_are_read_back() -> None:
    pair = with_(src_code=SOURCE.replace("\n", "\r\n"), tgt_code=PARALLEL.replace("\n", "\r\n"))
    assert read(pair) == pair.tgt_code


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"tgt_code": "int other() { return 1; }\n"}, "cannot be read"),
        ({"tgt_code": PARALLEL.replace("#include <cmath>\n", "")}, "another version"),
        ({"contract": "kernel = 3"}, "contract cannot be read"),
        ({"src_code": "void f(int"}, "cannot be read"),
        ({"src_code": LONG * 20 + SOURCE}, "at most 65536"),
        ({"src_code": SOURCE + LONG, "tgt_code": SOURCE + LONG}, "no edits lead to it"),
    ],
)
def test_what_cannot_be_taught_is_said(changed: dict[str, object], why: str) -> None:
    with pytest.raises(NotTeachable, match=why):
        chat_of(with_(**changed))


TEXTS = st.lists(st.sampled_from(["a", "b", "", "  c", "d"]), max_size=12).map("\n".join)


@given(TEXTS, TEXTS)
@example("a\n", "\nb")
def test_edits_lead_from_one_text_to_the_other(before: str, after: str) -> None:
    try:
        edits = edits_between(before, after)
    except NoEdits:
        assert before == after or not before.strip()
        return
    assert applied(read_edits(f"Said.\n\n{edits}\n"), before) == after
