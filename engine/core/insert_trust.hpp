#pragma once
// May a batch write a table's new rows by a plain INSERT? Pure; one per stream start.
//
// It costs half of an upsert. Where a key turns out to exist, the batch is rolled back and done again
// by upserts, so that a table that collides is left alone for a while, longer each time.

#include <cstdint>
#include <map>
#include <string>

namespace tandem::engine {

class insert_trust {
public:
    // Whether plain() would say so.
    [[nodiscard]] bool trusts(std::string const& table) const;
    // For every batch with new rows of the table.
    [[nodiscard]] bool plain(std::string const& table);
    // A plain INSERT met an existing row.
    void collided(std::string const& table);

private:
    struct history {
        std::uint32_t upserts_left = 0; // batches
        std::uint32_t penalty = 0;
        std::uint32_t plain_since = 0;
    };
    std::map<std::string, history> tables_;
};

} // namespace tandem::engine
