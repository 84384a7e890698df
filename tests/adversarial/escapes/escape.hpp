// What the attempts share. An attempt returns true if it got what it must not get.
#pragma once
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <functional>
#include <map>
#include <string>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>
#include <vector>

using Attempt = std::function<bool()>;
std::map<std::string, Attempt>& attempts();
struct Registered {
    Registered(const char* name, Attempt attempt) { attempts()[name] = attempt; }
};
#define ESCAPE(name) \
    static bool attempt_##name(); \
    static const Registered registered_##name{#name, attempt_##name}; \
    static bool attempt_##name()

// An argument KEY=VALUE of the program.
std::string argument(const std::string& key);
inline int number(const std::string& key) { return std::atoi(argument(key).c_str()); }

// The beginning of a file; empty if it cannot be read.
inline std::string contents(const std::string& path) {
    std::string text(1 << 16, '\0');
    const int fd = open(path.c_str(), O_RDONLY);
    if (fd < 0) return "";
    const ssize_t size = read(fd, text.data(), text.size());
    close(fd);
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
}
inline bool holds_secret(const std::string& text) {
    return text.find(argument("secret")) != std::string::npos;
}
inline std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    if (DIR* directory = opendir(folder.c_str())) {
        while (const dirent* entry = readdir(directory)) names.emplace_back(entry->d_name);
        closedir(directory);
    }
    return names;
}
inline std::vector<std::string> other_processes() {
    std::vector<std::string> found;
    for (const auto& name : names_in("/proc"))
        if (name.find_first_not_of("0123456789") == std::string::npos) found.push_back(name);
    // Where the folder cannot be listed, numbers can be guessed.
    found.push_back(argument("parent"));
    found.push_back(argument("victim"));
    return found;
}
