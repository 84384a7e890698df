from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_agent.chat.messages import ChatReply
from parallel_agent.kernel.comparison import Comparison
from parallel_agent.kernel.source import parse
from parallel_agent.proposers.answers import FormatError
from parallel_agent.proposers.structured import (
    Critique,
    Plan,
    PlannedMove,
    read_contract,
    read_critique,
    read_plan,
)

MOVE = {"strategy": "sort first", "why": "less work", "expected_gain": 3.0}
KERNEL = parse(
    "#include <vector>\nlong at(std::vector<int> const& x, std::vector<int> const& index) {\n"
    "    long sum = 0;\n    for (int i : index) sum += x[i];\n    return sum;\n}\n"
).kernel
CONTRACT = """kernel = "at"
[dimensions.N]
minimum = 1
[dimensions.M]
[parameters.x]
length = "N"
[parameters.index]
length = "M"
values = { kind = "integers", low = 0, high = "N-1" }
"""


def reply(text: str, finish: str = "stop") -> ChatReply:
    return ChatReply(text=text, usage=None, finish_reason=finish)


@pytest.mark.parametrize(
    "form",
    [
        "{}",
        "```json\n{}\n```",
        "I have thought about {{this}} and [that].\n{}\nI hope that it helps.",
        "<think>{{\"moves\": []}}</think>{}",
        "Say {{\"strategy\": \"x\"}} or better\n\n{}",
    ],
)  # fmt: skip
def test_a_plan_is_found_among_words(form: str) -> None:
    text = form.replace("{}", json.dumps({"moves": [MOVE, {**MOVE, "note": "new"}]}))
    text = text.replace("{{", "{").replace("}}", "}")
    assert read_plan(reply(text), 3) == Plan(moves=(PlannedMove(**MOVE), PlannedMove(**MOVE)))
    assert len(read_plan(reply(text), 1).moves) == 1


def test_long_words_are_cut_to_one_line() -> None:
    text = json.dumps({"moves": [{**MOVE, "strategy": "sort\n" * 1000}]})
    (move,) = read_plan(reply(text), 1).moves
    assert move.strategy.startswith("sort sort") and len(move.strategy) <= 603


@pytest.mark.parametrize(
    ("text", "finish", "said"),
    [
        ("", "stop", "is empty"),
        ("I cannot.", "stop", "no JSON object"),
        ("[1, 2]", "stop", "no JSON object"),
        ('{"moves": []}', "stop", "names no strategy"),
        ('{"moves": [{"strategy": "", "why": "", "expected_gain": 1}]}', "stop", "no strategy"),
        ('{"moves": [{"strategy": "x"}]}', "stop", "moves.0.why: Field required"),
        (json.dumps({"moves": [{**MOVE, "expected_gain": float("nan")}]}), "stop", "finite"),
        ('{"moves": [{"strategy": "so', "length", "cut at the output limit"),
        ('{"x": ' * 100_000, "stop", "no JSON object"),
        ("9" * 100_000 + '{"a": ' + "9" * 100_000, "stop", "no JSON object"),
    ],
)
def test_what_is_no_plan_is_refused(text: str, finish: str, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        read_plan(reply(text, finish), 3)


def test_a_critique_is_read() -> None:
    text = 'My view: {"decision": "refine", "advice": "block the loop over j"}'
    assert read_critique(reply(text)) == Critique(decision="refine", advice="block the loop over j")
    with pytest.raises(FormatError, match="decision: Input should be 'refine' or 'stop'"):
        read_critique(reply('{"decision": "maybe", "advice": ""}'))


def test_schemas_promise_what_strict_providers_ask_for() -> None:
    for kind in (Plan, PlannedMove, Critique):
        schema = kind.model_json_schema()
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) == set(schema["properties"])


@pytest.mark.parametrize(
    "text", [CONTRACT, f"```toml\n{CONTRACT}```", f"Indices lie in x.\n```toml\n{CONTRACT}```\nOk."]
)
def test_a_contract_is_read(text: str) -> None:
    contract = read_contract(reply(text), KERNEL)
    assert contract.to_toml() == CONTRACT.replace("]\n", "]\n") or contract.kernel == "at"
    assert contract.parameters["index"].values is not None
    assert contract.parameters["index"].values.high == "N-1"


def test_how_results_are_compared_is_not_for_a_model_to_say() -> None:
    loose = CONTRACT + '[comparison]\nrelative = 1e9\nany_order = ["x"]\n'
    contract = read_contract(reply(f"timing = [{{ N = 1, M = 1 }}]\n{loose}"), KERNEL)
    assert contract.comparison == Comparison()
    assert contract.timing == []


def test_a_contract_may_leave_out_what_is_inferred() -> None:
    partial = 'kernel = "at"\n[parameters.index]\nvalues = { kind = "integers", high = 3 }\n'
    assert set(read_contract(reply(partial), KERNEL).parameters) == {"index"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("I cannot.", "not TOML"),
        ("```toml\nkernel = 'at'\nsize = 3\n```", "size: Extra inputs"),
        (CONTRACT.replace('"N-1"', '"N/2"'), "is not known here"),
        (
            CONTRACT.replace("minimum = 1", "minimum = 1000000000"),
            "'x' is too large at N=1000000000",
        ),
        (CONTRACT.replace('"N"', '"N**4"'), "'x' is too large at N=100, M=101"),
        (
            CONTRACT.replace('"N"', '"N"\nvalues = { kind = "text", high = 1000000 }'),
            "text is for strings",
        ),
        (CONTRACT + '[parameters.z]\nlength = "N"\n', "no parameter 'z'"),
    ],
)
def test_what_is_no_contract_is_refused(text: str, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        read_contract(reply(text), KERNEL)


def test_texts_of_a_proposed_contract_are_bounded() -> None:
    kernel = parse(
        "#include <string>\n#include <vector>\nlong all(std::vector<std::string> const& names) {\n"
        "    long sum = 0;\n    for (auto const& n : names) sum += n.size();\n    return sum;\n}\n"
    ).kernel
    text = 'kernel = "all"\n[dimensions.N]\n[parameters.names]\nlength = "N"\n'
    domain = 'values = {{ kind = "text", high = {} }}\n'
    assert read_contract(reply(text + domain.format(1000)), kernel)
    with pytest.raises(FormatError, match="'names' is too large"):
        read_contract(reply(text + domain.format(1_000_000_000)), kernel)


PIECES = ('{"moves": [', "]}", "{", "}", "[", "]", '"', "```", "\n", json.dumps(MOVE), CONTRACT)


@given(
    text=st.one_of(
        st.text(), st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5))).map("".join)
    )
)
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (
        lambda: read_plan(reply(text), 3),
        lambda: read_critique(reply(text)),
        lambda: read_contract(reply(text), KERNEL),
    ):
        try:
            assert read() is not None
        except FormatError as error:
            assert str(error)
