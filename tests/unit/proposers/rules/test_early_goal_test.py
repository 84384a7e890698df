from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.early_goal_test import EarlyGoalTest
from parallel_agent.proposers.rules.strategy import Options, Proposal

HEADERS = "#include <queue>\n#include <utility>\n#include <vector>\n"
HOPS = """int hops(std::vector<std::vector<int>> const& links, int from, int to) {
    std::vector<char> seen(links.size(), 0);
    std::queue<std::pair<int, int>> waiting;
    waiting.push({from, 0});
    seen[from] = 1;
    while (!waiting.empty()) {
        auto [node, steps] = waiting.front();
        waiting.pop();
        if (node == to) return steps;
        for (int next : links[node]) {
            if (!seen[next]) {
                seen[next] = 1;
                waiting.push({next, steps + 1});
            }
        }
    }
    return -1;
}
"""


def proposal(body: str) -> Proposal:
    return EarlyGoalTest().rewrite(parse(HEADERS + body), Options(variant="at_insertion"))


def variants(body: str) -> list[str]:
    return EarlyGoalTest().variants(parse(HEADERS + body))


def test_the_answer_is_given_when_the_goal_is_put_in() -> None:
    found = proposal(HOPS)
    assert (
        "                waiting.push({next, steps + 1});\n"
        "                // What comes first into the queue comes first out of it: the answer is known"
        " here.\n"
        "                if (next == to) {\n"
        "                    return steps + 1;\n"
        "                }\n"
    ) in found.source
    assert "        if (node == to) return steps;\n" in found.source
    assert not found.speculative
    assert variants(found.source.removeprefix(HEADERS)) == []


def test_fields_of_a_struct_are_replaced_by_what_is_put_in() -> None:
    source = proposal("""struct Spot { int row, column, steps; };
int walk(std::vector<int>& open, int columns, int goal) {
    std::vector<int> seen(open.size());
    std::queue<Spot> spots;
    spots.push({0, 0, 0});
    while (!spots.empty()) {
        const Spot spot = spots.front();
        spots.pop();
        if (spot.row * columns + spot.column == goal) {
            return 2 * spot.steps;
        }
        for (int k = 0; k < 2; ++k) {
            const int r = spot.row + k, c = spot.column + 1 - k;
            if (open[r * columns + c] == 0 || seen[r * columns + c] != 0) continue;
            seen[r * columns + c] = 1;
            spots.push(Spot{r, c, spot.steps + 1});
        }
    }
    return -1;
}
""").source
    assert "            if (r * columns + c == goal) {\n" in source
    assert "                return 2 * (spot.steps + 1);\n" in source


def test_an_answer_read_from_memory_is_speculative() -> None:
    found = proposal("""int f(std::vector<std::vector<int>> const& links, int from, int to) {
    std::vector<int> far(links.size(), -1);
    std::queue<int> q;
    far[from] = 0;
    q.push(from);
    while (!q.empty()) {
        const int u = q.front();
        q.pop();
        if (u == to) return far[u];
        for (int v : links[u]) {
            if (far[v] < 0) {
                far[v] = far[u] + 1;
                q.push(v);
            }
        }
    }
    return -1;
}
""")
    assert found.speculative
    assert "                    return far[v];\n" in found.source


@pytest.mark.parametrize(
    ("reason", "old", "new"),
    [
        ("a second element stands in front", "seen[from] = 1;", "waiting.push({to, 9});"),
        ("the queue may hold anything", "waiting;", "waiting(start);"),
        (
            "what is seen outside changes",
            "seen[next] = 1;",
            "seen[next] = 1; order.push_back(next);",
        ),
        ("another way out", "seen[next] = 1;", "if (steps > 9) return -2; seen[next] = 1;"),
        ("a break", "for (int next", "if (steps > 9) break;\n        for (int next"),
        ("the goal moves", "seen[next] = 1;", "seen[next] = 1; to = next;"),
        ("no queue", "std::queue<std::pair<int, int>>", "Stack"),
        (
            "the push alone depends on the test",
            "            if (!seen[next]) {\n",
            "            {\n"
            "                if (seen[next])\n                waiting.push({next, 0});\n",
        ),
    ],
)
def test_where_stopping_would_be_seen_the_search_is_left_alone(
    reason: str, old: str, new: str
) -> None:
    stack = """struct Stack : std::queue<std::pair<int, int>> {};
std::queue<std::pair<int, int>> start;
"""
    source = HOPS.replace("int to)", "int to, std::vector<int>& order)")
    assert variants(stack + source) == ["at_insertion"]
    assert old in source
    assert variants(stack + source.replace(old, new, 1)) == [], reason
