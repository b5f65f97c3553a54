#pragma once
// Is a key that differed really different, or is a change of it on its way? Pure.
//
// Between two looks at the key both streams pass a fence: what had been committed at either node before the first look is
// applied at the other before the second. A key that differs in the same way at three looks is different: its rows
// were written by the same transactions all the time, so that none of them was still to arrive. Two looks do not prove it
// for a row that is missing: it could have been there in between, and have been deleted just before the second look.

#include <cstdint>
#include <optional>
#include <string>

namespace tandem::engine {

// One node's row of a key at one moment.
struct row_look {
    bool there = false;
    std::string hash;
    std::string writer;                       // xmin
    std::optional<std::int64_t> committed_us; // unix µs; none: not known (any more)
    std::uint32_t origin = 0;                 // 0: written at this node

    friend bool operator==(row_look const&, row_look const&) = default;
};

struct key_look {
    row_look source;
    row_look target;

    [[nodiscard]] bool equal() const noexcept {
        return source.there == target.there && source.hash == target.hash;
    }
    friend bool operator==(key_look const&, key_look const&) = default;
};

class settling {
public:
    enum class verdict : std::uint8_t { open, equal, different };

    // One look; every one but the first comes behind a fence.
    verdict look(key_look const& now);

    [[nodiscard]] key_look const& last() const noexcept { return last_; }

private:
    static constexpr int fences_quiet = 2;

    key_look last_;
    bool looked_ = false;
    int quiet_ = 0; // fences passed since the rows were seen as they are
};

} // namespace tandem::engine
