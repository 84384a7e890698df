// escapes NAME[,NAME]... KEY=VALUE...: makes attempts and names those that succeed after "escaped:".
// A single one is made in this process, several each in a child of its own.
#include "escape.hpp"
#include <csignal>
#include <cstdio>
#include <sstream>
#include <sys/wait.h>

static std::map<std::string, std::string> arguments;

std::map<std::string, Attempt>& attempts() {
    static std::map<std::string, Attempt> all;
    return all;
}
std::string argument(const std::string& key) { return arguments[key]; }

static bool in_child(const Attempt& attempt) {
    const pid_t child = fork();
    if (child == 0) _exit(attempt() ? 1 : 0);
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

int main(int count, char** values) {
    for (int i = 2; i < count; ++i) {
        const std::string text = values[i];
        const auto middle = text.find('=');
        arguments[text.substr(0, middle)] = text.substr(middle + 1);
    }
    std::vector<std::string> names;
    std::istringstream list(count > 1 ? values[1] : "");
    for (std::string name; std::getline(list, name, ',');) names.push_back(name);
    if (names.empty())
        for (const auto& [name, attempt] : attempts()) std::puts(name.c_str());
    std::string escaped = "escaped:";
    for (const auto& name : names) {
        const Attempt attempt = attempts().at(name);
        if (names.size() == 1 ? attempt() : in_child(attempt)) escaped += " " + name;
    }
    std::puts(escaped.c_str());
}
