#pragma once
// What became of the changes of each table, as one direction has applied them. One thread writes, any thread reads.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace tandem::engine {

struct table_counters {
    std::string schema;
    std::string name;
    std::string key; // its columns' names, for people; set before anything runs
    std::array<std::atomic<std::uint64_t>, 4> changes{}; // by change_kind, but for ddl
    std::atomic<std::uint64_t> last_commit_us{0};        // unix µs, of the newest
};

class table_activity {
public:
    static constexpr std::size_t tables_max = 10'000; // those beyond share one without a name

    // The writer's; stays where it is.
    [[nodiscard]] table_counters& of(std::string_view schema, std::string_view name) {
        std::lock_guard const held{guard_};
        auto key = std::pair{std::string{schema}, std::string{name}};
        if (by_name_.size() >= tables_max && !by_name_.contains(key)) {
            key = {};
        }
        auto const [found, fresh] = by_name_.try_emplace(key, nullptr);
        if (fresh) {
            auto& made = all_.emplace_back();
            made.schema = key.first;
            made.name = key.second;
            found->second = &made;
        }
        return *found->second;
    }
    // tell(table_counters const&), by name.
    template <class Tell>
    void each(Tell&& tell) const {
        std::lock_guard const held{guard_};
        for (auto const& [name, table] : by_name_) {
            tell(static_cast<table_counters const&>(*table));
        }
    }

private:
    mutable std::mutex guard_;
    std::deque<table_counters> all_;
    std::map<std::pair<std::string, std::string>, table_counters*> by_name_;
};

} // namespace tandem::engine
