#pragma once
// R7: which records of a stream's partition are new, which were there before, and where one is missing. Pure.

#include "codecs/event/headers.hpp"

#include <algorithm>
#include <cstdint>

namespace tandem::engine {

class stream_chain {
public:
    // `last`: everything up to here is known. `epoch`: of the writer whose start was seen last; -1: none.
    stream_chain(event::stream_position last, std::int64_t epoch) noexcept
        : last_{last}, epoch_{epoch} {}

    enum class verdict : std::uint8_t {
        next,
        duplicate,   // known, or it covers nothing
        outdated,    // of a writer that was replaced: its successor sends it again (R4)
        unannounced, // of a writer whose start was not seen: whose history it is, nobody knows (R6)
        gap          // what lies between last() and its `previous` is missing
    };

    // A writer's start. False: it is an outdated one.
    [[nodiscard]] bool start(std::int64_t epoch) noexcept {
        if (epoch < epoch_) {
            return false;
        }
        epoch_ = epoch;
        return true;
    }

    [[nodiscard]] verdict of(event::record_headers const& record) const noexcept {
        if (record.epoch != epoch_) {
            return record.epoch < epoch_ ? verdict::outdated : verdict::unannounced;
        }
        if (record.position <= last_) {
            return verdict::duplicate;
        }
        if (record.previous > last_) {
            return verdict::gap;
        }
        return verdict::next;
    }
    // `next` moves last() on to the record.
    [[nodiscard]] verdict take(event::record_headers const& record) noexcept {
        auto const told = of(record);
        if (told == verdict::next) {
            last_ = record.position;
        }
        return told;
    }
    // That is known too, from records of another partition.
    void reach(event::stream_position known) noexcept { last_ = std::max(last_, known); }

    [[nodiscard]] event::stream_position last() const noexcept { return last_; }
    [[nodiscard]] std::int64_t epoch() const noexcept { return epoch_; }

private:
    event::stream_position last_;
    std::int64_t epoch_;
};

} // namespace tandem::engine
