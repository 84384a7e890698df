from __future__ import annotations

import json
from pathlib import Path

import pytest

from parallel_agent.settings import Settings, SettingsError, load_settings


def test_models_and_prices_are_text_until_they_are_looked_up() -> None:
    refs = ("coder=openai:m", "http://localhost:8000/v1#qwen", "replay:answers.jsonl", "rules")
    given = load_settings(model=refs, price=("openai:m=0.15,0.60", "free"))
    assert given.model == refs
    assert given.price == ("openai:m=0.15,0.60", "free")
    again = Settings(**json.loads(given.model_dump_json()))
    assert again == given, "as it is read back from run.json"


def test_the_environment_lists_several_with_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARALLEL_AGENT_MODEL", "openai:m planner=openai:big")
    monkeypatch.setenv("PARALLEL_AGENT_PRICE", "openai:m=1,2 openai:big=10,20")
    monkeypatch.setenv("PARALLEL_AGENT_POLICY", "best-of-n")
    given = load_settings()
    assert given.model == ("openai:m", "planner=openai:big")
    assert given.price == ("openai:m=1,2", "openai:big=10,20")
    assert given.policy == "best-of-n"


def test_the_config_file_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("parallel-agent.toml").write_text('price = ["free"]\nmax_output_tokens = 500\n')
    assert load_settings().price == ("free",)
    given = load_settings(price=("1,2",))
    assert (given.price, given.max_output_tokens) == (("1,2",), 500)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_output_tokens", 0),
        ("max_output_tokens", 10**7),
        ("request_seconds", 0),
        ("request_seconds", "inf"),
        ("price", 3),
    ],
)
def test_what_cannot_be(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: "):
        load_settings(**{name: value})


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("90", 90), ("90s", 90), ("0.5s", 0.5), ("30m", 1800), ("1h30m", 5400), ("2h", 7200), (7, 7)],
)
def test_a_time_may_have_units(given: str | int, seconds: float) -> None:
    assert load_settings(max_time=given).max_time == seconds


@pytest.mark.parametrize("given", ["", "soon", "-5", "5x", "30m1h", "1e9"])
def test_what_is_no_time_is_told(given: str) -> None:
    with pytest.raises(SettingsError, match="max_time: not a time"):
        load_settings(max_time=given)
