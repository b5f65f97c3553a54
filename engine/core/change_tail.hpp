#pragma once
// The last changes, for whoever looks on: a bounded list of texts. While nobody looks it costs one load per batch.
//
// Directions write, one thread serves readers. What is too much is dropped, the oldest first, and counted.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::engine {

class change_tail {
public:
    static constexpr std::size_t entries_max = 1'000;
    static constexpr std::size_t bytes_max = std::size_t{2} << 20;

    // Whether somebody looks, at that time (unix µs).
    [[nodiscard]] bool watched(std::int64_t now_us) const noexcept {
        return watched_until_us_.load(std::memory_order_relaxed) > now_us;
    }
    void watch_until(std::int64_t unix_us) noexcept {
        watched_until_us_.store(unix_us, std::memory_order_relaxed);
    }

    // `text` is a JSON object.
    void add(std::string text) {
        std::lock_guard const held{guard_};
        bytes_ += text.size();
        entries_.push_back(std::move(text));
        while (entries_.size() > entries_max || (bytes_ > bytes_max && entries_.size() > 1)) {
            bytes_ -= entries_.front().size();
            entries_.pop_front();
            ++first_;
        }
    }
    // Changes that happened and got no text.
    void pass_over(std::uint64_t changes) noexcept {
        passed_over_.fetch_add(changes, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t passed_over() const noexcept {
        return passed_over_.load(std::memory_order_relaxed);
    }

    struct portion {
        std::vector<std::string> entries;
        std::uint64_t next = 0; // read on from here
        std::uint64_t lost = 0; // dropped before they were read
    };
    [[nodiscard]] std::uint64_t end() const {
        std::lock_guard const held{guard_};
        return first_ + entries_.size();
    }
    // The newest `most` of those from `from` on; the others count as lost.
    [[nodiscard]] portion read(std::uint64_t from, std::size_t most) const {
        std::lock_guard const held{guard_};
        auto const last = first_ + entries_.size();
        auto const begin =
            std::max(std::max(from, first_), last - std::min<std::uint64_t>(most, last));
        portion made;
        made.next = last;
        made.lost = begin > from ? begin - from : 0;
        for (auto number = begin; number < last; ++number) {
            made.entries.push_back(entries_[number - first_]);
        }
        return made;
    }

    // Set before the first change: columns whose values nobody is to see.
    std::function<bool(std::string_view schema, std::string_view table, std::string_view column)>
        hides;

private:
    mutable std::mutex guard_;
    std::deque<std::string> entries_;
    std::uint64_t first_ = 0; // number of entries_.front()
    std::size_t bytes_ = 0;
    std::atomic<std::int64_t> watched_until_us_{0};
    std::atomic<std::uint64_t> passed_over_{0};
};

} // namespace tandem::engine
