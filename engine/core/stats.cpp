#include "engine/core/stats.hpp"

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

void direction_stats::set_state(direction_state state, std::string reason) {
    std::lock_guard const held{guard_};
    state_ = state;
    reason_ = std::move(reason);
}

direction_stats::snapshot direction_stats::state() const {
    std::lock_guard const held{guard_};
    return {state_, reason_};
}

void direction_stats::set_left_out(std::vector<std::pair<std::string, std::string>> tables) {
    std::lock_guard const held{guard_};
    left_out_ = std::move(tables);
}

std::vector<std::pair<std::string, std::string>> direction_stats::left_out() const {
    std::lock_guard const held{guard_};
    return left_out_;
}

void direction_stats::add_warning(std::string text) {
    std::lock_guard const held{guard_};
    warnings_.push_back(std::move(text));
}

std::vector<std::string> direction_stats::warnings() const {
    std::lock_guard const held{guard_};
    return warnings_;
}

} // namespace tandem::engine
