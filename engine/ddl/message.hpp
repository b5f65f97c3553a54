#pragma once
// What a node's event triggers say of one DDL command: how each object looked before it and how it looks behind it.
// Pure. codecs/sql/ddl_functions.cpp makes these texts; R18: what is carried out elsewhere comes from them alone.

#include <boost/system/result.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::engine::ddl {

// As tandem.shape_of() writes it: "kind", "schema", "name" and what the kind has; null: there is no such object.
using shape = nlohmann::json;

struct object_change {
    shape before; // null: it came into being
    shape after;  // null: it was dropped
    bool by_using =
        false; // its rows were given other values by an expression, which nobody else knows
    shape first =
        {}; // of new columns, by name: the value that their rows have, where their default finds another one each time

    // The object as people call it: "table public.person".
    [[nodiscard]] std::string shown() const;
    [[nodiscard]] shape const& known() const noexcept { return after.is_null() ? before : after; }
    [[nodiscard]] bool is_table() const;
};

// Between two of these messages: the updates of a table write these columns only. What its rows have otherwise is the
// peer's own affair, which may have written it meanwhile.
struct touched_table {
    std::string schema;
    std::string name;
    std::vector<std::string> columns; // empty: all
};

struct message {
    std::string tag;           // of the command: "ALTER TABLE"
    std::int64_t id = 0;       // of it in its node's log (tandem.ddl); 0: not told
    bool concurrently = false; // an index that is not to keep writers waiting
    // In an order in which another node can carry them out: what others need comes first, what needs others goes first.
    std::vector<object_change> changes;
    bool touches = false;                 // it is no change but says which updates follow
    std::optional<touched_table> touched; // none: as usual
    std::vector<std::int64_t>
        sees; // it is no change but says what of its reader's own DDL has been carried out behind it
};

// What is wrong with a message.
struct message_error {
    std::string what;
};
[[noreturn]] void throw_exception_from_error(message_error const& error,
                                             boost::source_location const& at);

[[nodiscard]] boost::system::result<message, message_error> read_message(std::string_view text);

// One command for many objects that have nothing to do with each other (GRANT ... ON ALL TABLES) as a message for each, so that
// one which is refused holds up no other; what is no such message as it is.
[[nodiscard]] std::vector<std::string> apart(std::string_view text);

// The change together with what becomes of the object in the messages behind it.
[[nodiscard]] object_change in_the_end(object_change change, std::span<message const> later);

// Takes out of the next of these messages what went into in_the_end() of those changes; they are kept up with it.
void leave_ended(message& next, std::vector<object_change>& ended);

// What a schema was called, and what it is called now; none: it is no schema, or its name stays.
[[nodiscard]] std::optional<std::pair<std::string, std::string>> renamed_schema(
    object_change const& change);

// The schema and name of the table whose rows stand or fall with it; both empty for a message without tables.
[[nodiscard]] std::pair<std::string, std::string> table_of(message const& from);

// As what it waits in tandem.parked when it is refused: schema and name of its table, whose rows wait with it; without one,
// schema and "view public.v". Both empty where it changes nothing.
[[nodiscard]] std::pair<std::string, std::string> waits_as(message const& from);

} // namespace tandem::engine::ddl
