#pragma once
// What tandem.parked holds, as the changes that the stream brought. Pure.

#include "codecs/base/arena.hpp"
#include "engine/core/change.hpp"
#include "engine/core/parked_keys.hpp"

#include <boost/system/result.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::engine {

// The operation of an update between two marks of DDL that gave rows values (ddl::touched_table).
inline constexpr std::string_view touch_operation = "touch";

// The values of one parked change, by column name.
struct parked_values {
    std::string shape; // the relation note of its table
    std::string
        operation; // as tandem.parked has it: insert, update, touch, delete, truncate, ddl, pause
    std::optional<parked_keys::key_values> key;     // none: a TRUNCATE
    std::optional<parked_keys::key_values> row;     // columns left out are unchanged
    std::optional<parked_keys::key_values> old_key; // of the row that was sent as the old one
};

// Why a parked change cannot be brought back: cause and cure, without values.
struct parked_error {
    std::string what;
};
template <class T>
using parked_result = boost::system::result<T, parked_error>;
[[noreturn]] void throw_exception_from_error(parked_error const& error,
                                             boost::source_location const& at);

struct restored_change {
    change what;
    pgoutput::relation_ptr shape; // `what` points to it
};

// Keeps the shapes that it has read, so that equal ones are one.
class parked_changes {
public:
    // The change's rows lie in `into`. A TRUNCATE is one of its table alone, without `truncated`.
    [[nodiscard]] parked_result<restored_change> restore(parked_values const& from, arena& into);

private:
    [[nodiscard]] parked_result<pgoutput::relation_ptr> shape_of(std::string const& note);

    std::map<std::string, pgoutput::relation_ptr> shapes_; // by the note's text
};

} // namespace tandem::engine
