#pragma once
// Changes of a small table for tests of engine/core: rows are written with the wire builder and read
// back as views over bytes that this object keeps.

#include "codecs/pgoutput/message.hpp"
#include "engine/core/change.hpp"
#include "engine/core/table_plan.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tandem::engine {

// A table "public.<name>" with columns c0, c1 ... of type text; the first `keys` are the key.
[[nodiscard]] inline table_plan text_table(std::string name, std::uint32_t number,
                                           std::size_t columns, std::size_t keys) {
    auto shape = std::make_shared<pgoutput::relation_shape>();
    shape->id = oid{20'000 + number};
    shape->schema = "public";
    shape->name = std::move(name);
    target_relation target;
    target.exists = true;
    for (std::size_t at = 0; at < columns; ++at) {
        auto const column = "c" + std::to_string(at);
        shape->columns.push_back({column, oid{25}, -1, at < keys});
        target.columns.push_back({column, oid{25}, "text", -1, false, false});
        if (at < keys) {
            target.primary_key.push_back(column);
        }
    }
    return make_plan(std::move(shape), target, number);
}

class change_maker {
public:
    [[nodiscard]] pgoutput::tuple_view row(wire::columns const& columns) {
        auto const& bytes = bytes_.emplace_back(wire::tuple(columns));
        return {static_cast<std::uint16_t>(columns.size()), std::string_view{bytes}.substr(2)};
    }
    [[nodiscard]] change insert(table_plan const& plan, wire::columns const& columns) {
        return made(plan, change_kind::insert, columns, {}, pgoutput::old_row_kind::none);
    }
    [[nodiscard]] change update(table_plan const& plan, wire::columns const& columns) {
        return made(plan, change_kind::update, columns, {}, pgoutput::old_row_kind::none);
    }
    [[nodiscard]] change update_full(table_plan const& plan, wire::columns const& before,
                                     wire::columns const& after) {
        return made(plan, change_kind::update, after, before, pgoutput::old_row_kind::full);
    }
    [[nodiscard]] change move(table_plan const& plan, wire::columns const& before,
                              wire::columns const& after) {
        return made(plan, change_kind::update, after, before, pgoutput::old_row_kind::key);
    }
    [[nodiscard]] change remove(table_plan const& plan, wire::columns const& key) {
        return made(plan, change_kind::remove, {}, key, pgoutput::old_row_kind::key);
    }

private:
    change made(table_plan const& plan, change_kind kind, wire::columns const& after,
                wire::columns const& before, pgoutput::old_row_kind old_kind) {
        change what;
        what.kind = kind;
        what.shape = plan.shape.get();
        what.old_kind = old_kind;
        if (!after.empty()) {
            what.new_row = row(after);
        }
        if (!before.empty()) {
            what.old_row = row(before);
        }
        return what;
    }

    std::deque<std::string> bytes_;
};

} // namespace tandem::engine
