#include <cstddef>
#include <string>
int countMatches(std::string const& text, std::string const& pattern) {
    int count = 0;
    if (pattern.empty() || text.size() < pattern.size()) return 0;
    for (std::size_t i = 0; i + pattern.size() <= text.size(); ++i) {
        std::size_t j = 0;
        while (j < pattern.size() && text[i + j] == pattern[j]) ++j;
        if (j == pattern.size()) ++count;
    }
    return count;
}
