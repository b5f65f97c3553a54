#pragma once
// Which of two rows that differ goes on, and where is that carried out? Pure (R11, R19).

#include "engine/admin/settling.hpp"

#include <cstdint>
#include <optional>

namespace tandem::engine {

enum class repair_deed : std::uint8_t {
    resend_source, // the source's row is sent again, as the version that it is
    resend_target,
    remove_source, // the source's row goes
    remove_target,
};

enum class repair_side : std::uint8_t { source, target };

struct repair_rules {
    std::uint32_t source_origin = 0; // at the source, of what came from the target; 0: none
    std::uint32_t target_origin = 0; // at the target, of what came from the source
    // The same of what was brought under no node's name: by a filling, or by the SQL of a repair.
    std::uint32_t source_silent = 0;
    std::uint32_t target_silent = 0;
    bool source_outranks = false; // wins where nothing else decides
    // A row that came from the peer and is not there any more was deleted there: what was deleted while nobody listened, or
    // while rows were copied. Otherwise nobody knows which side lost something, and no row is given up.
    bool peer_deletes = false;
    // The same of rows that a filling brought: they were there when it read them.
    bool filled_deletes = false;
    // At this side a row that is missing was deleted: all that the other side has had come there before.
    std::optional<repair_side> deletes_at;
    std::optional<repair_side> prefer; // this side is right, whatever the versions are
};

[[nodiscard]] repair_deed decide(key_look const& rows, repair_rules const& rules) noexcept;

[[nodiscard]] constexpr bool at_source(repair_deed what) noexcept {
    return what == repair_deed::resend_source || what == repair_deed::remove_source;
}
[[nodiscard]] constexpr bool removes(repair_deed what) noexcept {
    return what == repair_deed::remove_source || what == repair_deed::remove_target;
}

} // namespace tandem::engine
