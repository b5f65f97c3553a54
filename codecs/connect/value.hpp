#pragma once
// A value of Kafka Connect's data model: what its converters read and its transformations change.
// https://kafka.apache.org/39/javadoc/org/apache/kafka/connect/data/package-summary.html

#include "codecs/base/arena.hpp"

#include <cstdint>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

namespace tandem::connect {

struct schema;
struct map_entry;

// What a value is, which follows from its schema where it has one.
enum class value_kind : std::uint8_t {
    null,
    int8,
    int16,
    int32,
    int64,
    float32,
    float64,
    boolean,
    string, // UTF-8
    bytes,
    array,
    map,
    structure,
    decimal, // bytes are its unscaled number, two's complement, most significant first
    date,    // Date, Time and Timestamp alike: milliseconds since 1970, as Java's Date
};

// Trivial to copy. What it points to belongs to an arena, a record's bytes or a schema, and has to outlive it.
class value {
public:
    constexpr value() noexcept = default;

    [[nodiscard]] static value of_integer(value_kind kind, std::int64_t number) noexcept {
        value made{kind};
        made.number_ = number;
        return made;
    }
    [[nodiscard]] static value of_real(value_kind kind, double number) noexcept {
        value made{kind};
        made.real_ = number;
        return made;
    }
    [[nodiscard]] static value of_boolean(bool truth) noexcept {
        return of_integer(value_kind::boolean, truth ? 1 : 0);
    }
    [[nodiscard]] static value of_date(std::int64_t milliseconds) noexcept {
        return of_integer(value_kind::date, milliseconds);
    }
    [[nodiscard]] static value of_string(std::string_view text) noexcept {
        return over(value_kind::string, text.data(), text.size());
    }
    [[nodiscard]] static value of_bytes(std::string_view bytes) noexcept {
        return over(value_kind::bytes, bytes.data(), bytes.size());
    }
    [[nodiscard]] static value of_decimal(std::string_view unscaled, std::int32_t scale) noexcept {
        value made = over(value_kind::decimal, unscaled.data(), unscaled.size());
        made.scale_ = scale;
        return made;
    }
    [[nodiscard]] static value of_array(std::span<value const> elements) noexcept {
        return over(value_kind::array, elements.data(), elements.size());
    }
    [[nodiscard]] static value of_map(std::span<map_entry const> entries) noexcept {
        return over(value_kind::map, entries.data(), entries.size());
    }
    // `fields` has a value for each of the schema's fields, in its order.
    [[nodiscard]] static value of_structure(schema const& shape, value const* fields) noexcept {
        value made{value_kind::structure};
        made.at_ = fields;
        made.shape_ = &shape;
        return made;
    }

    [[nodiscard]] value_kind kind() const noexcept { return kind_; }
    [[nodiscard]] bool is_null() const noexcept { return kind_ == value_kind::null; }
    // Of an integer, a boolean or a date.
    [[nodiscard]] std::int64_t number() const noexcept { return number_; }
    [[nodiscard]] double real() const noexcept { return real_; }
    // Of a string, bytes or a decimal.
    [[nodiscard]] std::string_view text() const noexcept {
        return {static_cast<char const*>(at_), size_};
    }
    [[nodiscard]] std::int32_t scale() const noexcept { return scale_; }
    [[nodiscard]] std::span<value const> elements() const noexcept {
        return {static_cast<value const*>(at_), size_};
    }
    [[nodiscard]] std::span<map_entry const> entries() const noexcept;
    [[nodiscard]] schema const& shape() const noexcept { return *shape_; }
    // Of a structure.
    [[nodiscard]] value const& field(std::size_t index) const noexcept {
        return static_cast<value const*>(at_)[index];
    }

private:
    constexpr explicit value(value_kind kind) noexcept : kind_{kind} {}

    static value over(value_kind kind, void const* at, std::size_t size) noexcept {
        value made{kind};
        made.at_ = at;
        made.size_ = size;
        return made;
    }

    value_kind kind_ = value_kind::null;
    std::int32_t scale_ = 0;
    union {
        std::int64_t number_ = 0;
        double real_;
        void const* at_;
    };
    union {
        std::size_t size_ = 0;
        schema const* shape_;
    };
};

struct map_entry {
    value key;
    value mapped;
};

inline std::span<map_entry const> value::entries() const noexcept {
    return {static_cast<map_entry const*>(at_), size_};
}

static_assert(std::is_trivially_copyable_v<value> && sizeof(value) == 24);

// Room for so many in an arena, each made anew.
template <class T>
[[nodiscard]] std::span<T> make_array(arena& memory, std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (count == 0) {
        return {};
    }
    auto const room = memory.reserve(count * sizeof(T) + alignof(T) - 1);
    auto const pad = -reinterpret_cast<std::uintptr_t>(room) & (alignof(T) - 1);
    memory.commit(pad + count * sizeof(T));
    T* const first = reinterpret_cast<T*>(room + pad);
    for (std::size_t index = 0; index < count; ++index) {
        new (first + index) T{};
    }
    return {first, count};
}

// The same in that arena, whatever the original points to; schemas are not copied.
[[nodiscard]] value copy_of(value const& original, arena& memory);

// Whether both have the same kind and the same contents; the order of a map's entries does not count.
[[nodiscard]] bool same(value const& left, value const& right);

// The class that a value has in Java, for its sentences: "java.lang.Long", of null "null".
[[nodiscard]] std::string_view java_class(value const& of) noexcept;

} // namespace tandem::connect
