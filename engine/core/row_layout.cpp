#include "engine/core/row_layout.hpp"

#include <algorithm>
#include <utility>

namespace tandem::engine {
namespace {

constexpr std::size_t topic_name_most = 249;

bool legal(char each) noexcept {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
           (each >= '0' && each <= '9') || each == '.' || each == '_' || each == '-';
}

// Debezium looks at UTF-16 units: a character beyond the first 65,536 is two of them, any other one.
void append_sanitized(std::string& out, std::string_view text) {
    for (char const each : text) {
        auto const byte = static_cast<unsigned char>(each);
        if (byte < 0x80 || byte >= 0xc0) { // not inside a character
            out += legal(each) ? each : '_';
            out += byte >= 0xf0 ? "_" : "";
        }
    }
}

} // namespace

std::string table_id(std::string_view schema, std::string_view name) {
    std::string id{schema};
    id += '\0'; // no identifier has it
    return id.append(name);
}

row_layout::table const* row_layout::find(std::string_view schema, std::string_view name) const {
    auto const at = tables.find(table_id(schema, name));
    return at == tables.end() ? nullptr : &at->second;
}

std::string table_topic(std::string_view prefix, named_table const& table) {
    std::string topic{prefix};
    topic += '.';
    append_sanitized(topic, table.schema);
    topic += '.';
    append_sanitized(topic, table.name);
    topic.resize(std::min(topic.size(), topic_name_most));
    return topic;
}

std::optional<topic_collision> find_collision(std::string_view prefix,
                                              std::vector<named_table> const& tables) {
    boost::unordered_flat_map<std::string, named_table const*> taken;
    for (auto const& table : tables) {
        auto topic = table_topic(prefix, table);
        std::ranges::replace(topic, '.', '_');
        auto const [at, fresh] = taken.emplace(topic, &table);
        if (!fresh) {
            return topic_collision{*at->second, table, table_topic(prefix, *at->second)};
        }
    }
    return std::nullopt;
}

} // namespace tandem::engine
