#include "engine/core/stats.hpp"

#include <algorithm>
#include <utility>

namespace tandem::engine {

std::string_view to_string(direction_state state) noexcept {
    switch (state) {
    case direction_state::starting:
        return "starting";
    case direction_state::snapshot:
        return "snapshot";
    case direction_state::streaming:
        return "streaming";
    case direction_state::retrying:
        return "retrying";
    case direction_state::paused:
        return "paused";
    case direction_state::gap:
        return "gap";
    case direction_state::lost:
        return "lost";
    case direction_state::fenced:
        return "fenced";
    case direction_state::standby:
        return "standby";
    }
    return "unknown";
}

namespace {

// How much a state is to be told before another.
int weight(direction_state state) noexcept {
    switch (state) {
    case direction_state::streaming:
        return 0;
    case direction_state::standby:
        return 1;
    case direction_state::snapshot:
        return 2;
    case direction_state::starting:
        return 3;
    case direction_state::retrying:
        return 4;
    default:
        return 5; // waits for a person
    }
}

} // namespace

void direction_stats::set_state(direction_state state, std::string reason, part of) {
    std::lock_guard const held{guard_};
    (of == part::applying ? applying_ : sending_) = {state, std::move(reason)};
}

direction_stats::snapshot direction_stats::state() const {
    std::lock_guard const held{guard_};
    return weight(sending_.state) > weight(applying_.state) ? sending_ : applying_;
}

void direction_stats::set_left_out(std::vector<std::pair<std::string, std::string>> tables) {
    std::lock_guard const held{guard_};
    left_out_ = std::move(tables);
}

std::vector<std::pair<std::string, std::string>> direction_stats::left_out() const {
    std::lock_guard const held{guard_};
    return left_out_;
}

direction_stats::snapshot direction_stats::state(part of) const {
    std::lock_guard const held{guard_};
    return of == part::applying ? applying_ : sending_;
}

bool direction_stats::add_warning(std::string text) {
    std::lock_guard const held{guard_};
    if (std::ranges::find(warnings_, text) != warnings_.end()) {
        return false;
    }
    warnings_.push_back(std::move(text));
    return true;
}

std::vector<std::string> direction_stats::warnings() const {
    std::lock_guard const held{guard_};
    return warnings_;
}

} // namespace tandem::engine
