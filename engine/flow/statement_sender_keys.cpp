// Statements that are given keys alone: rows that a newer delete beats, and rows whose parent is gone.

#include "codecs/sql/foreign_key_statements.hpp"
#include "codecs/sql/tombstone_statements.hpp"
#include "engine/flow/statement_sender.hpp"
#include "engine/flow/statement_values.hpp"

#include <fmt/format.h>

#include <utility>

namespace tandem::engine {

statement_sender::sent statement_sender::remove_buried(key_set& keys, std::int64_t first,
                                                       std::int64_t next) {
    auto const& table = keys.shape().table;
    auto rules = rules_of(keys.shape().conflicts);
    rules.binary = keys.binary(); // of an earlier start
    auto key = fmt::format("buried {} {}", keys.binary(), keys.shape().name);
    for (auto const& column : table.columns) {
        key += fmt::format(" {} {}", column.name, column.type_name);
    }
    auto const from = std::to_string(first);
    auto const to = std::to_string(next);
    values_.clear();
    for (auto& array : keys.arrays()) {
        values_.push_back(array_param(array));
    }
    values_.push_back(text_param(from));
    values_.push_back(text_param(to));
    if (sql::takes_unseen(rules.conflicts)) {
        values_.push_back(text_param(unseen_));
    }
    return send(
        key, [&] { return sql::remove_buried(table, rules); }, values_);
}

statement_sender::sent statement_sender::note_gone(batch_builder const& batch) {
    key_sets gone{rules_.binary};
    if (!gone.add_gone(batch)) {
        return failure{next_step::retry,
                       "more than 1 GB of keys in one batch; lower --batch-bytes"};
    }
    for (auto& keys : gone.sets()) {
        if (rules_.orphans == "restore-parent") {
            if (auto done = with_keys("parents", keys, sql::keep_parents); !done) {
                return done;
            }
        }
        gone_.push_back(std::move(keys));
    }
    return boost::system::in_place_value;
}

void statement_sender::look_behind(key_set& keys) {
    if (!keys.shape().referred_by.empty()) {
        gone_.push_back(keys.copy());
    }
}

statement_sender::sent statement_sender::commit() {
    bool const kept = !gone_.empty() && rules_.orphans == "restore-parent";
    sent done = boost::system::in_place_value;
    for (auto& keys : merged(std::exchange(gone_, {}))) {
        if (done) {
            done = log_orphans(keys);
        }
    }
    if (done && kept) {
        done = text(sql::forget_parents());
    }
    return done ? text("COMMIT") : done;
}

statement_sender::sent statement_sender::log_orphans(key_set& keys) {
    sent done = boost::system::in_place_value;
    for (auto const& constraint : keys.shape().referred_by) {
        auto rules = rules_of(keys.shape().conflicts);
        rules.binary = keys.binary();
        auto key = fmt::format("orphans {} {} {}.{} {}", keys.binary(), keys.shape().name,
                               constraint.child.schema, constraint.child.name, constraint.name);
        for (auto const& each : constraint.columns) {
            key += fmt::format(" {} {}", each.child, each.parent);
        }
        values_.clear();
        for (auto& array : keys.arrays()) {
            values_.push_back(array_param(array));
        }
        if (done) {
            done = send(
                key, [&] { return sql::log_orphans(constraint, keys.shape().table, rules); },
                values_);
        }
    }
    return done;
}

statement_sender::sent statement_sender::with_keys(
    std::string const& what, key_set& keys,
    std::string (*text_of)(sql::apply_table const&, sql::apply_rules const&)) {
    auto rules = rules_of(keys.shape().conflicts);
    rules.binary = keys.binary();
    auto key = fmt::format("{} {} {}", what, keys.binary(), keys.shape().name);
    for (auto const& column : keys.shape().table.columns) {
        key += fmt::format(" {} {}", column.name, column.type_name);
    }
    values_.clear();
    for (auto& array : keys.arrays()) {
        values_.push_back(array_param(array));
    }
    return send(
        key, [&] { return text_of(keys.shape().table, rules); }, values_);
}

} // namespace tandem::engine
