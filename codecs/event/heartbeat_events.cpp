#include "codecs/event/heartbeat_events.hpp"

#include "codecs/event/json_string.hpp"
#include "codecs/event/json_text.hpp"

#include <charconv>

namespace tandem::event {
namespace {

constexpr std::string_view key_open =
    R"({"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"serverName"}],)"
    R"("optional":false,"name":"io.debezium.connector.common.ServerNameKey","version":1},"payload":)";
constexpr std::string_view value_open =
    R"({"schema":{"type":"struct","fields":[{"type":"int64","optional":false,"field":"ts_ms"}],"optional":false,)"
    R"("name":"io.debezium.connector.common.Heartbeat","version":1},"payload":)";

} // namespace

heartbeat_events::heartbeat_events(event_source const& source, bool schemas)
    : schemas_{schemas}, key_{schemas ? key_open : ""} {
    key_ += R"({"serverName":)" + json_string(source.server) + (schemas ? "}}" : "}");
}

record heartbeat_events::at(std::int64_t unix_ms, arena& into) const {
    constexpr std::size_t digits_most = 20; // of a 64-bit number
    constexpr std::string_view head = R"({"ts_ms":)";
    char* const start = into.reserve(value_open.size() + head.size() + digits_most + 2);
    char* at = append(append(start, schemas_ ? value_open : ""), head);
    at = append(std::to_chars(at, at + digits_most, unix_ms).ptr, schemas_ ? "}}" : "}");
    return {key_, into.commit(static_cast<std::size_t>(at - start)), {}};
}

} // namespace tandem::event
