"""The door: the journal first, then reserve, call, settle and journal. Nothing else asks a model.

Every attempt is a reservation of its own, at an upper bound of its price, tokens and time, and is
closed before anything acts on it: settled at the price of the usage reported, and the time that it
took; at the time alone where the provider refused; released where it was never sent; and counted in
full where its fate is not known. A reply without a usage to believe is settled at the whole
reservation of money and tokens. Where less time is left than an attempt may take, its time-out is
cut to that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from weakref import WeakValueDictionary

import tenacity

from parallel_agent.budget.amount import NOTHING, Amount
from parallel_agent.budget.errors import CapExceeded, LedgerError
from parallel_agent.budget.ledger import JournaledResponse, Ledger, Reservation
from parallel_agent.budget.money import MAX_NANO
from parallel_agent.chat.bounds import SHORTEST, milliseconds, request_bound, seconds_of, taken
from parallel_agent.chat.call import Call, CallRecord, JournaledReply
from parallel_agent.chat.errors import ChatError
from parallel_agent.chat.messages import ChatReply, ChatRequest
from parallel_agent.chat.model import ChatModel

DEFAULT_TIMEOUT = 300.0
"""Seconds that an attempt may take: models that reason take minutes."""

_LONGEST_BACKOFF = 30.0


class Door:
    """Asks models on one account; any number of threads may share it.

    Two processes that ask with the same key at the same time both pay, and both get the answer
    that was journaled first: a run folder is worked on by one process at a time.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        on_call: Callable[[CallRecord], None] = lambda record: None,
        timeout: float = DEFAULT_TIMEOUT,
        shortest: float = SHORTEST,
        max_attempts: int = 3,
        backoff: float = 1.0,
        longest_wait: float = 60.0,
        in_flight: int = 8,
    ) -> None:
        """Work on ``ledger``, and report every call to ``on_call``.

        An attempt may take ``timeout`` seconds, or what is left of a cap on time, but none is made
        with less than ``shortest``. The first retry waits about ``backoff`` seconds,
        later ones longer, and all as long as the provider asks for; one that would have to wait
        longer than ``longest_wait``, or begin later than twice ``timeout`` after the first, is
        not made. At most ``in_flight`` requests are under way to each model.
        """
        self._ledger = ledger
        self._on_call = on_call
        self._timeout = timeout
        self._shortest = min(shortest, timeout)
        self._max_attempts = max_attempts
        self._longest_wait = longest_wait
        self._backoff = tenacity.wait_exponential(
            multiplier=backoff, max=_LONGEST_BACKOFF
        ) + tenacity.wait_random(0, backoff)
        self._in_flight = in_flight
        self._guard = threading.Lock()
        self._keys: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._slots: dict[str, threading.Semaphore] = {}
        self.dropped: dict[str, str] = _dropped_before(ledger)
        """Models that are not asked again, by reference, and why: they bill beyond the bound."""

    def ask(
        self,
        model: ChatModel,
        request: ChatRequest,
        *,
        scope: str,
        node: str,
        step: int,
        attempt: int = 1,
    ) -> ChatReply:
        """Return the answer to ``request``, from the journal if it was paid for before.

        The journal goes by ``scope``, ``node``, ``step`` and ``attempt`` alone: whatever asks there
        again gets the answer of then.

        Raises:
            CapExceeded: the upper bound of an attempt does not fit; of a retry, raised from the
                failure of the attempt before.
            ChatError: there was no answer.
            LedgerError: the account cannot be read or written.
        """
        call = Call(model, request, scope, node, step, attempt)
        with self._alone(call.key):
            journaled = self._ledger.journaled(call.key)
            if journaled is None:
                return self._buy(call)
            kept = _read(journaled)
            self._on_call(call.record("journal", usage=kept.reply.usage, model=kept.model))
            return kept.reply

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Of several threads with the same key one asks; the others find its answer journaled."""
        with self._guard:
            lock = self._keys.setdefault(key, threading.Lock())
        with lock:
            yield

    def _buy(self, call: Call) -> ChatReply:
        """Ask as often as it makes sense, and report the end of it."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._worth_retrying),
            wait=self._wait,
            stop=tenacity.stop_after_attempt(self._max_attempts)
            | tenacity.stop_before_delay(2 * self._timeout),
            reraise=True,
        )
        try:
            reply = retrying(self._attempt, call)
        except ChatError as error:
            self._on_call(call.record(error.fate, usage=error.usage, note=str(error)))
            raise
        except CapExceeded as error:
            self._on_call(call.record("not_affordable", note=str(error)))
            raise
        except BaseException as error:
            self._on_call(call.record("interrupted", note=type(error).__name__))
            raise
        self._on_call(call.record("answered", usage=reply.usage))
        return reply

    def _worth_retrying(self, error: BaseException) -> bool:
        return (
            isinstance(error, ChatError)
            and error.retryable
            and (error.retry_after or 0.0) <= self._longest_wait
        )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked_for = error.retry_after if isinstance(error, ChatError) else None
        return max(asked_for or 0.0, self._backoff(state))

    def _attempt(self, call: Call) -> ChatReply:
        """Reserve, call, and close the reservation, whatever happens."""
        with self._slot(call.model):
            self._refuse_dropped(call.model)
            try:
                return self._carry_out(call, self._reserve(call))
            except (ChatError, CapExceeded):
                raise  # closed, or never opened
            except BaseException as error:
                # By the key, for an interrupt may come before the reservation is in our hands.
                why = f"{type(error).__name__} while the request was under way"
                open_ = self._ledger.forfeit_open(why, keys=[call.key])
                call.charged += sum((reservation.amount for reservation in open_), NOTHING)
                raise

    def _slot(self, model: ChatModel) -> threading.Semaphore:
        with self._guard:
            return self._slots.setdefault(model.ref, threading.Semaphore(self._in_flight))

    def _refuse_dropped(self, model: ChatModel) -> None:
        why = self.dropped.get(model.ref)
        if why is not None:
            raise ChatError(f"{model.ref} is not asked again: {why}", "never_sent")

    def _reserve(self, call: Call) -> Reservation:
        bound = request_bound(call.model.price, call.request, self._timeout)
        try:
            if bound.nano_usd > MAX_NANO:
                raise CapExceeded(call.scope, bound, self._ledger.available(call.scope))
            return self._ledger.reserve(
                call.scope,
                bound,
                what=f"{call.model.ref}: {call.node}, step {call.step}",
                least=request_bound(call.model.price, call.request, self._shortest),
                key=call.key,
                detail={"model": call.model.ref, "node": call.node},
            )
        except CapExceeded as full:
            raise full from call.failure

    def _carry_out(self, call: Call, reservation: Reservation) -> ChatReply:
        call.attempts += 1
        timeout, began = seconds_of(reservation.amount), time.monotonic()
        try:
            reply = call.model.complete(call.request, key=call.key, timeout=timeout)
        except ChatError as error:
            seconds = time.monotonic() - began
            call.charged += self._close(call.model, reservation, error, seconds)
            call.failure = error
            raise
        return self._settle(call, reservation, reply, time.monotonic() - began)

    def _close(
        self, model: ChatModel, reservation: Reservation, error: ChatError, seconds: float
    ) -> Amount:
        """Close the reservation of an attempt that failed; return what it is charged."""
        why = str(error)
        if error.usage is not None:
            amount = taken(model.price, error.usage, seconds)
            detail = {"why": why, "usage": error.usage.model_dump()}
            if self._above(reservation, amount):
                self.dropped[model.ref] = detail["dropped"] = _TOO_DEAR
            self._ledger.settle(reservation.id, amount, detail=detail)
            return amount
        if error.fate == "unknown":
            late = replace(reservation.amount, milliseconds=milliseconds(seconds))
            if late.above(reservation.amount):  # nothing else is: this machine was too busy
                self._ledger.settle(reservation.id, late, detail={"why": why})
                return late
            self._ledger.forfeit(reservation.id, why)
            return reservation.amount
        if error.fate == "refused":
            amount = Amount(milliseconds=milliseconds(seconds))
            self._ledger.settle(reservation.id, amount, detail={"why": why, "status": error.status})
            return amount
        self._ledger.release(reservation.id, why)
        return NOTHING

    def _settle(
        self, call: Call, reservation: Reservation, reply: ChatReply, seconds: float
    ) -> ChatReply:
        """Settle and journal in one transaction; return what is journaled."""
        usage = reply.usage
        amount = replace(reservation.amount, milliseconds=milliseconds(seconds))
        if usage is not None:
            amount = taken(call.model.price, usage, seconds)
        over = self._overrun(call, reservation, reply, amount)
        detail = {
            "usage": None if usage is None else usage.model_dump(),
            "finish_reason": reply.finish_reason,
            "note": reply.note,
            "dropped": over,
        }
        detail = {name: value for name, value in detail.items() if name == "usage" or value}
        kept = JournaledReply(model=call.model.ref, reply=reply)
        if over:
            self.dropped[call.model.ref] = over
        call.notes += [note for note in (reply.note, over) if note]
        try:
            self._ledger.settle(
                reservation.id, amount, detail=detail, response=kept.model_dump_json()
            )
        except LedgerError:
            # Another process asked for the same and was quicker: paid twice, answered once.
            first = self._ledger.journaled(call.key)
            if first is None:
                raise
            self._ledger.settle(reservation.id, amount, detail=detail)
            kept = _read(first)
        call.charged += amount
        return kept.reply

    def _overrun(
        self, call: Call, reservation: Reservation, reply: ChatReply, amount: Amount
    ) -> str:
        """Why the bound of the next request would be none, an empty text where nothing says so.

        A free model may answer as long as it likes where no cap counts its tokens.
        """
        if self._above(reservation, amount):
            return _TOO_DEAR
        output, cap = (
            reply.usage.output_tokens if reply.usage else 0,
            call.request.max_output_tokens,
        )
        if output <= cap or (call.model.price.free and not self._counts_tokens(call.scope)):
            return ""
        return f"it billed {output} tokens of output where {cap} were allowed"

    def _above(self, reservation: Reservation, amount: Amount) -> bool:
        """Whether a provider billed more than was reserved, of what a cap counts.

        That a request took longer is no fault of its: we are the ones who end it.
        """
        above = amount.above(reservation.amount)
        return "nano_usd" in above or ("tokens" in above and self._counts_tokens(reservation.scope))

    def _counts_tokens(self, scope: str) -> bool:
        return self._ledger.available(scope).tokens is not None


_TOO_DEAR = "it billed more than was reserved"


def _dropped_before(ledger: Ledger) -> dict[str, str]:
    """The models that were dropped on this account before, by their references."""
    entries = {entry.id: entry for entry in ledger.audit().entries}
    return {
        str(entries[entry.reservation].detail.get("model")): str(entry.detail["dropped"])
        for entry in entries.values()
        if entry.reservation is not None and entry.detail.get("dropped")
    }


def _read(journaled: JournaledResponse) -> JournaledReply:
    return JournaledReply.model_validate_json(journaled.response)
