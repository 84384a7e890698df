from parallel_agent.training.data.experience import (
    CANDIDATES,
    KERNELS,
    NOW_AND_THEN,
    Experience,
)
from parallel_agent.training.data.store import Tried


def tried(outcome, *, origin="template total", won=(), lost=()):
    return Tried(
        index=0, family="f", fingerprint="", outcome=outcome, origin=origin, pairs=len(won),
        won=won, lost=lost,
    )  # fmt: skip


def test_what_never_succeeded_is_tried_now_and_then():
    known = Experience()
    for _ in range(KERNELS):
        assert known.worth_solving("template total")
        known.add(tried("no answer"))
    asked = [known.worth_solving("template total") for _ in range(2 * NOW_AND_THEN)]
    assert asked.count(True) == 2
    assert known.worth_solving("template window")


def test_one_success_is_enough_to_go_on():
    known = Experience()
    for _ in range(5 * KERNELS):
        known.add(tried("no answer", lost=("scan",)))
    known.add(tried("pairs", won=("reduction",), lost=("scan",)))
    assert all(known.worth_solving("template total") for _ in range(NOW_AND_THEN))
    assert all(known.worth_trying("template total", "reduction") for _ in range(NOW_AND_THEN))
    asked = [known.worth_trying("template total", "scan") for _ in range(NOW_AND_THEN)]
    assert asked.count(True) == 1


def test_a_strategy_is_barren_where_it_failed_and_not_elsewhere():
    known = Experience()
    for _ in range(CANDIDATES):
        known.add(tried("pairs", won=("tiling",), lost=("scan",)))
    assert not known.worth_trying("template total", "scan")
    assert known.worth_trying("template window", "scan")


def test_kernels_that_nobody_worked_on_say_nothing():
    known = Experience()
    for _ in range(5 * KERNELS):
        known.add(tried("of a barren source"))
        known.add(tried("drawn before"))
    assert known.worth_solving("template total")
