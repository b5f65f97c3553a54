#pragma once
// Events from JSON: our envelope and Debezium's, with and without a schema block, and plain rows.

#include "codecs/base/arena.hpp"
#include "codecs/event/event_error.hpp"
#include "codecs/event/event_view.hpp"
#include "codecs/event/padding.hpp"

#include <algorithm>
#include <memory>
#include <string_view>

namespace tandem::event {

// What a topic's records are: the converter and the transformations of its writer decide, not the record.
struct record_form {
    bool envelope = true; // before, after, source, op; otherwise a plain row
    bool schema = false;  // {"schema":..,"payload":..} around it
    friend bool operator==(record_form const&, record_form const&) = default;
};

// Whether it begins as records with a schema block do, however its writer spaces them. No exact key or value begins so
// without one: none of its fields is an object. Of another writer's a column "schema" may be one, where "payload" is in
// the row as well.
[[nodiscard]] inline bool has_schema(std::string_view record) noexcept {
    for (std::string_view const part : {"{", R"("schema")", ":", "{"}) {
        record.remove_prefix(std::min(record.find_first_not_of(" \t\r\n"), record.size()));
        if (!record.starts_with(part)) {
            return false;
        }
        record.remove_prefix(part.size());
    }
    constexpr std::string_view payload = R"(payload")"; // quotes are everywhere
    for (auto at = record.find(payload); at != record.npos; at = record.find(payload, at + 1)) {
        if (at > 0 && record[at - 1] == '"') {
            return true;
        }
    }
    return false;
}

// One per thread. Its memory grows to the largest record and stays. A record is JSON in every part, or refused;
// only escapes are looked at where a value is needed.
class event_decoder {
public:
    event_decoder();
    ~event_decoder();
    event_decoder(event_decoder const&) = delete;
    event_decoder& operator=(event_decoder const&) = delete;

    // Envelopes are those of changes and of messages; also what Debezium writes to topics of its own, transaction
    // metadata and heartbeats, so that they are never taken for rows: event_view::op says which it is. In the form of
    // plain rows everything is one, but for null: the row is gone, and neither before nor after is there.
    // `text` has `record_padding` readable bytes behind it. `names` are the topic's; `into` is overwritten.
    // Views point into `text` and, for unescaped strings, into `strings`: they live as long as both. No
    // allocation once tokens, rows and names have grown to what the topic's events need.
    [[nodiscard]] event_result<void> value(std::string_view text, record_form form,
                                           field_names& names, event_view& into, arena& strings);
    // A record's key: an object with the key's fields, or one bare value, which becomes the field
    // named "".
    [[nodiscard]] event_result<void> key(std::string_view text, bool schema, field_names& names,
                                         row_values& into, arena& strings);

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace tandem::event
