// The offers that no other offer beats in both price and delivery time, the cheapest first. One
// beats another that is neither cheaper nor quicker and differs from it in one of the two at least;
// of offers that agree in both only the one with the smallest carrier number stays.

#include <algorithm>
#include <limits>
#include <vector>

struct Offer {
    double price;
    double hours;
    int carrier;
};

void paretoFront(std::vector<Offer> const& offers, std::vector<Offer>& front) {
    std::vector<Offer> sorted(offers);
    std::sort(sorted.begin(), sorted.end(), [](Offer const& a, Offer const& b) {
        if (a.price != b.price) {
            return a.price < b.price;
        }
        return a.hours != b.hours ? a.hours < b.hours : a.carrier < b.carrier;
    });
    front.clear();
    double quickest = std::numeric_limits<double>::infinity();
    for (Offer const& offer : sorted) {
        if (offer.hours < quickest) {
            quickest = offer.hours;
            front.push_back(offer);
        }
    }
}
