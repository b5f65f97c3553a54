#pragma once
// Parts of Debezium's envelope by the names that ExtractNewRecordState gives them: "op", "source.ts_ms", "lsn:POSITION".

#include "codecs/connect/problem.hpp"
#include "codecs/connect/schema.hpp"
#include "engine/config/definitions.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

// A part of the envelope that becomes a field or header: "op", "source.ts_ms", "lsn:POSITION".
struct envelope_reference {
    std::string structure; // empty: the envelope itself
    std::string field;
    std::string new_name;
};

// Where a reference points in one envelope's schema.
struct envelope_part {
    std::optional<std::size_t> structure; // none: the envelope itself
    std::size_t field = 0;
    schema_ptr of;
    std::string_view new_name;
};

// Error: illegal_argument, for a name of more than two parts.
[[nodiscard]] outcome<std::vector<envelope_reference>> references_of(string_list const& texts,
                                                                     std::string_view prefix);
// Those that there are; of a structure that lacks the field, the envelope's own of that name. The parts' names are the
// references'. Error: null_pointer, for a structure that the envelope lacks.
[[nodiscard]] outcome<std::vector<envelope_part>> resolve(
    std::vector<envelope_reference> const& all, schema const& envelope);
[[nodiscard]] value value_at(envelope_part const& place, value const& envelope) noexcept;

} // namespace tandem::connect
