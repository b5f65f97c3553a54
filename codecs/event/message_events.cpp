#include "codecs/event/message_events.hpp"

#include "codecs/event/json_text.hpp"
#include "codecs/event/schema_blocks.hpp"
#include "codecs/values/bytes_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::event {
namespace {

constexpr std::string_view no_table = R"(,"schema":"","table":"")";

constexpr std::string_view key_open =
    R"({"schema":{"type":"struct","fields":[{"type":"string","optional":true,"field":"prefix"}],"optional":false,)"
    R"("name":"io.debezium.connector.postgresql.MessageKey","version":1},"payload":)";

std::string value_open(binary_mode content) {
    return fmt::format(
        R"({{"schema":{{"type":"struct","fields":[{{"type":"string","optional":false,"field":"op"}},)"
        R"({{"type":"int64","optional":true,"field":"ts_ms"}},{},{},)"
        R"({{"type":"struct","fields":[{{"type":"string","optional":true,"field":"prefix"}},)"
        R"({{"type":"{}","optional":true,"field":"content"}}],"optional":false,)"
        R"("name":"io.debezium.connector.postgresql.Message","version":1,"field":"message"}}],"optional":false,)"
        R"("name":"io.debezium.connector.postgresql.MessageValue","version":1}},"payload":)",
        source_schema, transaction_schema, content == binary_mode::bytes ? "bytes" : "string");
}

char* append_content(char* out, std::string_view bytes, binary_mode mode) noexcept {
    switch (mode) {
    case binary_mode::bytes: // JSON has none: JsonConverter writes them in base64
    case binary_mode::base64:
        return values::write_base64(bytes, values::base64_alphabet::standard, out);
    case binary_mode::base64_url_safe:
        return values::write_base64(bytes, values::base64_alphabet::url_safe, out);
    case binary_mode::hex:
        break;
    }
    return values::write_hex(bytes, out);
}

std::string_view key_of(std::string_view prefix, std::string_view open, arena& into) {
    constexpr std::string_view name = R"({"prefix":)";
    char* const start =
        into.reserve(open.size() + name.size() + prefix.size() * escaped_most + 4 + slack);
    char* at = append_string(append(append(start, open), name), prefix);
    at = append(at, open.empty() ? "}" : "}}");
    return into.commit(static_cast<std::size_t>(at - start));
}

} // namespace

message_events::message_events(binary_mode content, bool schemas)
    : content_{content},
      open_key_{schemas ? key_open : std::string_view{}},
      open_value_{schemas ? value_open(content) : std::string{}} {}

record message_events::of(pgoutput::logical_message const& message,
                          transaction_part const& transaction, event_order order,
                          event_time const& now, arena& into) const {
    constexpr std::string_view op = R"({"op":"m")";
    constexpr std::string_view prefix = R"(,"message":{"prefix":)";
    constexpr std::string_view content = R"(,"content":")";
    std::string_view const key = key_of(message.prefix, open_key_, into);
    std::size_t const content_room =
        std::max(values::base64_room(message.content.size()), 2 * message.content.size());
    char* const start = into.reserve(open_value_.size() + op.size() + now.millis().size() +
                                     transaction.source_room(no_table) + transaction.block_room() +
                                     prefix.size() + message.prefix.size() * escaped_most + 2 +
                                     content.size() + content_room + 4 + slack);
    char* at = append(append(append(start, open_value_), op), now.millis());
    at = transaction.append_source(at, no_table, message.position);
    at = transaction.append_block(at, order, message.position);
    at = append_string(append(at, prefix), message.prefix);
    at = append_content(append(at, content), message.content, content_);
    at = append(at, open_value_.empty() ? R"("}})" : R"("}}})");
    return {key, into.commit(static_cast<std::size_t>(at - start)), {}};
}

} // namespace tandem::event
