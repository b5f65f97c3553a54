#pragma once
// The order of events in their transaction: provide.transaction.metadata.

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::event {

// The places of an event in its transaction and among those of its table, from 1; total 0: it says neither.
struct event_order {
    std::uint64_t total = 0;
    std::uint64_t of_collection = 0;
};

// Counts the events of one transaction after the other. Owns the names of the tables it has met, and keeps them, so
// that counting allocates only for new ones. Not thread-safe.
class transaction_counter {
public:
    struct collection {
        std::string_view name; // lives as long as the counter
        std::uint64_t events = 0;
    };

    // The next event, of that table: "schema.table".
    event_order count(std::string_view name);
    // The event counted last for that table could not be written: it has no place.
    void take_back(std::string_view name);
    // The next transaction begins.
    void clear() noexcept;

    [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
    // Calls `take` for each table with events, in the order of their first ones.
    template <class Take>
    void each_collection(Take take) const {
        for (std::size_t const slot : met_) {
            if (counts_[slot] != 0) {
                take(collection{*names_[slot], counts_[slot]});
            }
        }
    }

private:
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };

    std::size_t slot_of(std::string_view name);

    std::uint64_t total_ = 0;
    boost::unordered_flat_map<std::string, std::size_t, hash, std::equal_to<>> slots_;
    std::vector<std::unique_ptr<std::string>> names_; // by slot; views of them must not move
    std::vector<std::uint64_t> counts_;               // by slot
    std::vector<std::size_t> met_;                    // slots of this transaction
};

} // namespace tandem::event
