"""Where the money of a suite goes: to the answers that promise most for the whole set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from parallel_agent.agent.events import Event
from parallel_agent.agent.funding import Account, Funded, Market, Offer, decide
from parallel_agent.settings import Settings
from parallel_agent.suites.member import Member

Tell = Callable[[str, Event], None]
Carry = Callable[[Sequence[tuple[str, Callable[[], None]]]], None]


def spend(
    members: Sequence[Member], given: Settings, account: Account, tell: Tell, carry: Carry
) -> None:
    """Buy answers round by round until the policy stops.

    In a round the policy sees all kernels with everything that money could buy for any of them, and
    funds up to ``given.branches`` answers, for whichever kernels they are; ``carry`` carries them out
    side by side, each with its kernel's name. The same suite in the same state is decided the same.
    """
    while True:
        markets, offers = _offered(members, given.branches)
        if not offers:
            return
        turn = sum(member.run.answers for member in members)
        funded = decide(markets, offers, given, account, turn=turn, width=given.branches)
        _tell(funded, tell)
        if not funded.offers:
            return
        carry([_purchase(member, funded) for member in members if _bought(member, funded.offers)])


def _offered(members: Iterable[Member], width: int) -> tuple[list[Market], list[Offer]]:
    markets: list[Market] = []
    offers: list[Offer] = []
    for member in members:
        market = None if member.failure else member.run.market(member.kernel.name)
        if market is not None:
            markets.append(market)
            offers += member.run.offers(market, width)
    return markets, offers


def _bought(member: Member, offers: Iterable[Offer]) -> list[Offer]:
    return [offer for offer in offers if offer.option.kernel == member.kernel.name]


def _purchase(member: Member, funded: Funded) -> tuple[str, Callable[[], None]]:
    mine = f"{member.kernel.name}:"
    pruned = [option for option, _ in funded.decision.pruned if option.startswith(mine)]

    def step() -> None:
        member.attempt(lambda: member.run.buy(_bought(member, funded.offers), pruned))

    return member.kernel.name, step


def _tell(funded: Funded, tell: Tell) -> None:
    decision = funded.decision
    for funding in decision.funded:
        option = funding.option
        data = {"option": option.id, "why": funding.why, "numbers": dict(funding.numbers)}
        text = f"{option.id}: {funding.why}"
        tell(option.kernel, Event(kind="funding", message=text, data=data))
    if decision.stop:
        text = f"no more answers are asked for: {decision.stop}"
        tell("", Event(kind="note", message=text))
