// What each customer's orders are worth at the prices of a list. An article may have several prices in
// the list (a base price and surcharges), which add up, or none. values has one element for each
// customer; the numbers of customers in the orders are below that.

#include <algorithm>
#include <cstddef>
#include <vector>

struct OrderLine {
    std::size_t customer;
    int article;
    double quantity;
};

struct Price {
    int article;
    double amount;
};

void orderValues(std::vector<OrderLine> const& orders, std::vector<Price> const& prices,
                 std::vector<double>& values) {
    std::fill(values.begin(), values.end(), 0.0);
    for (OrderLine const& line : orders) {
        double unit = 0.0;
        for (Price const& price : prices) {
            if (price.article == line.article) {
                unit += price.amount;
            }
        }
        values[line.customer] += line.quantity * unit;
    }
}
