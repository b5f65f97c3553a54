#pragma once
// What is known of whether tables are the same on both nodes: the last comparison of each. Whoever compares writes, anybody
// reads.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace tandem::engine {

struct table_check {
    std::string table;
    std::int64_t at_us = 0; // unix µs of its end
    double seconds = 0;
    std::int64_t rows = 0;
    std::int64_t different = 0;
    std::int64_t undecided = 0;    // rows that differ, and a stream was late
    std::int64_t unsettled = 0;    // rows that were written at every look
    std::vector<std::string> keys; // some of those that differ
};

class table_checks {
public:
    void note(table_check made) {
        std::scoped_lock const held{guard_};
        last_[made.table] = std::move(made);
    }
    [[nodiscard]] std::vector<table_check> all() const {
        std::scoped_lock const held{guard_};
        std::vector<table_check> found;
        found.reserve(last_.size());
        for (auto const& [name, check] : last_) {
            found.push_back(check);
        }
        return found;
    }

private:
    mutable std::mutex guard_;
    std::map<std::string, table_check> last_;
};

} // namespace tandem::engine
