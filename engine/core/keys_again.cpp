#include "engine/core/keys_again.hpp"

#include <algorithm>
#include <utility>

namespace tandem::engine {
namespace {

void add_to(std::vector<key_set>& tables, std::shared_ptr<key_shape const> const& shape,
            bool binary, std::string_view key, pg_time v) {
    auto const room = [&](key_set& one) { return &one.shape() == shape.get() && one.add(key, v); };
    if (std::ranges::none_of(tables, room)) {
        static_cast<void>(tables.emplace_back(shape, binary).add(key, v)); // one fits
    }
}

} // namespace

void keys_again::add(std::string_view key, table_plan const& plan, pg_time v, lsn seen) {
    auto& shape = shapes_[plan.number];
    if (shape == nullptr) {
        shape = std::make_shared<key_shape const>(key_shape_of(plan));
    }
    std::string of = shape->name;
    of += '\0';
    of += key;
    last_.insert_or_assign(std::move(of), sent{shape, v, seen});
}

std::vector<keys_again::part> keys_again::take(alike const& judged) {
    std::vector<std::pair<std::string_view, sent const*>> all;
    all.reserve(last_.size());
    for (auto const& [of, what] : last_) {
        all.emplace_back(std::string_view{of}.substr(what.shape->name.size() + 1), &what);
    }
    std::ranges::sort(all, {}, [](auto const& one) { return one.second->seen; });
    std::vector<part> made;
    for (auto const& [key, what] : all) {
        if (made.empty() || !judged(made.back().seen, what->seen)) {
            made.push_back({what->seen, {}});
        }
        add_to(made.back().tables, what->shape, binary_, key, what->v);
    }
    last_.clear();
    return made;
}

} // namespace tandem::engine
