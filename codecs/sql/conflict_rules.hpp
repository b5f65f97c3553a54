#pragma once
// How the conflicts of a table are decided: what the guard of its statements asks (R11, R13, R20).

#include <cstdint>
#include <string>

namespace tandem::sql {

// What an incoming row is compared by.
enum class row_versions : std::uint8_t {
    commit_time, // last-update-wins
    seen, // v is the newest commit time of the target that its writer had seen: what is newer there stays
    always, // it is written over whatever is there
};

struct conflict_rules {
    bool guarded = true; // false: apply-remote
    row_versions versions = row_versions::commit_time;
    bool conflicts_fail = false;             // with sqlstate::conflict, instead of a row that loses
    std::string policy = "last-update-wins"; // as people write it
};

} // namespace tandem::sql
