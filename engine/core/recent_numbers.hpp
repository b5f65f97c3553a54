#pragma once
// Which of many numbers were there already, as far back as memory is given. Pure.

#include <boost/unordered/unordered_flat_set.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>

namespace tandem::engine {

class recent_numbers {
public:
    // Keeps the last `most`.
    explicit recent_numbers(std::size_t most) noexcept : most_{most} {}

    // False: it is among them.
    [[nodiscard]] bool add(std::uint64_t number) {
        if (!known_.insert(number).second) {
            return false;
        }
        order_.push_back(number);
        if (order_.size() > most_) {
            known_.erase(order_.front());
            order_.pop_front();
        }
        return true;
    }

private:
    std::size_t most_;
    boost::unordered_flat_set<std::uint64_t> known_;
    std::deque<std::uint64_t> order_;
};

} // namespace tandem::engine
