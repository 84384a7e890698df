// Orders the jobs of a printer: the highest priority first, short jobs before long ones, and jobs that
// agree in both as they came in.

#include <algorithm>
#include <vector>

struct Job {
    int priority;
    int pages;
    int owner;
    float cost;
};

void orderPrintJobs(std::vector<Job>& jobs) {
    std::stable_sort(jobs.begin(), jobs.end(), [](Job const& a, Job const& b) {
        return a.priority != b.priority ? a.priority > b.priority : a.pages < b.pages;
    });
}
