#pragma once
// A decoded event as views: into the record's bytes where they can be taken as they are, into the decoder's
// arena where JSON escapes had to be undone.

#include "codecs/base/lsn.hpp"
#include "codecs/event/expected_name.hpp"
#include "codecs/event/value_options.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::event {

// What stands for a column in an event.
enum class field_kind : std::uint8_t {
    absent, // not in the event: not sent by the source
    null,
    boolean, // text is "true" or "false"
    number,  // text is the number as it was written
    string,  // text is the string, unescaped
    nested,  // text is the JSON of an object or an array
};

struct field_value {
    field_kind kind = field_kind::absent;
    std::string_view text;
};

// The field names of a topic's rows, in the order in which they were first met. Grows as events bring new
// ones, so that a number once given keeps its meaning.
class field_names {
public:
    [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
    [[nodiscard]] std::string const& operator[](std::size_t index) const noexcept {
        return names_[index].text();
    }
    // For comparison with a record's text; valid until number_of() gives a new number.
    [[nodiscard]] std::span<expected_name const> all() const noexcept { return names_; }

    // The number of that name, a new one for a new name; none when there are too many already.
    [[nodiscard]] std::optional<std::size_t> number_of(std::string_view name);
    // Back to that many: those after them came with a record that was refused.
    void forget_after(std::size_t count);

    // More than twice as many as a table's columns can be.
    static constexpr std::size_t most = 4'096;

private:
    struct hashed {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };

    std::vector<expected_name> names_;
    boost::unordered_flat_map<std::string, std::size_t, hashed, std::equal_to<>> numbers_;
};

// Values by field number; shorter than the names when the last ones are absent.
using row_values = std::vector<field_value>;

// What a record tells. The letters in lower case are Debezium's; the others stand for records without an op.
enum class event_operation : char {
    none = 0, // a plain row without envelope
    create = 'c',
    update = 'u',
    remove = 'd',
    read = 'r',
    truncate = 't',
    message = 'm',   // event_view::message
    begin = 'B',     // of a transaction: event_view::boundary
    end = 'E',       // of a transaction: event_view::boundary
    heartbeat = 'H', // event_view::boundary has its time
};

// What the source block says; what it does not say is zero or empty.
struct source_view {
    std::string_view version; // without the mark of exact values
    value_form values =
        value_form::debezium; // exact: the version bore that mark, see value_options.hpp
    std::string_view connector;
    std::string_view name;
    std::string_view snapshot;
    std::string_view database;
    std::string_view schema;
    std::string_view table;
    std::string_view origin;
    std::int64_t time_us = 0; // of the commit, since 1970; from ts_us, or ts_ms where that is all
    std::int64_t transaction = 0;
    lsn position;
    lsn origin_position;
};

inline constexpr std::array source_strings{
    &source_view::version,  &source_view::connector, &source_view::name,  &source_view::snapshot,
    &source_view::database, &source_view::schema,    &source_view::table, &source_view::origin};

// The block `transaction` of a change or message; an empty id: there is none.
struct transaction_view {
    std::string_view id; // "729:26395920": the transaction's up to the colon
    std::int64_t total_order = 0;
    std::int64_t collection_order = 0;
};

// A logical message. Its content is still text, see message_bytes() in read_value.hpp.
struct message_view {
    std::string_view prefix;
    std::string_view content;
};

struct collection_view {
    std::string_view name; // as its writer names it, mostly schema.table
    std::int64_t events = 0;
};

// Where a transaction begins or ends; of a heartbeat, the time alone.
struct boundary_view {
    std::string_view id;
    std::int64_t event_count = 0;             // of an end
    std::vector<collection_view> collections; // of an end
    std::int64_t time_ms = 0;                 // since 1970

    void clear() noexcept {
        id = {};
        event_count = time_ms = 0;
        collections.clear();
    }
};

// One event. Reused from event to event: the rows keep their memory.
struct event_view {
    event_operation op = event_operation::none;
    bool has_before = false;
    bool has_after = false;
    row_values before;
    row_values after;
    source_view source;
    transaction_view transaction;
    message_view message;
    boundary_view boundary;
};

} // namespace tandem::event
