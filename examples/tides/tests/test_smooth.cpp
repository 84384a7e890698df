#include <cstdio>
#include <vector>

#include "tides/journal.hpp"
#include "tides/smooth.hpp"

namespace {

int failures = 0;

void check(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "FAILED: %s\n", what);
        ++failures;
    }
}

}  // namespace

int main() {
    std::vector<long long> sums;
    tides::near_sums({1, 2, 3, 4}, sums, 1);
    check(sums == std::vector<long long>{3, 6, 9, 7}, "readings next to each other are added");
    tides::near_sums({1, 2, 3, 4}, sums, 9);
    check(sums == std::vector<long long>{10, 10, 10, 10}, "a long reach takes them all");
    tides::near_sums({}, sums, 2);
    check(sums.empty(), "no readings have no sums");
    check(tides::series_smoothed == 3, "every series is in the journal");
    return failures == 0 ? 0 : 1;
}
