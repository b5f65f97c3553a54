#include "codecs/event/transaction_events.hpp"

#include "codecs/event/json_text.hpp"

#include <charconv>

namespace tandem::event {
namespace {

constexpr std::size_t digits_most = 20; // of a 64-bit number

constexpr std::string_view key_open =
    R"({"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"id"}],"optional":false,)"
    R"("name":"io.debezium.connector.common.TransactionMetadataKey","version":1},"payload":)";
constexpr std::string_view value_open =
    R"({"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"status"},)"
    R"({"type":"string","optional":false,"field":"id"},{"type":"int64","optional":true,"field":"event_count"},)"
    R"({"type":"array","items":{"type":"struct","fields":[{"type":"string","optional":false,"field":"data_collection"},)"
    R"({"type":"int64","optional":false,"field":"event_count"}],"optional":true,"name":"event.collection","version":1},)"
    R"("optional":true,"field":"data_collections"},{"type":"int64","optional":false,"field":"ts_ms"}],"optional":false,)"
    R"("name":"io.debezium.connector.common.TransactionMetadataValue","version":1},"payload":)";

template <class Number>
char* append_number(char* out, Number value) noexcept {
    return std::to_chars(out, out + digits_most, value).ptr;
}

// {"id":"729:26395920", or with another beginning.
constexpr std::size_t id_room = 2 * digits_most + 2;
char* append_id(char* out, std::string_view head, xid transaction, lsn position) noexcept {
    out = append_number(append(out, head), transaction.value);
    *out++ = ':';
    out = append_number(out, position.value);
    *out++ = '"';
    return out;
}

std::string_view key_of(bool schemas, xid transaction, lsn position, arena& into) {
    constexpr std::string_view head = R"({"id":")";
    char* const start = into.reserve(key_open.size() + head.size() + id_room + 2);
    char* at = append(start, schemas ? key_open : "");
    at = append(append_id(at, head, transaction, position), schemas ? "}}" : "}");
    return into.commit(static_cast<std::size_t>(at - start));
}

std::size_t collections_room(transaction_counter const& events) {
    std::size_t room = 0;
    events.each_collection([&room](transaction_counter::collection const& each) {
        room += each.name.size() * escaped_most + digits_most + 64;
    });
    return room;
}

char* append_collections(char* out, transaction_counter const& events) {
    bool first = true;
    *out++ = '[';
    events.each_collection([&](transaction_counter::collection const& each) {
        if (!first) {
            *out++ = ',';
        }
        first = false;
        out = append_string(append(out, R"({"data_collection":)"), each.name);
        out = append_number(append(out, R"(,"event_count":)"), each.events);
        *out++ = '}';
    });
    *out++ = ']';
    return out;
}

} // namespace

record transaction_events::begin(xid transaction, lsn position, pg_time commit_time,
                                 arena& into) const {
    constexpr std::string_view head = R"({"status":"BEGIN","id":")";
    constexpr std::string_view tail = R"(,"event_count":null,"data_collections":null,"ts_ms":)";
    std::string_view const key = key_of(schemas_, transaction, position, into);
    char* const start = into.reserve(value_open.size() + head.size() + id_room + tail.size() +
                                     digits_most + 2 + slack);
    char* at = append(start, schemas_ ? value_open : "");
    at = append(append_id(at, head, transaction, position), tail);
    at = append(append_number(at, commit_time.unix_us() / 1'000), schemas_ ? "}}" : "}");
    return {key, into.commit(static_cast<std::size_t>(at - start)), {}};
}

record transaction_events::end(xid transaction, lsn position, pg_time commit_time,
                               transaction_counter const& events, arena& into) const {
    constexpr std::string_view head = R"({"status":"END","id":")";
    constexpr std::string_view count = R"(,"event_count":)";
    constexpr std::string_view collections = R"(,"data_collections":)";
    constexpr std::string_view time = R"(,"ts_ms":)";
    std::string_view const key = key_of(schemas_, transaction, position, into);
    char* const start =
        into.reserve(value_open.size() + head.size() + id_room + count.size() + collections.size() +
                     collections_room(events) + time.size() + 2 * digits_most + 4 + slack);
    char* at = append(start, schemas_ ? value_open : "");
    at = append(append_id(at, head, transaction, position), count);
    at = append(append_number(at, events.total()), collections);
    at = append(append_collections(at, events), time);
    at = append(append_number(at, commit_time.unix_us() / 1'000), schemas_ ? "}}" : "}");
    return {key, into.commit(static_cast<std::size_t>(at - start)), {}};
}

} // namespace tandem::event
