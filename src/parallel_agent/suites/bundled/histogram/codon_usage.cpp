// How often each of the 64 codons occurs in a coding sequence, read from its start in steps of three
// bases. The codon of the bases a, b, c has the number 16 a + 4 b + c, where A, C, G and T count
// from 0 to 3; codons with any other letter, and what is left over at the end, are passed over.

#include <array>
#include <cstddef>
#include <string>

static int baseOf(char letter) {
    switch (letter) {
        case 'a':
            return 0;
        case 'c':
            return 1;
        case 'g':
            return 2;
        case 't':
            return 3;
        default:
            return -1;
    }
}

void codonUsage(std::string const& sequence, std::array<long, 64>& usage) {
    usage.fill(0);
    for (std::size_t i = 0; i + 2 < sequence.size(); i += 3) {
        const int first = baseOf(sequence[i]);
        const int second = baseOf(sequence[i + 1]);
        const int third = baseOf(sequence[i + 2]);
        if (first >= 0 && second >= 0 && third >= 0) {
            usage[16 * first + 4 * second + third] += 1;
        }
    }
}
