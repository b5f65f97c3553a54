#include "engine/connect/incremental_snapshot.hpp"

#include "codecs/sql/quote.hpp"
#include "engine/connect/source_filters.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

using json = nlohmann::json;
using kind = snapshot_news::kind;

// As Debezium does: the whole name, whatever its letters are.
bool named_by(std::string const& pattern, snapshot_table const& table) {
    auto const patterns = name_patterns::of(pattern);
    return patterns && patterns->match(table.display());
}

bool named_by(std::vector<std::string> const& patterns, snapshot_table const& table) {
    return std::ranges::any_of(patterns,
                               [&](std::string const& each) { return named_by(each, table); });
}

std::string key_text(std::vector<std::string> const& key) {
    return key.empty() ? std::string{} : fmt::format("[{}]", fmt::join(key, ", "));
}

std::string list_of(std::span<std::string const> names) {
    std::vector<std::string> quoted;
    quoted.reserve(names.size());
    for (auto const& each : names) {
        quoted.push_back(sql::identifier(each));
    }
    return fmt::format("{}", fmt::join(quoted, ", "));
}

std::string list_of_values(std::vector<std::string> const& values) {
    std::vector<std::string> quoted;
    quoted.reserve(values.size());
    for (auto const& each : values) {
        quoted.push_back(sql::literal(each));
    }
    return fmt::format("{}", fmt::join(quoted, ", "));
}

std::string order_of(std::span<std::string const> key, char const* direction) {
    std::vector<std::string> parts;
    parts.reserve(key.size());
    for (auto const& each : key) {
        parts.push_back(fmt::format("{}{}", sql::identifier(each), direction));
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

} // namespace

std::string snapshot_table::display() const {
    return fmt::format("{}.{}", schema, name);
}

incremental_snapshot::incremental_snapshot(std::string_view state) {
    auto const read = json::parse(state, nullptr, false);
    try {
        incremental_snapshot made;
        for (auto const& each : read.at("tables")) {
            made.tables_.push_back({each.at("schema"), each.at("name"), each.at("condition"),
                                    each.at("surrogate_key")});
        }
        made.reached_ = read.at("reached").get<std::vector<std::string>>();
        made.most_ = read.at("most").get<std::vector<std::string>>();
        made.rows_ = read.at("rows").get<std::uint64_t>();
        made.paused_ = read.at("paused").get<bool>();
        made.signals_from_ = read.at("signals").get<std::int64_t>();
        *this = std::move(made);
    } catch (json::exception const&) {
        *this = {}; // nobody's that is known
    }
}

std::string incremental_snapshot::state() const {
    if (tables_.empty() && signals_from_ < 0) {
        return {};
    }
    auto tables = json::array();
    for (auto const& each : tables_) {
        tables.push_back({{"schema", each.schema},
                          {"name", each.name},
                          {"condition", each.condition},
                          {"surrogate_key", each.surrogate_key}});
    }
    return json{
        {"tables", std::move(tables)}, {"reached", reached_},     {"most", most_}, {"rows", rows_},
        {"paused", paused_},           {"signals", signals_from_}}
        .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<std::string> incremental_snapshot::names() const {
    std::vector<std::string> made;
    made.reserve(tables_.size());
    for (auto const& each : tables_) {
        made.push_back(each.display());
    }
    return made;
}

void incremental_snapshot::take(signal const& of, std::span<snapshot_table const> tables,
                                std::vector<snapshot_news>& news) {
    auto const tell = [&](kind what) {
        snapshot_news one;
        one.what = what;
        one.tables = names();
        news.push_back(std::move(one));
    };
    switch (of.what) {
    case signal::kind::execute_snapshot: {
        bool const begins = tables_.empty();
        for (auto const& table : tables) {
            auto wanted = table;
            wanted.surrogate_key = of.surrogate_key;
            for (auto const& [collection, filter] : of.conditions) {
                if (named_by(collection, table)) {
                    wanted.condition = filter;
                }
            }
            bool const waits = std::ranges::find(tables_, wanted) != tables_.end();
            if (named_by(of.collections, table) && !waits) {
                tables_.push_back(std::move(wanted));
            }
        }
        if (begins && !tables_.empty()) {
            tell(kind::started);
        }
        break;
    }
    case signal::kind::stop_snapshot: {
        if (tables_.empty()) {
            break;
        }
        bool const all = of.collections.empty();
        auto const stops = [&](snapshot_table const& each) {
            return all || named_by(of.collections, each);
        };
        bool const front = stops(tables_.front());
        std::erase_if(tables_, stops);
        if (front) {
            reached_.clear();
            most_.clear();
            rows_ = 0;
        }
        if (tables_.empty()) {
            tell(kind::aborted);
            paused_ = false;
        }
        break;
    }
    case signal::kind::pause_snapshot:
        if (running()) {
            paused_ = true;
            tell(kind::paused);
        }
        break;
    case signal::kind::resume_snapshot:
        if (std::exchange(paused_, false)) {
            tell(kind::resumed);
        }
        break;
    case signal::kind::log:
    case signal::kind::watermark:
        break;
    }
}

void incremental_snapshot::chunk_done(std::uint64_t rows, std::vector<std::string> last, bool whole,
                                      std::vector<snapshot_news>& news) {
    rows_ += rows;
    if (!last.empty()) {
        reached_ = std::move(last);
    }
    snapshot_news one;
    one.what = kind::in_progress;
    one.table = table().display();
    one.rows = rows_;
    one.tables = names();
    one.last_key = key_text(reached_);
    one.most_key = key_text(most_);
    news.push_back(std::move(one));
    if (!whole || reached_ == most_) {
        next_table("SUCCEEDED", news);
    }
}

void incremental_snapshot::skip_table(std::string reason, std::vector<snapshot_news>& news) {
    next_table(std::move(reason), news);
}

void incremental_snapshot::next_table(std::string reason, std::vector<snapshot_news>& news) {
    snapshot_news one;
    one.what = kind::table_completed;
    one.table = table().display();
    one.rows = rows_;
    one.reason = std::move(reason);
    one.tables = names();
    news.push_back(std::move(one));
    tables_.pop_front();
    reached_.clear();
    most_.clear();
    rows_ = 0;
    if (tables_.empty()) {
        snapshot_news end;
        end.what = kind::completed;
        news.push_back(std::move(end));
    }
}

std::string most_query(snapshot_table const& of, std::span<std::string const> key) {
    return fmt::format("SELECT {} FROM {}{} ORDER BY {} LIMIT 1", list_of(key),
                       sql::qualified(of.schema, of.name),
                       of.condition.empty() ? "" : fmt::format(" WHERE ({})", of.condition),
                       order_of(key, " DESC NULLS LAST"));
}

std::string chunk_query(snapshot_table const& of, std::span<std::string const> key,
                        std::span<std::string const> columns,
                        std::vector<std::string> const& behind,
                        std::vector<std::string> const& most, std::size_t rows) {
    std::vector<std::string> conditions;
    if (!behind.empty()) {
        conditions.push_back(fmt::format("({}) > ({})", list_of(key), list_of_values(behind)));
    }
    conditions.push_back(fmt::format("({}) <= ({})", list_of(key), list_of_values(most)));
    if (!of.condition.empty()) {
        conditions.push_back(fmt::format("({})", of.condition));
    }
    return fmt::format("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {}", list_of(columns),
                       sql::qualified(of.schema, of.name), fmt::join(conditions, " AND "),
                       order_of(key, ""), rows);
}

} // namespace tandem::connect
