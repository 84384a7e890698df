import pytest

from parallel_agent.budget.memory import format_memory, parse_memory


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("24GB", 24 * 10**9),
        ("24 gb", 24 * 10**9),
        ("22.5GiB", 24_159_191_040),
        ("24G", 24 * 10**9),
        ("800MiB", 800 * 2**20),
        ("1.9b", 1),
        ("123456789", 123456789),
    ],
)
def test_amounts_are_read_in_decimal_and_binary_units(text: str, amount: int) -> None:
    assert parse_memory(text) == amount


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "24 GBit", "1e3GB", "0GB", "0.4b", "inf"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="memory"):
        parse_memory(text)


def test_amounts_are_written_for_people() -> None:
    assert format_memory(19_850_000_000) == "19.85 GB"
    assert format_memory(411_600_000) == "412 MB"
    assert format_memory(-1_200_000_000) == "-1.20 GB"
    assert format_memory(0) == "0 B"
