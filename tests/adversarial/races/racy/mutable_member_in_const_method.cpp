// A const method that counts its calls in a mutable member is no read.
#include <cstdio>
#include <vector>

class Table {
public:
    int at(int i) const {
        ++reads_;
        return 2 * i;
    }
    int reads() const { return reads_; }

private:
    mutable int reads_ = 0;
};

int main() {
    const Table table;
    std::vector<int> out(500);
#pragma omp parallel for
    for (int i = 0; i < 500; ++i) out[i] = table.at(i);
    std::printf("%d\n", table.reads() > 0);
}
