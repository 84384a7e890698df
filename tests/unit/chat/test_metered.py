"""The door: whatever a provider does, what it may bill is in the account, and is paid once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat_server import (
    USAGE,
    Behaviour,
    Handler,
    ScriptedServer,
    answers,
    closes_mid_body,
    closes_unanswered,
    echoes_key,
    fails,
    hangs,
    says,
    serving,
)
from parallel_agent.budget.amount import NOTHING, Cap
from parallel_agent.budget.errors import CapExceeded
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import NANO_PER_USD, usd_to_nano
from parallel_agent.budget.usage import Usage
from parallel_agent.chat.call import CallRecord
from parallel_agent.chat.catalog import ChatModel, find_models
from parallel_agent.chat.errors import ChatError
from parallel_agent.chat.messages import ChatReply, ChatRequest, Message
from parallel_agent.chat.metered import Door

KEY = "sk-planted-0123456789abcdef"
CAP = usd_to_nano("0.01")
REQUEST = ChatRequest(messages=(Message(role="user", content="Hello?"),), max_output_tokens=100)
ANSWER = Usage(input_tokens=10, output_tokens=5)
UNANSWERED = answers(usage=None)
GREEDY = answers(usage=USAGE | {"completion_tokens": 100_000})


class Desk:
    """A door to one model on a fresh account."""

    def __init__(
        self, folder: Path, server: ScriptedServer, cap: int | Cap = CAP, price: str = "1,2"
    ):
        self.ledger = Ledger.create(folder / "ledger.sqlite", cap)
        self.server = server
        self.model = model_of(server, price)
        self.records: list[CallRecord] = []
        self.door = self.another_door()

    def another_door(self, in_flight: int = 8, timeout: float = 20.0) -> Door:
        return Door(
            self.ledger,
            on_call=self.records.append,
            timeout=timeout,
            backoff=0.01,
            longest_wait=1.5,
            in_flight=in_flight,
        )

    def ask(self, step: int = 1, door: Door | None = None) -> ChatReply:
        return (door or self.door).ask(
            self.model, REQUEST, scope="account", node="coder", step=step
        )

    @property
    def bound(self) -> int:
        return self.model.price.upper_bound(REQUEST.prompt_bytes, 1, REQUEST.max_output_tokens)

    def closings(self) -> list[tuple[str, int]]:
        entries = self.ledger.audit().entries
        return [
            (entry.kind, entry.amount.nano_usd) for entry in entries if entry.kind != "reserved"
        ]


def model_of(server: ScriptedServer, price: str) -> ChatModel:
    (chosen,) = find_models([f"{server.url}#tiny"], [price], {"PARALLEL_AGENT_API_KEY": KEY})
    assert chosen.model is not None
    return chosen.model


def cost(desk: Desk, usage: Usage = ANSWER) -> int:
    return desk.model.price.cost(usage)


def test_an_answer_is_settled_and_journaled(tmp_path: Path) -> None:
    with serving(answers("hi")) as server:
        desk = Desk(tmp_path, server)
        assert desk.ask().text == "hi"
    assert desk.closings() == [("settled", cost(desk))]
    reserved, settled = desk.ledger.audit().entries
    assert (reserved.amount.nano_usd, reserved.key) == (desk.bound, "account/coder/1/1")
    assert reserved.detail == {"model": desk.model.ref, "node": "coder"}
    assert settled.detail == {"usage": ANSWER.model_dump(), "finish_reason": "stop"}
    (record,) = desk.records
    assert (record.outcome, record.amount.nano_usd, record.usage) == (
        "answered",
        cost(desk),
        ANSWER,
    )
    assert (record.attempts, record.from_journal, record.note) == (1, False, "")


def test_what_was_answered_is_never_asked_again(tmp_path: Path) -> None:
    with serving(answers("once"), answers("twice")) as server:
        desk = Desk(tmp_path, server)
        assert desk.ask().text == "once"
        assert desk.ask(door=desk.another_door()).text == "once"
        assert desk.ask(step=2).text == "twice"
    assert len(server.received) == 2
    assert [record.outcome for record in desk.records] == ["answered", "journal", "answered"]
    assert desk.records[1].amount == NOTHING
    assert desk.records[1].usage == ANSWER


def test_threads_with_one_key_ask_once(tmp_path: Path) -> None:
    with serving(answers()) as server, ThreadPoolExecutor(8) as pool:
        desk = Desk(tmp_path, server)
        replies = list(pool.map(lambda _: desk.ask().text, range(8)))
    assert replies == ["hello"] * 8
    assert len(server.received) == 1


def test_processes_with_one_key_pay_twice_and_agree(tmp_path: Path) -> None:
    """Two doors know as little of each other as two processes do."""
    together = threading.Barrier(2)

    def says_who(handler: Handler) -> None:
        together.wait(20)
        answers(threading.current_thread().name)(handler)

    with serving(says_who) as server, ThreadPoolExecutor(2) as pool:
        desk = Desk(tmp_path, server)
        doors = [desk.another_door(), desk.another_door()]
        first, second = pool.map(lambda door: desk.ask(door=door).text, doors)
    assert first == second
    assert desk.closings() == [("settled", cost(desk))] * 2


def test_a_reply_without_usage_costs_the_whole_reservation(tmp_path: Path) -> None:
    with serving(UNANSWERED) as server:
        desk = Desk(tmp_path, server)
        assert desk.ask().text == "hello"
    assert desk.closings() == [("settled", desk.bound)]
    assert desk.ledger.audit().entries[-1].detail["usage"] is None
    assert desk.records[0].note == "the provider tells no usage"


def test_an_answer_dearer_than_its_reservation(tmp_path: Path) -> None:
    """It is settled at the truth, and the model is not asked again, by no later door either."""
    with serving(GREEDY) as server:
        desk = Desk(tmp_path, server, cap=NANO_PER_USD)
        assert desk.ask().text == "hello"
        for door in (desk.door, desk.another_door()):
            with pytest.raises(ChatError, match="billed more than was reserved") as raised:
                desk.ask(step=2, door=door)
            assert raised.value.fate == "never_sent"
        assert desk.ask(door=desk.another_door()).text == "hello"  # this one is paid
    truth = cost(desk, Usage(input_tokens=10, output_tokens=100_000))
    assert desk.closings() == [("settled", truth)]
    assert len(desk.ledger.audit().breaches) == 1
    assert len(server.received) == 1
    assert "billed more" in desk.records[0].note


def test_more_output_than_allowed_within_the_reservation(tmp_path: Path) -> None:
    """The next bound would be none, also if this one held by the size of the prompt."""
    with serving(answers(usage=USAGE | {"completion_tokens": 101})) as server:
        desk = Desk(tmp_path, server)
        desk.ask()
        with pytest.raises(ChatError, match="101 tokens of output where 100"):
            desk.ask(step=2)
    assert desk.closings() == [("settled", cost(desk, Usage(input_tokens=10, output_tokens=101)))]


def test_a_free_model_may_say_what_it_likes(tmp_path: Path) -> None:
    with serving(GREEDY, fails(500), UNANSWERED) as server:
        desk = Desk(tmp_path, server, cap=0, price="free")
        assert desk.ask().text == desk.ask(step=2).text == "hello"
    assert desk.closings() == [("settled", 0), ("forfeited", 0), ("settled", 0)]


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [(fails(429), "settled"), (fails(500), "forfeited"), (closes_mid_body, "forfeited")],
)
def test_each_attempt_is_a_reservation_of_its_own(
    tmp_path: Path, behaviour: Behaviour, kind: str
) -> None:
    with serving(behaviour, behaviour, answers()) as server:
        desk = Desk(tmp_path, server)
        assert desk.ask().text == "hello"
    failed = (kind, desk.bound if kind == "forfeited" else 0)
    assert desk.closings() == [failed, failed, ("settled", cost(desk))]
    (record,) = desk.records
    assert (record.attempts, record.amount) == (3, desk.ledger.spent())


def test_attempts_come_to_an_end(tmp_path: Path) -> None:
    with serving(fails(500)) as server:
        desk = Desk(tmp_path, server)
        with pytest.raises(ChatError, match="HTTP 500"):
            desk.ask()
    assert desk.closings() == [("forfeited", desk.bound)] * 3
    (record,) = desk.records
    assert (record.outcome, record.amount.nano_usd) == ("unknown", 3 * desk.bound)
    assert "HTTP 500" in record.note


def test_what_cannot_succeed_is_not_tried_again(tmp_path: Path) -> None:
    with serving(fails(401)) as server:
        desk = Desk(tmp_path, server)
        with pytest.raises(ChatError, match="HTTP 401"):
            desk.ask()
    assert desk.closings() == [("settled", 0)]
    assert len(server.received) == 1


def test_the_provider_says_how_long_to_wait(tmp_path: Path) -> None:
    with serving(fails(429, Retry_After="1"), answers()) as server:
        desk = Desk(tmp_path, server)
        desk.ask()
    assert desk.records[0].seconds >= 1


def test_nobody_waits_for_an_hour(tmp_path: Path) -> None:
    with serving(fails(429, Retry_After="3600"), answers()) as server:
        desk = Desk(tmp_path, server)
        with pytest.raises(ChatError, match="try again after 3600 s"):
            desk.ask()
    assert len(server.received) == 1


def test_a_retry_that_no_longer_fits(tmp_path: Path) -> None:
    with serving(fails(500)) as server:
        desk = Desk(tmp_path, server, cap=model_of(server, "1,2").price.upper_bound(6, 1, 100))
        with pytest.raises(CapExceeded) as raised:
            desk.ask()
    assert isinstance(raised.value.__cause__, ChatError)
    assert desk.closings() == [("forfeited", desk.bound)]
    assert desk.records[0].outcome == "not_affordable"


def test_what_does_not_fit_is_not_sent(tmp_path: Path) -> None:
    with serving(answers()) as server:
        for name, price in (("little", "1,2"), ("absurd", "1000000,1000000")):
            (tmp_path / name).mkdir()
            desk = Desk(tmp_path / name, server, cap=100, price=price)
            with pytest.raises(CapExceeded):
                desk.ask()
    assert not server.received
    assert not desk.ledger.audit().entries


def test_what_was_never_sent_is_given_back(tmp_path: Path) -> None:
    with serving(answers()) as server:
        desk = Desk(tmp_path, server)
    with pytest.raises(ChatError, match="no connection"):  # nobody listens there any more
        desk.ask()
    assert desk.closings() == [("released", 0)] * 3
    assert desk.ledger.spent() == NOTHING


def test_an_interrupted_request_is_counted_in_full(tmp_path: Path) -> None:
    with serving(hangs) as server:
        desk = Desk(tmp_path, server)

        def interrupt() -> None:
            while not server.received:
                server.closing.wait(0.01)
            signal.pthread_kill(main, signal.SIGINT)

        main = threading.main_thread().ident
        assert main is not None
        watcher = threading.Thread(target=interrupt)
        watcher.start()
        with pytest.raises(KeyboardInterrupt):
            desk.ask()
        watcher.join()
        assert server.hung_up.wait(20)  # and is really cancelled
    assert desk.closings() == [("forfeited", desk.bound)]
    (record,) = desk.records
    assert (record.outcome, record.amount.nano_usd) == ("interrupted", desk.bound)


def test_requests_in_flight_are_limited(tmp_path: Path) -> None:
    under_way, most = 0, 0
    guard = threading.Lock()
    two = threading.Barrier(2)

    def counts(handler: Handler) -> None:
        nonlocal under_way, most
        with guard:
            under_way += 1
            most = max(most, under_way)
        two.wait(20)  # two at once there must be
        handler.server.closing.wait(0.05)  # time for a third one
        with guard:
            under_way -= 1
        answers()(handler)

    with serving(counts) as server, ThreadPoolExecutor(6) as pool:
        desk = Desk(tmp_path, server)
        door = desk.another_door(in_flight=2)
        list(pool.map(lambda step: desk.ask(step, door), range(1, 7)))
    assert most == 2


def test_no_key_in_the_account_or_in_a_record(tmp_path: Path) -> None:
    with serving(echoes_key) as server:
        desk = Desk(tmp_path, server)
        with pytest.raises(ChatError, match=r"\[key\]"):
            desk.ask()
    assert KEY in server.received[0].headers["authorization"]
    assert KEY not in desk.records[0].model_dump_json()
    files = [file.read_bytes() for file in tmp_path.iterdir()]
    assert any(b"Incorrect API key" in data for data in files)
    assert not any(KEY.encode() in data for data in files)


# ---- Any order of misbehaviours ------------------------------------------------------------------

ALLOWED = {"prompt_tokens": 10, "completion_tokens": 100, "total_tokens": 110}
MOST = Usage(input_tokens=10, output_tokens=100)

# What the provider does, and whether its own bill has the request on it.
MISBEHAVIOURS: dict[str, tuple[Behaviour, bool]] = {
    "answers": (answers(usage=ALLOWED), True),
    "no usage": (UNANSWERED, True),
    "impossible usage": (answers(usage=ALLOWED | {"prompt_tokens": 0}), True),
    "401": (fails(401), False),
    "429": (fails(429), False),
    "429 later": (fails(429, Retry_After="100"), False),
    "408": (fails(408), True),
    "500": (fails(500), True),
    "503": (fails(503), True),
    "busy": (fails(503, "overloaded"), False),
    "closes": (closes_unanswered, True),
    "closes mid-body": (closes_mid_body, True),
    "no JSON": (says(b"<html>"), True),
    "hangs": (hangs, True),
}


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[ScriptedServer]:
    with serving(answers()) as server:
        yield server


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    script=st.lists(st.sampled_from(sorted(MISBEHAVIOURS)), min_size=1, max_size=8),
    affordable=st.integers(min_value=0, max_value=12),
)
def test_the_account_covers_the_bill_of_the_provider(
    rehearsal: ScriptedServer, script: list[str], affordable: int
) -> None:
    billed: list[str] = []

    def behave(handler: Handler) -> None:
        behaviour, bills = MISBEHAVIOURS[name := next(names)]
        if bills:
            billed.append(name)
        behaviour(handler)

    names = iter([*script, *["answers"] * 100])
    rehearsal.set_script(behave)
    with TemporaryDirectory() as folder, ThreadPoolExecutor(3) as pool:
        bound = model_of(rehearsal, "1,2").price.upper_bound(6, 1, 100)
        desk = Desk(Path(folder), rehearsal, cap=affordable * bound + 1)
        door = desk.another_door(timeout=0.2)

        def ask(step: int) -> None:
            with suppress(ChatError, CapExceeded):
                desk.ask(step, door)

        list(pool.map(ask, range(1, 6)))
        audit = desk.ledger.audit()
        (account,) = audit.scopes
    assert audit.ok
    assert account.outstanding == NOTHING
    assert cost(desk, MOST) * len(billed) <= account.spent.nano_usd <= affordable * bound + 1
    assert sum((record.amount for record in desk.records), NOTHING) == account.spent
    assert not audit.breaches


def test_tokens_and_time_are_reserved_and_settled_beside_the_price(tmp_path: Path) -> None:
    with serving(answers("hi")) as server:
        desk = Desk(tmp_path, server, cap=Cap(CAP, 10_000, 60_000))
        desk.ask()
    reserved, settled = desk.ledger.audit().entries
    assert reserved.amount.tokens == REQUEST.prompt_bytes + 16 + 256 + 100
    assert reserved.amount.milliseconds == 20_000 + 1_000
    assert settled.amount.tokens == ANSWER.tokens == 15
    assert 0 < settled.amount.milliseconds <= reserved.amount.milliseconds
    assert desk.records[0].amount == settled.amount


def test_a_free_model_is_refused_where_its_tokens_do_not_fit(tmp_path: Path) -> None:
    bound = REQUEST.prompt_bytes + 16 + 256 + 100
    with serving(answers(), answers()) as server:
        desk = Desk(tmp_path, server, cap=Cap(0, bound + 14), price="free")
        desk.ask(1)
        with pytest.raises(CapExceeded, match=f"{bound} tokens needed, {bound - 1} tokens"):
            desk.ask(2)
    assert len(server.received) == 1


def test_the_time_out_is_cut_to_what_is_left_of_the_time(tmp_path: Path) -> None:
    with serving(hangs) as server:
        desk = Desk(tmp_path, server, cap=Cap(CAP, None, 2_500), price="free")
        with pytest.raises(ChatError, match=r"within 1\.5 s"):
            desk.ask(1, Door(desk.ledger, timeout=20.0, max_attempts=1))
        with pytest.raises(CapExceeded, match=r"2\.0 s needed, 0\.0 s available"):
            desk.ask(2)
    assert len(server.received) == 1
    assert desk.ledger.spent().milliseconds >= 2_500, "its fate is not known"


def test_a_free_model_that_says_too_much_is_left_where_tokens_have_a_cap(tmp_path: Path) -> None:
    for name, cap, asked in (("counted", Cap(0, 10**6), 1), ("free", Cap(0), 2)):
        (tmp_path / name).mkdir()
        with serving(GREEDY, GREEDY) as server:
            desk = Desk(tmp_path / name, server, cap=cap, price="free")
            desk.ask(1)
            with suppress(ChatError):
                desk.ask(2)
        assert len(server.received) == asked
        assert len(desk.ledger.audit().breaches) == 2 - asked


def test_what_was_refused_took_time_and_nothing_else(tmp_path: Path) -> None:
    with serving(fails(401)) as server:
        desk = Desk(tmp_path, server)
        with pytest.raises(ChatError, match="HTTP 401"):
            desk.ask()
    spent = desk.ledger.spent()
    assert (spent.nano_usd, spent.tokens) == (0, 0)
    assert spent.milliseconds > 0
