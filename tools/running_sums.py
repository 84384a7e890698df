"""A kernel for runs in which a model writes: the free proposer has nothing to offer for it."""

from __future__ import annotations

KERNEL = """#include <cstddef>
#include <vector>

// sums[i] is the sum of x[0] to x[i].
void runningSums(std::vector<long long> const& x, std::vector<long long>& sums) {
    sums.clear();
    for (auto last = x.begin(); last != x.end(); ++last) {
        long long sum = 0;
        for (auto each = x.begin(); each != last + 1; ++each) {
            sum += *each;
        }
        sums.push_back(sum);
    }
}
"""
HEAD = KERNEL[: KERNEL.index("    sums.clear();")]
GOOD = f"""{HEAD}    sums.resize(x.size());
    long long sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {{
        sum += x[i];
        sums[i] = sum;
    }}
}}
"""
"""One pass over the data instead of one for each element."""

BROKEN = GOOD.replace("long long sum = 0;\n    for", "for")
"""What does not compile."""
