#pragma once
// Events from JSON: our envelope and Debezium's, with and without a schema block, and plain rows.

#include "codecs/base/arena.hpp"
#include "codecs/event/event_view.hpp"
#include "codecs/event/padding.hpp"

#include <boost/system/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tandem::event {

enum class event_errc : std::uint8_t {
    ok = 0,
    not_json,          // the text is not JSON, or not all of it
    bad_utf8,          // it is not UTF-8
    too_deep,          // nested beyond what any event needs
    not_an_object,     // something else where an object must be
    wrong_type,        // a field of the envelope has another type than it must
    duplicate_field,   // a field stands twice
    missing_field,     // the record lacks a field that its kind has, or a record of no kind any
    unknown_operation, // op is none of c u d r t m, status none of BEGIN and END, or both are there
    bad_escape,        // an escape that is none, or half of a surrogate pair
    zero_character,    // \u0000: PostgreSQL's text cannot hold it
    bad_number,        // a number that is none, or out of range where one is counted on
    bad_value,         // a value that is none of its column\'s type
};

[[nodiscard]] std::string_view describe(event_errc code) noexcept;

struct event_error {
    event_errc code = event_errc::ok;
    std::uint32_t offset = 0; // of the byte where it was found

    [[nodiscard]] std::string message() const;
    friend bool operator==(event_error const&, event_error const&) = default;
};
[[noreturn]] void throw_exception_from_error(event_error const& error,
                                             boost::source_location const& at);

template <class T>
using event_result = boost::system::result<T, event_error>;

// What a topic's records are: the converter and the transformations of its writer decide, not the record.
struct record_form {
    bool envelope = true; // before, after, source, op; otherwise a plain row
    bool schema = false;  // {"schema":..,"payload":..} around it
    friend bool operator==(record_form const&, record_form const&) = default;
};

// One per thread. Holds a parser whose memory grows to the largest record and stays.
class event_decoder {
public:
    event_decoder();
    ~event_decoder();
    event_decoder(event_decoder const&) = delete;
    event_decoder& operator=(event_decoder const&) = delete;

    // Envelopes are those of changes and of messages; also what Debezium writes to topics of its own, transaction
    // metadata and heartbeats, so that they are never taken for rows: event_view::op says which it is. In the form of
    // plain rows everything is one.
    // `text` has `record_padding` readable bytes behind it. `names` are the topic's; `into` is overwritten.
    // Views point into `text` and, for unescaped strings, into `strings`: they live as long as both. No
    // allocation once parser, rows and names have grown to what the topic's events need.
    [[nodiscard]] event_result<void> value(std::string_view text, record_form form,
                                           field_names& names, event_view& into, arena& strings);
    // A record's key: an object with the key's fields, or one bare value, which becomes field 0, named "".
    [[nodiscard]] event_result<void> key(std::string_view text, bool schema, field_names& names,
                                         row_values& into, arena& strings);

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace tandem::event
