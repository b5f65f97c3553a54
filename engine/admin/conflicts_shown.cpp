// How conflicts are shown.

#include "engine/admin/conflicts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace tandem::engine {
namespace {

using json = nlohmann::json;

std::string place_of(conflict_entry const& of) {
    return fmt::format("{}:{}", of.place.node, of.place.id);
}

std::string quoted(std::string const& text) {
    return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string quoted_or_null(std::optional<std::string> const& text) {
    return text ? quoted(*text) : "null";
}

// Rows as the server wrote them: a number of theirs may have more digits than one of ours.
std::string json_of(conflict_entry const& of) {
    return fmt::format(
        R"({{"conflict":{},"at":{},"type":{},"schema":{},"table":{},"key":{},"incoming":{},"existing":{},)"
        R"("incoming_at":{},"existing_at":{},"incoming_node":{},"existing_node":{},"position":{},"policy":{},"winner":{},"about":{}{}}})",
        quoted(place_of(of)), quoted(of.at), quoted(of.type), quoted(of.schema), quoted(of.table),
        of.key, of.incoming.value_or("null"), of.existing.value_or("null"),
        quoted_or_null(of.incoming_at), quoted_or_null(of.existing_at), quoted(of.incoming_node),
        quoted(of.existing_node), quoted(of.position), quoted(of.policy), quoted(of.winner),
        of.about.value_or("null"), of.cut ? ",\"cut\":true" : "");
}

// "message_author_fkey: public.person {"id":1} is gone"
std::string missing_text(std::string const& about) {
    auto const told = json::parse(about, nullptr, false);
    if (!told.is_object()) {
        return about;
    }
    auto const word = [&told](char const* name) {
        return told.contains(name) && told[name].is_string() ? told[name].get<std::string>()
                                                             : std::string{"?"};
    };
    return fmt::format(
        "{}: {}.{} {} is gone", word("constraint"), word("schema"), word("table"),
        told.value("key", json{}).dump(-1, ' ', false, json::error_handler_t::replace));
}

} // namespace

std::string conflicts_text(std::vector<conflict_entry> const& entries) {
    std::vector<std::array<std::string, 6>> lines{
        {"CONFLICT", "AT", "TYPE", "TABLE", "KEY", "WINNER"}};
    for (auto const& each : entries) {
        lines.push_back({place_of(each), each.at, each.type, each.schema + "." + each.table,
                         each.key, each.winner});
    }
    std::array<std::size_t, 6> widths{};
    for (auto const& line : lines) {
        for (std::size_t at = 0; at < line.size(); ++at) {
            widths[at] = std::max(widths[at], line[at].size());
        }
    }
    std::string text;
    for (auto const& line : lines) {
        for (std::size_t at = 0; at + 1 < line.size(); ++at) {
            text += fmt::format("{:<{}}  ", line[at], widths[at]);
        }
        text += line.back() + "\n";
    }
    return entries.empty() ? std::string{} : text;
}

std::string conflicts_json(std::vector<conflict_entry> const& entries) {
    std::string text = "[";
    for (auto const& each : entries) {
        text += (text.size() == 1 ? "\n  " : ",\n  ") + json_of(each);
    }
    return text + (entries.empty() ? "]\n" : "\n]\n");
}

std::string conflict_json_line(conflict_entry const& of) {
    return json_of(of) + "\n";
}

std::string conflict_text(conflict_entry const& of) {
    auto text = fmt::format("{} {} of {}.{} {} at {}\n", place_of(of), of.type, of.schema, of.table,
                            of.key, of.at);
    if (of.about) {
        text += missing_text(*of.about) + "\n";
    }
    auto const side = [&](char const* word, std::string const& node,
                          std::optional<std::string> const& when,
                          std::optional<std::string> const& row) {
        text += fmt::format("{} from node {}, committed {}: {}\n", word, node.empty() ? "?" : node,
                            when ? *when : "at a time that is not known any more",
                            row ? *row : std::string{"no row"});
    };
    side("incoming", of.incoming_node, of.incoming_at, of.incoming);
    side("existing", of.existing_node, of.existing_at, of.existing);
    for (auto const& each : of.differences) {
        text += fmt::format("  {}: {} -> {}\n", each.column, each.existing.value_or("(not sent)"),
                            each.incoming.value_or("(not sent)"));
    }
    text += fmt::format("winner: node {} ({}), position {}\n", of.winner, of.policy,
                        of.position.empty() ? "?" : of.position);
    return text;
}

std::string restored_text(restored_conflict const& done) {
    auto const& of = done.of;
    auto const& whose = of.winner == of.incoming_node ? of.existing_node : of.incoming_node;
    auto const left_out = done.left_out.empty()
                              ? std::string{}
                              : fmt::format(", but for what the table has not any more: {}",
                                            fmt::join(done.left_out, ", "));
    return fmt::format("{}: {}.{} {}: the {} of node {} is written again at node {}{}",
                       place_of(of), of.schema, of.table, of.key, of.loser() ? "row" : "delete",
                       whose, of.place.node, left_out);
}

} // namespace tandem::engine
