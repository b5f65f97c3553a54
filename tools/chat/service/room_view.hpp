#pragma once
// What an open page of a room shows, and what has to be told for it to show what the database holds now. Pure.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tandem::chat {

// The newest messages of a room that a page shows.
inline constexpr int view_messages = 200;

struct row_version {
    std::int64_t id = 0;
    std::string version; // another one whenever the row has changed
};

class room_view {
public:
    // Of `now`, what the page does not show, or shows otherwise.
    [[nodiscard]] std::vector<std::int64_t> stale(std::vector<row_version> const& now) const {
        std::vector<std::int64_t> wanted;
        for (auto const& row : now) {
            auto const found = shown_.find(row.id);
            if (found == shown_.end() || found->second != row.version) {
                wanted.push_back(row.id);
            }
        }
        return wanted;
    }

    // What the page shows that is not in `now`; it is taken off.
    [[nodiscard]] std::vector<std::int64_t> take_gone(std::vector<row_version> const& now) {
        std::map<std::int64_t, std::string> kept;
        for (auto const& row : now) {
            if (auto const found = shown_.find(row.id); found != shown_.end()) {
                kept.insert(*found);
            }
        }
        std::vector<std::int64_t> gone;
        for (auto const& [id, version] : shown_) {
            if (!kept.contains(id)) {
                gone.push_back(id);
            }
        }
        shown_ = std::move(kept);
        return gone;
    }

    void show(std::int64_t id, std::string version) {
        shown_.insert_or_assign(id, std::move(version));
    }
    [[nodiscard]] std::size_t size() const noexcept { return shown_.size(); }

private:
    std::map<std::int64_t, std::string> shown_;
};

} // namespace tandem::chat
