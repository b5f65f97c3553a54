#include "engine/connect/chunk_window.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace tandem::connect {
namespace {

// Takes a number off the front, and what ends it.
std::optional<std::uint32_t> number_from(std::string_view& text, char ending) {
    auto const end = std::min(text.find(ending), text.size());
    std::uint64_t value = 0;
    auto const [stop, failed] = std::from_chars(text.data(), text.data() + end, value);
    if (failed != std::errc{} || stop != text.data() + end || end == 0) {
        return std::nullopt;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
    return static_cast<std::uint32_t>(value);
}

} // namespace

std::optional<seen_transactions> seen_transactions::parse(std::string_view text) {
    seen_transactions made;
    auto const first = number_from(text, ':');
    auto const end = number_from(text, ':');
    if (!first || !end) {
        return std::nullopt;
    }
    made.end_ = *end;
    while (!text.empty()) {
        auto const one = number_from(text, ',');
        if (!one) {
            return std::nullopt;
        }
        made.running_.push_back(*one);
    }
    return made;
}

bool seen_transactions::sees(xid of) const noexcept {
    bool const later = static_cast<std::int32_t>(of.value - end_) >= 0; // they go round
    return !later && std::ranges::find(running_, of.value) == running_.end();
}

void chunk_window::open(std::string schema, std::string name, std::vector<std::string> key) {
    *this = {};
    open_ = true;
    schema_ = std::move(schema);
    name_ = std::move(name);
    key_columns_ = std::move(key);
}

bool chunk_window::key_into(pgoutput::relation_shape const& shape, pgoutput::tuple_view row,
                            std::string& key) const {
    key.clear();
    std::size_t found = 0;
    pgoutput::tuple_view::cursor next{row};
    std::vector<std::string_view> values(key_columns_.size());
    for (std::size_t at = 0; at < row.column_count() && at < shape.columns.size(); ++at) {
        auto const value = next.next();
        auto const place = std::ranges::find(key_columns_, shape.columns[at].name);
        if (place != key_columns_.end() && value.kind == pgoutput::column_kind::text) {
            values[static_cast<std::size_t>(place - key_columns_.begin())] = value.bytes;
            ++found;
        }
    }
    for (auto const value : values) {
        key += std::to_string(value.size());
        key += ':';
        key += value;
    }
    return found == key_columns_.size() && found > 0;
}

void chunk_window::changed(pgoutput::relation_shape const& shape, pgoutput::tuple_view row) {
    if (row.empty()) {
        return;
    }
    if (!key_into(shape, row, room_)) {
        spoiled_ = true;
    } else if (!filled_) {
        changed_.insert(room_);
    } else if (auto const at = places_.find(room_); at != places_.end()) {
        rows_[at->second].reset();
        places_.erase(at);
    }
}

// What was read may be from before it or from behind it.
void chunk_window::truncated() {
    spoiled_ = true;
}

void chunk_window::add(pgoutput::relation_shape const& shape, pgoutput::tuple_view row) {
    if (!key_into(shape, row, room_)) {
        spoiled_ = true; // a key that is null: whose changes could not be told from those of others
        return;
    }
    if (changed_.contains(room_)) {
        return;
    }
    places_[room_] = rows_.size();
    rows_.emplace_back(std::string{row.raw()});
}

void chunk_window::filled() {
    filled_ = true;
    changed_ = {};
}

std::vector<std::string> chunk_window::close() {
    std::vector<std::string> made;
    for (auto& each : rows_) {
        if (each) {
            made.push_back(std::move(*each));
        }
    }
    *this = {};
    return made;
}

} // namespace tandem::connect
