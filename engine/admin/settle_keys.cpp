#include "engine/admin/settle_keys.hpp"

#include "engine/admin/together.hpp"

#include <algorithm>
#include <charconv>

namespace tandem::engine {
namespace {

using io::pg::rows;

constexpr int looks_most = 10; // at a key that is written all the time

// An array's text of texts: {"a","b"}.
std::string array_text(std::vector<std::vector<std::string>> const& keys, std::size_t column) {
    std::string text{"{"};
    for (auto const& key : keys) {
        text += text.size() > 1 ? ",\"" : "\"";
        for (char const each : key[column]) {
            if (each == '"' || each == '\\') {
                text += '\\';
            }
            text += each;
        }
        text += '"';
    }
    return text += '}';
}

row_look look_in(rows const& got, int row) {
    row_look made;
    made.there = true;
    made.hash = std::string{got.text(row, 1)};
    made.writer = std::string{got.text(row, 2)};
    if (got.columns() > 3) {
        if (!got.null(row, 3)) {
            made.committed_us = got.integer(row, 3);
        }
        made.origin = static_cast<std::uint32_t>(got.integer(row, 4));
    }
    return made;
}

awaitable<std::vector<row_look>> look_at_side(session& side, sql::compared_table table,
                                              std::vector<std::vector<std::string>> keys,
                                              bool versions, std::string doing) {
    io::pg::parameters values;
    for (std::size_t column = 0; column < table.key.size(); ++column) {
        values.emplace_back(array_text(keys, column));
    }
    auto text = sql::look_at_rows(table, versions);
    rows const got = co_await side.ask(std::move(text), std::move(values), std::move(doing));
    std::vector<row_look> looks(keys.size());
    for (int row = 0; row < got.size(); ++row) {
        looks[static_cast<std::size_t>(got.integer(row, 0) - 1)] = look_in(got, row);
    }
    co_return looks;
}

} // namespace

awaitable<std::vector<key_look>> look_at(session& source, session& target,
                                         compared_pair const& tables,
                                         std::vector<std::vector<std::string>> keys, bool versions,
                                         std::string doing) {
    auto looking = together(look_at_side(source, tables.source, keys, versions, doing),
                            look_at_side(target, tables.target, keys, versions, doing));
    auto const both = co_await std::move(looking);
    std::vector<key_look> made;
    made.reserve(keys.size());
    for (std::size_t at = 0; at < keys.size(); ++at) {
        made.push_back({both.first[at], both.second[at]});
    }
    co_return made;
}

awaitable<settled_keys> settle_keys(session& source, session& target, compared_pair const& tables,
                                    std::vector<differing_key> keys, stream_fence& fence,
                                    bool versions, std::string doing) {
    struct open_key {
        std::vector<std::string> key;
        settling state;
    };
    std::vector<open_key> open;
    open.reserve(keys.size());
    for (differing_key& each : keys) {
        open.push_back({std::move(each.key), {}});
    }
    settled_keys found;
    for (int looks = 0; !open.empty(); ++looks) {
        if (looks == looks_most) {
            found.unsettled = std::ssize(open);
            break;
        }
        if (looks > 0) {
            auto const passed = co_await fence.pass();
            if (passed == stream_fence::outcome::late) {
                found.undecided = std::ssize(open);
                break;
            }
        }
        std::vector<std::vector<std::string>> wanted;
        wanted.reserve(open.size());
        for (open_key const& each : open) {
            wanted.push_back(each.key);
        }
        auto const rows =
            co_await look_at(source, target, tables, std::move(wanted), versions, doing);
        std::vector<open_key> left;
        for (std::size_t at = 0; at < open.size(); ++at) {
            auto const said = open[at].state.look(rows[at]);
            if (said == settling::verdict::different) {
                found.different.push_back({std::move(open[at].key), rows[at]});
            } else if (said == settling::verdict::open) {
                left.push_back(std::move(open[at]));
            }
        }
        open = std::move(left);
    }
    co_return found;
}

} // namespace tandem::engine
