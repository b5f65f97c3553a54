#include "engine/connect/source_filters.hpp"

#include "engine/connect/names_in.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace tandem::connect {
namespace {

// At commas, but for those behind a backslash, which goes.
std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> made(1);
    for (std::size_t at = 0; at < list.size(); ++at) {
        if (list[at] == '\\' && at + 1 < list.size() && list[at + 1] == ',') {
            made.back() += list[++at];
        } else if (list[at] == ',') {
            made.emplace_back();
        } else {
            made.back() += list[at];
        }
    }
    for (auto& each : made) {
        auto const begin = each.find_first_not_of(" \t\r\n");
        each = begin == std::string::npos
                   ? std::string{}
                   : each.substr(begin, each.find_last_not_of(" \t\r\n") - begin + 1);
    }
    std::erase(made, std::string{});
    return made;
}

outcome<name_patterns> patterns_in(property_map const& config, std::string_view name) {
    auto const found = config.find(name);
    return found == config.end() ? outcome<name_patterns>{name_patterns{}}
                                 : name_patterns::of(found->second);
}

} // namespace

outcome<name_patterns> name_patterns::of(std::string_view list) {
    name_patterns made;
    for (auto const& each : split(list)) {
        auto pattern = java_regex::of(each, true);
        if (!pattern) {
            return problem{problem_kind::config, pattern.error().what};
        }
        made.patterns_.push_back(std::make_shared<java_regex const>(std::move(*pattern)));
    }
    return made;
}

bool name_patterns::match(std::string_view name) const {
    return std::ranges::any_of(patterns_, [name](auto const& each) { return each->matches(name); });
}

outcome<table_filter> table_filter::of(property_map const& config) {
    table_filter made;
    struct part {
        std::string_view name;
        name_patterns* into;
    };
    for (auto const& each : {part{"schema.include.list", &made.schemas_},
                             part{"schema.exclude.list", &made.other_schemas_},
                             part{"table.include.list", &made.tables_},
                             part{"table.exclude.list", &made.other_tables_}}) {
        auto patterns = patterns_in(config, each.name);
        if (!patterns) {
            return problem{problem_kind::config,
                           fmt::format("{}: {}", each.name, patterns.error().what)};
        }
        *each.into = std::move(*patterns);
    }
    auto const signals = config.find("signal.data.collection");
    made.signals_ = signals == config.end() ? "" : signals->second;
    return made;
}

bool table_filter::is_of_signals(std::string_view schema, std::string_view table) const {
    return !signals_.empty() && signals_.size() == schema.size() + 1 + table.size() &&
           signals_.starts_with(schema) && signals_[schema.size()] == '.' &&
           signals_.ends_with(table);
}

bool table_filter::takes(std::string_view schema, std::string_view table) const {
    if (schema == "pg_catalog" || schema == "information_schema" || schema == "tandem") {
        return false;
    }
    if (is_of_signals(schema, table)) {
        return true;
    }
    auto const whole = fmt::format("{}.{}", schema, table);
    if ((!schemas_.empty() && !schemas_.match(schema)) || other_schemas_.match(schema)) {
        return false;
    }
    return (tables_.empty() || tables_.match(whole)) && !other_tables_.match(whole);
}

outcome<column_changes> column_changes::of(property_map const& config) {
    column_changes made;
    for (auto const& [name, into] : {std::pair{"column.include.list", &made.included_},
                                     std::pair{"column.exclude.list", &made.excluded_}}) {
        auto patterns = patterns_in(config, name);
        if (!patterns) {
            return problem{problem_kind::config,
                           fmt::format("{}: {}", name, patterns.error().what)};
        }
        *into = std::move(*patterns);
    }
    using kind = text_change::kind;
    for (auto const& [prefix, what] :
         {std::pair{std::string_view{"column.truncate.to."}, kind::truncate},
          std::pair{std::string_view{"column.mask.with."}, kind::mask}}) {
        constexpr std::string_view suffix = ".chars";
        for (auto at = config.lower_bound(prefix);
             at != config.end() && at->first.starts_with(prefix); ++at) {
            std::string_view digits{at->first};
            digits.remove_prefix(prefix.size());
            text_change one{what, 0, std::nullopt};
            auto const read =
                std::from_chars(digits.data(), digits.data() + digits.size(), one.length);
            if (read.ec != std::errc{} ||
                std::string_view{read.ptr, static_cast<std::size_t>(digits.data() + digits.size() -
                                                                    read.ptr)} != suffix) {
                return problem{problem_kind::config,
                               fmt::format("{}: {}N{} is", at->first, prefix, suffix)};
            }
            auto patterns = name_patterns::of(at->second);
            if (!patterns) {
                return problem{problem_kind::config,
                               fmt::format("{}: {}", at->first, patterns.error().what)};
            }
            made.texts_.emplace_back(one, std::move(*patterns));
        }
    }
    if (auto const hashes = made.add_hashes(config); !hashes) {
        return hashes.error();
    }
    return made;
}

outcome<void> column_changes::add_hashes(property_map const& config) {
    constexpr std::string_view prefix = "column.mask.hash.";
    constexpr std::string_view second = "v2.";
    constexpr std::string_view middle = ".with.salt.";
    for (auto at = config.lower_bound(prefix); at != config.end() && at->first.starts_with(prefix);
         ++at) {
        auto name = std::string_view{at->first}.substr(prefix.size());
        bool const is_second = name.starts_with(second);
        name.remove_prefix(is_second ? second.size() : 0);
        auto const split = name.find(middle);
        if (split == std::string_view::npos || split == 0 || split + middle.size() == name.size()) {
            return problem{problem_kind::config,
                           fmt::format("{}: {}ALGORITHM{}SALT is, or {}{}ALGORITHM{}SALT",
                                       at->first, prefix, middle, prefix, second, middle)};
        }
        auto hash =
            text_hash::of(name.substr(0, split), std::string{name.substr(split + middle.size())},
                          is_second ? text_hash::form::bytes : text_hash::form::serialized);
        if (!hash) {
            return problem{problem_kind::config,
                           fmt::format("{}: {}", at->first, hash.error().what)};
        }
        auto patterns = name_patterns::of(at->second);
        if (!patterns) {
            return problem{problem_kind::config,
                           fmt::format("{}: {}", at->first, patterns.error().what)};
        }
        texts_.emplace_back(text_change{text_change::kind::hash, 0, std::move(*hash)},
                            std::move(*patterns));
    }
    return {};
}

bool column_changes::takes(std::string_view column) const {
    return (included_.empty() || included_.match(column)) && !excluded_.match(column);
}

column_changes::text_change column_changes::change_of(std::string_view column) const {
    auto const found = std::ranges::find_if(
        texts_, [column](auto const& each) { return each.second.match(column); });
    return found == texts_.end() ? text_change{} : found->first;
}

outcome<key_choices> key_choices::of(std::string_view list) {
    key_choices made;
    while (!list.empty()) {
        auto const stop = std::min(list.find(';'), list.size());
        auto const one = list.substr(0, stop);
        list.remove_prefix(std::min(stop + 1, list.size()));
        auto const colon = one.rfind(':');
        auto const tables = colon == std::string_view::npos
                                ? outcome<name_patterns>{name_patterns{}}
                                : name_patterns::of(one.substr(0, colon));
        auto columns =
            names_in(colon == std::string_view::npos ? std::string_view{} : one.substr(colon + 1));
        if (!tables || tables->empty() || columns.empty()) {
            return problem{
                problem_kind::config,
                fmt::format("message.key.columns: {}: SCHEMA.TABLE:COLUMN,COLUMN is, and "
                            "a semicolon before the next{}{}",
                            one, tables ? "" : ": ", tables ? "" : tables.error().what)};
        }
        made.choices_.emplace_back(*tables, std::move(columns));
    }
    return made;
}

std::vector<std::string> const* key_choices::of_table(std::string_view table) const {
    auto const found = std::ranges::find_if(
        choices_, [table](auto const& each) { return each.first.match(table); });
    return found == choices_.end() ? nullptr : &found->second;
}

std::string changed_text(std::string_view text, column_changes::text_change const& how) {
    if (how.what == column_changes::text_change::kind::mask) {
        return std::string(how.length, '*');
    }
    if (how.what == column_changes::text_change::kind::hash) {
        auto made = (*how.hash)(text);
        made.resize(how.length == 0 ? made.size() : std::min(made.size(), how.length));
        return made;
    }
    std::size_t characters = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        auto const lead = static_cast<unsigned char>(text[at]);
        std::size_t const bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        characters += bytes == 4 ? 2 : 1;
        if (characters > how.length) {
            break;
        }
        at += bytes;
    }
    return std::string{text.substr(0, at)};
}

} // namespace tandem::connect
