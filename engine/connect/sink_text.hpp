#pragma once
// From a value of Connect to the text that PostgreSQL reads, by what its schema says it is. Pure.
// https://debezium.io/documentation/reference/3.0/connectors/jdbc.html#jdbc-data-and-column-type-mappings

#include "codecs/connect/problem.hpp"
#include "codecs/connect/schema.hpp"
#include "codecs/event/read_value.hpp"
#include "codecs/event/value_kind.hpp"
#include "codecs/event/value_options.hpp"

#include <cstdint>
#include <string>

namespace tandem::connect {

enum class sink_cell : std::uint8_t {
    text,
    null,
    unsent, // Debezium's placeholder: the source did not send it
};

// One per thread.
class sink_text {
public:
    // `values`: how values without a schema were written, of which nothing says what a number counts.
    explicit sink_text(event::value_options values)
        : values_{std::move(values)}, as_said_{values_} {
        as_said_.binaries = event::binary_mode::bytes;
    }

    // `of`: null, it has none. `out` is overwritten. Errors: data; never a guess about a unit.
    [[nodiscard]] outcome<sink_cell> of(schema const* of, value const& what,
                                        event::resolved_type const& column, std::string& out);

private:
    [[nodiscard]] outcome<sink_cell> plain(schema const& of, value const& what,
                                           event::resolved_type const& column, std::string& out);
    [[nodiscard]] outcome<sink_cell> bare(value const& what, event::resolved_type const& column,
                                          std::string& out);
    [[nodiscard]] outcome<sink_cell> read(schema const* of, value const& what,
                                          event::resolved_type const& as,
                                          event::value_options const& options, std::string& out);

    event::value_options values_;
    event::value_options as_said_; // by the schema of the value in hand
    event::value_reader reader_;
    std::string json_;
};

} // namespace tandem::connect
