// What --ddl and [ddl] of a file say.

#include "engine/config/pattern.hpp"
#include "engine/config/setting_text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace tandem::engine {
namespace {

using kind = setting::kind;
using group = setting_group;

// Objects, and what they have; engine/ddl/filter.hpp says what becomes of them.
constexpr std::array<char const*, 19> kinds_of_objects{
    "table",    "view",       "materialized view",
    "sequence", "function",   "procedure",
    "schema",   "enum",       "domain",
    "range",    "composite",  "statistics",
    "index",    "constraint", "trigger",
    "policy",   "grant",      "comment",
    "owner"};

void skip_command(options& into, std::string const& text) {
    bool const capitals = std::ranges::all_of(text, [](char each) {
        return (each >= 'A' && each <= 'Z') || each == ' ' || each == '*' || each == '?';
    });
    if (text.empty() || !capitals) {
        setting_text::expected(
            "a command in capitals, such as DROP TABLE or GRANT (* and ? are wild)", text);
    }
    into.ddl_skips.commands.push_back(text);
}

void skip_kind(options& into, std::string const& text) {
    std::vector<std::pair<std::string, std::string>> words;
    for (auto const* each : kinds_of_objects) {
        words.emplace_back(each, each);
    }
    into.ddl_skips.kinds.push_back(setting_text::word<std::string>(text, words));
}

void skip_object(options& into, std::string const& text) {
    auto pattern = parse_table_pattern(text);
    if (!pattern.columns.empty() || !pattern.where.empty()) {
        throw config_error{
            fmt::format("'{}': an object is skipped as a whole: give [schema.]name alone", text)};
    }
    into.ddl_skips.objects.push_back(std::move(pattern));
}

void set_evolution(options& into, std::string const& text) {
    into.evolution = setting_text::word<schema_evolution>(
        text, {{"none", schema_evolution::none}, {"basic", schema_evolution::basic}});
}

} // namespace

std::vector<setting> ddl_settings() {
    return {
        {"ddl", kind::value, group::set_up, "on|off",
         "Carry DDL: what CREATE, ALTER and DROP make of a node, its peer becomes as well, in the order of "
         "the stream; new tables join. init needs a superuser for the event triggers. Default: on.",
         [](options& into, std::string const& text) { into.ddl = setting_text::on_or_off(text); }},
        {"ddl-skip-commands", kind::list, group::set_up, "COMMAND ...",
         "DDL not to carry out at the peer, by its command in capitals: 'DROP TABLE', 'GRANT', 'ALTER *'. "
         "Default: none.",
         skip_command},
        {"ddl-skip-kinds", kind::list, group::set_up, "KIND ...",
         fmt::format(
             "DDL not to carry out at the peer, by what it is of: {}. A primary key is always carried. "
             "Default: none.",
             fmt::join(kinds_of_objects, ", ")),
         skip_kind},
        {"ddl-skip-objects", kind::list, group::set_up, "PATTERN ...",
         "DDL not to carry out at the peer, by the name of the object: [schema.]name with * and ?. New tables of "
         "that name do not join. Default: none.",
         skip_object},
        {"schema-evolution", kind::value, group::run, "none|basic",
         "For a source without event triggers. basic: a column that its changes have and the peer's table has "
         "not is added there, nullable. none: such changes wait in tandem.parked. Default: none.",
         set_evolution},
    };
}

} // namespace tandem::engine
