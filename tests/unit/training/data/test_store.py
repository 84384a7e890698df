import json
import os

import pytest

from parallel_agent.settings import SettingsError
from parallel_agent.training.data.store import (
    PAIRS,
    TRIED,
    DataPair,
    Made,
    Store,
    Tried,
    read_pairs,
)

MADE = Made(
    seed=1, exclude=(), threads=2, cxx="g++", cxxflags=("-O3",), compiler="g++ 12", machine="cpu",
    per_kernel=3, version="0.1",
)  # fmt: skip


def pair(index=0, family="waves", source="int a;", **changes):
    plain = {
        "src_code": source, "tgt_code": f"{source} // fast", "kernel": f"k{index}", "category": "scan",
        "speedup": 2.0, "interval": (1.9, 2.1), "confirmed": True, "threads": 2, "compiler": "g++ 12",
        "flags": ("-O3",), "proposer": "rules", "strategy": "scan-two_pass", "contract": "",
        "gates": ("compile", "races"), "licence": "Apache-2.0", "family": family, "index": index,
    }  # fmt: skip
    return DataPair(**{**plain, **changes})


def tried(index, pairs=1):
    return Tried(index=index, family="waves", fingerprint=f"f{index}", outcome="pairs", pairs=pairs)


@pytest.fixture
def opened(tmp_path):
    stores = []

    def give(made=MADE):
        stores.append(Store.opened(tmp_path / "data", made))
        return stores[-1]

    yield give
    for store in stores:
        store.close()


def test_what_was_added_is_there_when_the_folder_is_opened_again(opened, tmp_path):
    first = opened()
    first.add(tried(4, 2), [pair(4), pair(4, source="int b;")])
    first.add(Tried(index=5, family="waves", fingerprint="x", outcome="no answer"), [])
    first.close()
    again = opened()
    assert set(again.tried) == {4, 5}
    assert again.pairs == 2
    assert list(read_pairs(tmp_path / "data")) == [pair(4), pair(4, source="int b;")]


def test_a_kill_between_two_writes_loses_no_pair_and_repeats_none(opened, tmp_path):
    first = opened()
    first.add(tried(0), [pair(0)])
    first.close()
    file = tmp_path / "data" / PAIRS
    with file.open("a") as pairs:  # written, and then killed before it was noted
        pairs.write(pair(1).model_dump_json() + "\n")
        pairs.write(pair(2).model_dump_json()[:100])  # killed within
    with (tmp_path / "data" / TRIED).open("a") as notes:
        notes.write('{"index": 9, "fam')
    again = opened()
    assert set(again.tried) == {0, 1}
    assert again.pairs == 2
    again.add(tried(2), [pair(2)])
    assert [p.index for p in read_pairs(tmp_path / "data")] == [0, 1, 2]


def test_a_folder_goes_on_only_with_what_it_was_begun_with(opened):
    opened().close()
    with pytest.raises(SettingsError, match="begun with seed 1, and now it is 2"):
        opened(MADE.model_copy(update={"seed": 2}))


def test_one_process_at_a_time_writes(opened):
    opened()
    with pytest.raises(SettingsError, match="another process"):
        opened()


def test_pairs_of_somebody_else_are_not_written_to(opened, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / PAIRS).write_text(pair().model_dump_json() + "\n")
    with pytest.raises(SettingsError, match="not generated here"):
        opened()


def test_exported_pairs_can_be_read_though_they_have_no_family(tmp_path):
    plain = pair().model_dump(mode="json")
    for name in ("family", "origin", "mutations", "seed", "index"):
        del plain[name]
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps(plain) + "\n")
    (found,) = read_pairs(file)
    assert found.group == "k0"


def test_a_line_that_is_no_pair_is_named(tmp_path):
    (tmp_path / "pairs.jsonl").write_text(pair().model_dump_json() + "\n{}\n")
    with pytest.raises(SettingsError, match="line 2: src_code"):
        list(read_pairs(tmp_path))
    with pytest.raises(SettingsError, match="no pairs"):
        list(read_pairs(tmp_path / "elsewhere"))


def test_all_pairs_of_a_kernel_are_written_at_once(opened, tmp_path, monkeypatch):
    """A kill comes before or after them, not between."""
    store, sizes, write = opened(), [], os.write
    monkeypatch.setattr(
        os, "write", lambda handle, data: sizes.append(len(data)) or write(handle, data)
    )
    store.add(tried(0, 2), [pair(0), pair(0, source="int b;")])
    assert sizes[0] == (tmp_path / "data" / PAIRS).stat().st_size
