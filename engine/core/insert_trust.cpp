#include "engine/core/insert_trust.hpp"

#include <algorithm>

namespace tandem::engine {
namespace {

constexpr std::uint32_t first_penalty = 16; // batches
constexpr std::uint32_t most_penalty = 4096;
constexpr std::uint32_t forgiven_after = 1024; // plain batches

} // namespace

bool insert_trust::trusts(std::string const& table) const {
    auto const known = tables_.find(table);
    return known == tables_.end() || known->second.upserts_left == 0;
}

bool insert_trust::plain(std::string const& table) {
    auto& known = tables_[table];
    if (known.upserts_left > 0) {
        --known.upserts_left;
        return false;
    }
    if (++known.plain_since >= forgiven_after) {
        known.penalty = 0;
    }
    return true;
}

void insert_trust::collided(std::string const& table) {
    auto& known = tables_[table];
    known.penalty = std::clamp(known.penalty * 2, first_penalty, most_penalty);
    known.upserts_left = known.penalty;
    known.plain_since = 0;
}

} // namespace tandem::engine
