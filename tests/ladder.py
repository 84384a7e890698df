"""A kernel of which two versions at least are faster: a histogram chosen by a ladder of comparisons."""

from __future__ import annotations

LADDER = """#include <array>
#include <cstddef>
#include <vector>

void gradeMarks(std::vector<double> const& marks, std::array<std::size_t, 4>& grades) {
    for (std::size_t i = 0; i < marks.size(); ++i) {
        const double mark = marks[i];
        if (mark < -5.0) {
            grades[0] += 1;
        } else if (mark < 0.0) {
            grades[1] += 1;
        } else if (mark < 5.0) {
            grades[2] += 1;
        } else {
            grades[3] += 1;
        }
    }
}
"""
