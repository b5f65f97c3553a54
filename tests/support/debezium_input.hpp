#pragma once
// The head of a fuzzer's input that says in which of Debezium's modes values are, and what their columns are.

#include "codecs/base/big_endian.hpp"
#include "codecs/event/value_kind.hpp"
#include "codecs/event/value_options.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace tandem::event {

// Types of users', beside those that are built in.
inline constexpr oid hstore_type{100'000};
inline constexpr oid hstore_array{100'001};
inline constexpr oid mood_type{100'002};
inline constexpr oid pair_type{100'003};

[[nodiscard]] inline type_table const& debezium_types() {
    static type_table const types = [] {
        using sort = type_facts::sort;
        type_table made;
        made.add(hstore_type, {sort::base, "hstore", {}, -1, {}});
        made.add(hstore_array, {sort::array, "_hstore", hstore_type, -1, {}});
        made.add(mood_type, {sort::enumeration, "mood", {}, -1, {"sad", "happy"}});
        made.add(pair_type, {sort::composite, "pair", {}, -1, {}});
        return made;
    }();
    return types;
}

struct debezium_input {
    value_options options;
    std::array<std::pair<oid, std::int32_t>, 4> columns; // types and modifiers
};

// Takes it from the front; none: there is less.
[[nodiscard]] inline std::optional<debezium_input> take_debezium_input(std::string_view& bytes) {
    constexpr std::array<std::uint32_t, 64> types{
        16,   17,   18,   19,   20,   21,   23,   25,   26,      114,     142,     600,    650,
        700,  701,  790,  829,  869,  1000, 1001, 1005, 1007,    1009,    1014,    1015,   1016,
        1017, 1021, 1022, 1042, 1043, 1082, 1083, 1114, 1115,    1182,    1183,    1184,   1185,
        1186, 1187, 1231, 1266, 1270, 1560, 1561, 1562, 1563,    1700,    2950,    2951,   3614,
        3802, 3807, 3904, 3905, 3906, 3908, 3912, 4451, 100'000, 100'001, 100'002, 100'003};
    constexpr std::size_t modes = 4;
    constexpr std::size_t each = 5;
    constexpr std::int32_t bits_most =
        10'000; // a list of longer ones takes a gigabyte, and teaches no more
    debezium_input made;
    if (bytes.size() < modes + each * made.columns.size()) {
        return std::nullopt;
    }
    auto const at = [&bytes](std::size_t index) { return static_cast<std::uint8_t>(bytes[index]); };
    made.options.decimals = static_cast<decimal_mode>(at(0) % 3);
    made.options.times = static_cast<time_mode>(at(1) % 6);
    made.options.binaries = static_cast<binary_mode>(at(2) % 4);
    made.options.hstores = static_cast<hstore_mode>(at(3) & 1U);
    made.options.intervals = static_cast<interval_mode>((at(3) >> 1U) & 1U);
    made.options.money_digits = (at(3) >> 2U) % 5;
    bytes.remove_prefix(modes);
    for (auto& [type, modifier] : made.columns) {
        type = oid{types[at(0) % types.size()]};
        modifier = static_cast<std::int32_t>(load_big_endian<std::uint32_t>(bytes.data() + 1));
        bool const bits = type.value >= 1560 && type.value <= 1563;
        if (bits && modifier > bits_most) {
            modifier %= bits_most;
        }
        bytes.remove_prefix(each);
    }
    return made;
}

} // namespace tandem::event
