// A user-declared reduction that appends vectors.
#include <cstdio>
#include <vector>

#pragma omp declare reduction(append : std::vector<int> : omp_out.insert(omp_out.end(), omp_in.begin(), omp_in.end()))

int main() {
    std::vector<int> found;
#pragma omp parallel for reduction(append : found)
    for (int i = 0; i < 1000; ++i) {
        if (i % 9 == 0) found.push_back(i);
    }
    std::printf("%zu\n", found.size());
}
