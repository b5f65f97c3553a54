#include "engine/connect/postgres_source_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace tandem::connect {
namespace {

using enum setting_type;

std::optional<std::string_view> given(property_map const& all, std::string_view name) {
    auto const found = all.find(name);
    return found == all.end() ? std::nullopt : std::optional<std::string_view>{found->second};
}

std::string_view trimmed(std::string_view text) noexcept {
    auto const begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// Every part between separators; empty ones count.
template <class Visit>
void each_part(std::string_view text, char separator, Visit visit) {
    while (true) {
        auto const stop = std::min(text.find(separator), text.size());
        visit(text.substr(0, stop));
        if (stop == text.size()) {
            return;
        }
        text.remove_prefix(stop + 1);
    }
}

bool one_word(std::string_view text) noexcept {
    return !text.empty() && text.find_first_of(" \t\r\n:") == std::string_view::npos;
}

bool same_in_any_case(std::string_view text, std::string_view upper) noexcept {
    return std::ranges::equal(text, upper, {}, [](char each) {
        return each >= 'a' && each <= 'z' ? static_cast<char>(each - 'a' + 'A') : each;
    });
}

// "schema.table:column"
bool names_key_columns(std::string_view text) noexcept {
    text = trimmed(text);
    auto const colon = text.find(':');
    return colon != std::string_view::npos && one_word(text.substr(0, colon)) &&
           one_word(text.substr(colon + 1));
}

// "schema.table:FULL", "schema.table:INDEX name"
bool names_replica_identity(std::string_view text) noexcept {
    text = trimmed(text);
    auto const colon = text.find(':');
    if (colon == std::string_view::npos || !one_word(text.substr(0, colon))) {
        return false;
    }
    auto const how = text.substr(colon + 1);
    constexpr std::size_t word = 6; // "INDEX "
    return same_in_any_case(how, "DEFAULT") || same_in_any_case(how, "FULL") ||
           same_in_any_case(how, "NOTHING") ||
           (how.size() > word && same_in_any_case(how.substr(0, word), "INDEX "));
}

} // namespace

void check_slot_name(debezium_value const& of, string_list& problems) {
    constexpr std::size_t most = 63;
    bool const good =
        of.text && !of.text->empty() && of.text->size() <= most &&
        std::ranges::all_of(*of.text, [](char each) {
            return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9') || each == '_';
        });
    if (of.text && !good) {
        problems.emplace_back("Valid replication slot name must contain only digits, lowercase "
                              "characters and underscores with length <= 63");
    }
}

void check_replica_identities(debezium_value const& of, string_list& problems) {
    if (!of.text) {
        return;
    }
    if (of.text->empty()) {
        problems.emplace_back("Must not be empty");
    }
    each_part(*of.text, ',', [&](std::string_view part) {
        if (!names_replica_identity(part)) {
            problems.push_back(fmt::format(
                "{} has an invalid format (expecting '(?i)^\\s*(?<tablepredicate>[^\\s:]+):"
                "(?<replicaidentity>DEFAULT|(INDEX) (?<indexname>.\\w*)|FULL|NOTHING)"
                "\\s*$')",
                part));
        }
    });
}

void check_key_columns(debezium_value const& of, string_list& problems) {
    if (!of.text) {
        return;
    }
    if (of.text->empty()) {
        problems.emplace_back("Must not be empty");
    }
    each_part(*of.text, ';', [&](std::string_view part) {
        if (!names_key_columns(part)) {
            problems.push_back(fmt::format(
                "{} has an invalid format (expecting '^\\s*([^\\s:]+):([^:\\s]+)\\s*$')", part));
        }
    });
}

void check_operations(debezium_value const& of, string_list& problems) {
    if (!of.text || *of.text == "none") {
        return;
    }
    bool none = false;
    bool some = false;
    bool wrong = false;
    each_part(*of.text, ',', [&](std::string_view part) {
        part = trimmed(part);
        bool const known =
            part.size() == 1 && std::string_view{"rcudt"}.find(part[0]) != std::string_view::npos;
        none = none || part == "none";
        some = some || known;
        wrong = wrong || (!known && part != "none");
    });
    if (wrong) {
        problems.emplace_back("Invalid operation");
    } else if (none && some) {
        problems.emplace_back("'none' cannot be specified with other skipped operation types");
    }
}

void check_queue_size(debezium_value const& of, string_list& problems) {
    auto const size = parse_setting("max.queue.size", of.text.value_or("8192"), int32);
    auto const batch =
        parse_setting("max.batch.size", given(of.all, "max.batch.size").value_or("2048"), int32);
    if (!size || !batch) {
        return; // said already
    }
    if (std::get<std::int64_t>(*size) <= 0) {
        problems.emplace_back("A positive queue size is required");
    }
    if (std::get<std::int64_t>(*size) <= std::get<std::int64_t>(*batch)) {
        problems.emplace_back("Must be larger than the maximum batch size");
    }
}

// Of two that exclude each other.
static void check_other_is_not(std::string_view other, debezium_value const& of,
                               string_list& problems, std::string_view said) {
    if (of.text && given(of.all, other)) {
        problems.push_back(fmt::format("\"{}\" is already specified", said));
    }
}
void check_no_included_tables(debezium_value const& of, string_list& problems) {
    check_other_is_not("table.include.list", of, problems, "table.include.list");
}
void check_no_included_columns(debezium_value const& of, string_list& problems) {
    check_other_is_not("column.include.list", of, problems, "column.include.list");
}
void check_no_included_schemas(debezium_value const& of, string_list& problems) {
    check_other_is_not("schema.include.list", of, problems, "schema.include.list");
}
void check_no_included_prefixes(debezium_value const& of, string_list& problems) {
    check_other_is_not("message.prefix.include.list", of, problems,
                       "logical_decoding_message.prefix.include.list");
}

// Of the name of a class that a mode "custom" needs.
static void check_custom_name(debezium_value const& of, string_list& problems,
                              std::string_view mode) {
    if (same_in_any_case(given(of.all, mode).value_or(""), "CUSTOM") &&
        of.text.value_or("").empty()) {
        problems.push_back(
            fmt::format("{0}.custom.name cannot be empty when {0} 'custom' is defined", mode));
    }
}
void check_snapshot_name(debezium_value const& of, string_list& problems) {
    check_custom_name(of, problems, "snapshot.mode");
}
void check_locking_name(debezium_value const& of, string_list& problems) {
    check_custom_name(of, problems, "snapshot.locking.mode");
}
void check_query_name(debezium_value const& of, string_list& problems) {
    check_custom_name(of, problems, "snapshot.query.mode");
}

void check_notification_topic(debezium_value const& of, string_list& problems) {
    bool sink = false;
    each_part(given(of.all, "notification.enabled.channels").value_or(""), ',',
              [&](std::string_view part) { sink = sink || trimmed(part) == "sink"; });
    if (sink && !of.text) {
        problems.emplace_back(
            "Notification topic name must be provided when kafka notification channel is enabled");
    }
}

} // namespace tandem::connect
