"""Splits, cards and checks of a data set that lies in a folder, and what the commands say of them."""

import json

import pytest

from parallel_agent.cli import run
from parallel_agent.settings import SettingsError
from parallel_agent.training.data.duration import shown
from parallel_agent.training.data.mutating import originals
from parallel_agent.training.data.splitting import PARTS, Shares, part_of, split
from parallel_agent.training.data.store import MADE, TRIED, DataPair, Made, Tried, read_pairs

KERNELS = originals()


def pair(number, family, **changes):
    """A pair whose source is that of a bundled kernel."""
    source = KERNELS[number % len(KERNELS)].source
    plain = {
        "src_code": source, "tgt_code": f"{source}\n// {number}", "kernel": f"k{number}",
        "category": KERNELS[number % len(KERNELS)].kind, "speedup": 1.2 + number, "interval": (1.1, 99.0),
        "confirmed": True, "threads": 2, "compiler": "g++ 12", "flags": ("-O3", "-fopenmp"),
        "proposer": "rules", "strategy": "tiling + parallel_loop simd", "contract": "",
        "gates": ("compile", "differential", "races"), "licence": "Apache-2.0", "family": family,
        "index": number,
    }  # fmt: skip
    return DataPair(**{**plain, **changes})


@pytest.fixture
def folder(tmp_path):
    pairs = [pair(number, KERNELS[number].name) for number in range(40)]
    (tmp_path / "pairs.jsonl").write_text("".join(f"{p.model_dump_json()}\n" for p in pairs))
    made = Made(
        seed=1, exclude=("bundled",), threads=2, cxx="g++", cxxflags=("-O3",), compiler="g++ 12",
        machine="a cpu", per_kernel=3, version="0.1",
    )  # fmt: skip
    (tmp_path / MADE).write_text(made.model_dump_json())
    tried = [Tried(index=k, family="f", fingerprint="", outcome="pairs", pairs=1, candidates=3,
                   rejected={"not faster": 2}) for k in range(40)]  # fmt: skip
    (tmp_path / TRIED).write_text("".join(f"{t.model_dump_json()}\n" for t in tried))
    return tmp_path


def parts_of(folder):
    return {part: list(read_pairs(folder / f"{part}.jsonl")) for part in PARTS}


def test_a_split_loses_nothing_and_no_family_is_in_two_parts(folder):
    found = split(folder, 3, Shares(validation=0.2, test=0.2))
    parts = parts_of(folder)
    assert sorted(p.index for part in parts.values() for p in part) == list(range(40))
    assert found.pairs == {part: len(pairs) for part, pairs in parts.items()}
    assert all(parts.values())
    groups = [{p.group for p in pairs} for pairs in parts.values()]
    assert not groups[0] & groups[1] | groups[0] & groups[2] | groups[1] & groups[2]


def test_families_that_share_a_kernel_go_together(folder):
    """The same kernel under another family's name, with other names in it, is a leak."""
    twins = [pair(k, f"alias_of_{k}", index=100 + k) for k in range(40)]
    with (folder / "pairs.jsonl").open("a") as file:
        file.writelines(f"{twin.model_dump_json()}\n" for twin in twins)
    split(folder, 3, Shares(validation=0.2, test=0.2))
    sources = [{p.src_code for p in pairs} for pairs in parts_of(folder).values()]
    assert all(sources)
    assert not sources[0] & sources[1] | sources[0] & sources[2] | sources[1] & sources[2]


def test_a_family_stays_where_it_is_when_others_come(folder):
    shares = Shares(validation=0.2, test=0.2)
    before = {p.group: part for part, pairs in _split_parts(folder, shares).items() for p in pairs}
    with (folder / "pairs.jsonl").open("a") as file:
        file.write(pair(45, "a_new_one").model_dump_json() + "\n")
    after = {p.group: part for part, pairs in _split_parts(folder, shares).items() for p in pairs}
    assert {name: after[name] for name in before} == before
    assert part_of("a_new_one", 3, shares) == after["a_new_one"]


def _split_parts(folder, shares):
    split(folder, 3, shares)
    return parts_of(folder)


def test_shares_that_leave_nothing_to_train_on_are_refused(folder):
    with pytest.raises(SettingsError, match="something to train on"):
        split(folder, 0, Shares(validation=0.5, test=0.5))


def test_the_card_says_what_is_in_the_set(folder, capsys):
    split(folder, 3, Shares())
    assert run(["data", "card", str(folder)]) == 0
    text = (folder / "README.md").read_text()
    head, body = text.split("---\n")[1:3]
    assert "license: apache-2.0" in head
    assert "path: train.jsonl" in head
    assert "40 pairs of 40 sequential kernels" in body
    assert "compile, differential, races" in body
    assert "| tiling | 40 |" in body
    assert "| parallel_loop | 40 |" in body
    assert "| not faster | 80 |" in body
    assert "Near-duplicates of the kernels of bundled" in body
    assert str(folder) not in text


def test_a_check_exits_1_where_there_are_near_duplicates(folder, tmp_path, capsys):
    assert run(["data", "check", str(folder), "--against", "bundled", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["pairs"] == 40
    assert {row["index"] for row in found["near"]} == set(range(40))
    other = tmp_path / "other.cpp"
    other.write_text("#include <string>\nbool odd(std::string const& s) { return s.size() % 2; }\n")
    assert run(["data", "check", str(folder), "--against", str(other)]) == 0
    assert "0 of 80 sources are near-duplicates of one of 1 kernels" in capsys.readouterr().out


def test_errors_are_two_lines(tmp_path, capsys):
    for arguments in (
        ["check", str(tmp_path), "--against", "bundled"],
        ["split", str(tmp_path)],
        ["card", str(tmp_path)],
        ["generate", str(tmp_path / "new"), "--count", "1", "--max-time", "soon"],
        ["generate", str(tmp_path / "new"), "--count", "1", "--exclude", "nowhere"],
    ):
        assert run(["data", *arguments]) == 2
        error = capsys.readouterr().err.splitlines()
        assert len(error) == 2
        assert error[0].startswith("error: ")
        assert error[1].startswith("  help: ")


def test_lengths_of_time():
    assert [shown(s) for s in (5, 240, 3900, float("inf"))] == [
        "5 s",
        "4 min",
        "1 h 05 min",
        "unknown",
    ]
