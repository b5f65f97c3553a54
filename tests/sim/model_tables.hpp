#pragma once
// Plain tables to compare the batcher with: a source that applications write to, change by change,
// and a target that only sees what the batch plan's statements would carry.

#include "codecs/base/big_endian.hpp"
#include "engine/core/batch_builder.hpp"
#include "engine/core/row_encoder.hpp"
#include "tests/sim/seeded.hpp"
#include "tests/support/changes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::sim {

using value = std::optional<std::string>;
using values = std::vector<value>;

struct versioned {
    values row;
    pg_time at; // commit time of the change that wrote it
    friend bool operator==(versioned const&, versioned const&) = default;
};
using content = std::map<values, versioned>; // by key

inline std::string shown(content const& rows) {
    std::string text;
    for (auto const& [key, held] : rows) {
        for (auto const& one : held.row) {
            text += one.value_or("NULL") + ' ';
        }
        text += "@" + std::to_string(held.at.us) + "; ";
    }
    return text;
}

// A value that a server would keep out of line, and leave out of an update that does not change it.
inline bool is_long(value const& one) {
    return one && one->starts_with('L');
}

struct model_table {
    engine::table_plan plan;
    bool full = false; // REPLICA IDENTITY FULL
    content rows;

    [[nodiscard]] values key_of(values const& row) const {
        values key;
        for (auto const at : plan.key) {
            key.push_back(row[at]);
        }
        return key;
    }
};

// --- the source ---------------------------------------------------------------------------------

// Writes random, valid changes: carries each out on its tables and gives it as pgoutput would.
class model_source {
public:
    explicit model_source(dice& luck) : luck_{luck} {
        auto const count = luck_.between(1, 3);
        for (std::uint32_t number = 0; number < count; ++number) {
            auto const keys = luck_.between(1, 2);
            auto& table = tables.emplace_back();
            table.plan = engine::text_table("t" + std::to_string(number), number,
                                            keys + luck_.between(1, 3), keys);
            table.full = luck_.chance(30);
            for (auto rows = luck_.below(8); rows > 0; --rows) {
                auto const row = random_row(table);
                table.rows[table.key_of(row)] = {row, pg_time{1}};
            }
        }
    }

    std::deque<model_table> tables;
    // Percentages of what next() chooses; the rest inserts, updates or deletes.
    std::uint32_t key_updates = 12;
    std::uint32_t truncates = 3;
    bool leaves_out = true; // updates do not send long values they did not change

    struct step {
        engine::change what;
        std::vector<model_table*> tables; // one, or those truncated
    };

    // Views into what the maker holds; the step's change must not move while the batch lives.
    step const& next(pg_time at) {
        auto& table = tables[luck_.below(static_cast<std::uint32_t>(tables.size()))];
        if (luck_.chance(truncates)) {
            return truncate();
        }
        auto const row = random_row(table);
        auto const found = table.rows.find(table.key_of(row));
        if (found == table.rows.end() && (table.rows.empty() || luck_.chance(60))) {
            table.rows[table.key_of(row)] = {row, at};
            return keep({maker_->insert(table.plan, wire_of(row)), {&table}});
        }
        auto const old = found != table.rows.end() ? found : any_of(table);
        return luck_.chance(30) ? remove(table, old) : update(table, old, at);
    }

    // The batch is done with: its changes may go.
    void forget() {
        steps_.clear();
        truncations_.clear();
        maker_.emplace();
    }

private:
    content::iterator any_of(model_table& table) {
        auto at = table.rows.begin();
        std::advance(at, luck_.below(static_cast<std::uint32_t>(table.rows.size())));
        return at;
    }

    value random_value(bool key) {
        if (!key && luck_.chance(15)) {
            return std::nullopt;
        }
        auto const text = std::to_string(luck_.below(key ? 5 : 1000));
        return luck_.chance(key ? 10 : 40) ? "L" + text : text;
    }

    values random_row(model_table const& table) {
        values row;
        for (auto const& column : table.plan.columns) {
            row.push_back(random_value(column.key));
        }
        return row;
    }

    static wire::columns wire_of(values const& row) {
        wire::columns sent;
        for (auto const& one : row) {
            sent.push_back(one ? wire::text(*one) : wire::null());
        }
        return sent;
    }

    // The old row as the table's replica identity logs it.
    static wire::columns old_of(model_table const& table, values const& row) {
        auto sent = wire_of(row);
        for (std::size_t at = 0; at < sent.size(); ++at) {
            if (!table.full && !table.plan.columns[at].key) {
                sent[at] = wire::null();
            }
        }
        return sent;
    }

    step const& remove(model_table& table, content::iterator old) {
        auto what = maker_->remove(table.plan, old_of(table, old->second.row));
        what.old_kind = table.full ? pgoutput::old_row_kind::full : pgoutput::old_row_kind::key;
        table.rows.erase(old);
        return keep({what, {&table}});
    }

    step const& update(model_table& table, content::iterator old, pg_time at) {
        auto const before = old->second.row;
        auto after = before;
        bool long_key = false;
        for (std::size_t column = 0; column < after.size(); ++column) {
            bool const key = table.plan.columns[column].key;
            long_key = long_key || (key && is_long(before[column]));
            if (luck_.chance(key ? key_updates : 50)) {
                after[column] = random_value(key);
            }
        }
        if (table.key_of(after) != table.key_of(before) &&
            table.rows.contains(table.key_of(after))) {
            for (auto const column : table.plan.key) {
                after[column] = before[column]; // the new key is taken
            }
        }
        auto sent = wire_of(after);
        for (std::size_t column = 0; column < sent.size(); ++column) {
            if (leaves_out && is_long(after[column]) && after[column] == before[column]) {
                sent[column] = wire::unchanged();
            }
        }
        table.rows.erase(old);
        table.rows[table.key_of(after)] = {after, at};
        if (table.full) {
            return keep({maker_->update_full(table.plan, old_of(table, before), sent), {&table}});
        }
        if (table.key_of(after) != table.key_of(before) || long_key) {
            return keep({maker_->move(table.plan, old_of(table, before), sent), {&table}});
        }
        return keep({maker_->update(table.plan, sent), {&table}});
    }

    step const& truncate() {
        step made;
        made.what.kind = engine::change_kind::truncate;
        auto& list = truncations_.emplace_back();
        for (auto& table : tables) {
            if (made.tables.empty() || luck_.chance(30)) {
                made.tables.push_back(&table);
                list.relations.push_back(table.plan.shape);
                table.rows.clear();
            }
        }
        made.what.truncated = &list;
        return keep(std::move(made));
    }

    step const& keep(step made) { return steps_.emplace_back(std::move(made)); }

    dice& luck_;
    std::optional<engine::change_maker> maker_{std::in_place};
    std::deque<step> steps_;
    std::deque<engine::truncation> truncations_;
};

// --- the target's side of the wire ----------------------------------------------------------------

// Reads an array parameter as array_recv() would.
inline values array_values(std::string_view bytes) {
    values read;
    auto const number = [&bytes] {
        auto const got = load_big_endian<std::uint32_t>(bytes.data());
        bytes.remove_prefix(4);
        return got;
    };
    auto const dimensions = number();
    bytes.remove_prefix(8); // flags, element type
    if (dimensions == 0) {
        return read;
    }
    auto left = number();
    bytes.remove_prefix(4); // lower bound
    for (; left > 0; --left) {
        auto const size = number();
        if (size == 0xFFFF'FFFFU) {
            read.emplace_back();
            continue;
        }
        read.emplace_back(std::string{bytes.substr(0, size)});
        bytes.remove_prefix(size);
    }
    EXPECT_TRUE(bytes.empty());
    return read;
}

inline pg_time time_of(value const& sent) {
    return {static_cast<std::int64_t>(load_big_endian<std::uint64_t>(sent.value().data()))};
}

} // namespace tandem::sim
