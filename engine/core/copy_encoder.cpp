#include "engine/core/copy_encoder.hpp"

#include "codecs/base/big_endian.hpp"
#include "engine/core/row_encoder.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace tandem::engine {
namespace {

using namespace std::string_view_literals;

constexpr auto signature = "PGCOPY\n\377\r\n\0"
                           "\0\0\0\0"    // flags
                           "\0\0\0\0"sv; // length of the extension
constexpr auto trailer = "\377\377"sv;
constexpr auto null_length = "\377\377\377\377"sv;

// Writes the row at `at`, where there is room for all of it; the new end, or nullptr when a value did
// not come in binary form.
char* put_binary_row(pgoutput::tuple_view row, std::string_view columns, std::uint16_t count,
                     char* at) {
    store_big_endian(at, count);
    at += sizeof count;
    pgoutput::tuple_view::cursor values{row};
    for (auto const wanted : columns) {
        auto const column = values.next();
        if (wanted != '1') {
            continue;
        }
        if (column.kind == pgoutput::column_kind::null) {
            at = std::ranges::copy(null_length, at).out;
        } else if (column.kind == pgoutput::column_kind::binary) {
            store_big_endian(at, static_cast<std::uint32_t>(column.bytes.size()));
            at = std::ranges::copy(column.bytes, at + sizeof(std::uint32_t)).out;
        } else {
            return nullptr;
        }
    }
    return at;
}

// What stands after a backslash for a character that ends a column or a row, or is one itself.
constexpr char escape_of(char plain) noexcept {
    switch (plain) {
    case '\\':
        return '\\';
    case '\t':
        return 't';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    default:
        return '\0';
    }
}

// None of these eight bytes is to be escaped. The other answer may be wrong.
bool plain_word(std::uint64_t word) noexcept {
    constexpr std::uint64_t each = 0x0101'0101'0101'0101;
    auto const some_below = [](std::uint64_t bytes, std::uint64_t below) {
        return (bytes - each * below) & ~bytes & (each * 0x80);
    };
    return (some_below(word, ' ') | some_below(word ^ (each * '\\'), 1)) == 0;
}

char* put_escaped(std::string_view value, char* at) {
    std::uint64_t word = 0;
    while (!value.empty()) {
        auto const some = std::min(sizeof word, value.size());
        value.copy(reinterpret_cast<char*>(&word), some);
        if (some == sizeof word && plain_word(word)) {
            at = std::copy_n(reinterpret_cast<char const*>(&word), sizeof word, at);
        } else {
            for (char const plain : value.substr(0, some)) {
                auto const escape = escape_of(plain);
                if (escape != '\0') {
                    *at++ = '\\';
                }
                *at++ = escape != '\0' ? escape : plain;
            }
        }
        value.remove_prefix(some);
    }
    return at;
}

// The same for a row whose values came as text.
char* put_text_row(pgoutput::tuple_view row, std::string_view columns, char* at) {
    pgoutput::tuple_view::cursor values{row};
    for (auto const wanted : columns) {
        auto const column = values.next();
        if (wanted != '1') {
            continue;
        }
        if (column.kind == pgoutput::column_kind::null) {
            at = std::ranges::copy("\\N"sv, at).out;
        } else if (column.kind == pgoutput::column_kind::text) {
            at = put_escaped(column.bytes, at);
        } else {
            return nullptr;
        }
        *at++ = '\t';
    }
    *(at - 1) = '\n'; // there is a column: the key
    return at;
}

// A tuple has a tag, and where there is a value its length, before each column.
std::size_t binary_size_most(pgoutput::tuple_view row) {
    return sizeof(std::uint16_t) + row.raw().size() + std::size_t{4} * row.column_count();
}

// Every character of a value may need another one; a NULL is of one byte in a tuple and of three here.
std::size_t text_size_most(pgoutput::tuple_view row) {
    return 2 * row.raw().size() + row.column_count();
}

} // namespace

table_plan const* copyable(batch_builder const& batch) noexcept {
    auto const& steps = batch.steps();
    if (steps.size() != 1 || steps.front().kind != step_kind::rows) {
        return nullptr;
    }
    auto const& group = batch.group(steps.front().group);
    bool const fresh = std::ranges::all_of(group.slots, [&](row_slot const& slot) {
        return slot.outcome == row_outcome::insert &&
               batch.versions()[slot.version].older == row_version::none;
    });
    return fresh ? group.plan : nullptr;
}

bool encode_copy(batch_builder const& batch, bool binary, std::string& to) {
    auto const& group = batch.group(batch.steps().front().group);
    auto const columns = complete_columns(*group.plan);
    auto const count = static_cast<std::uint16_t>(std::ranges::count(columns, '1'));
    auto size = binary ? signature.size() + trailer.size() : 0;
    for (auto const& slot : group.slots) {
        auto const& row = batch.versions()[slot.version].row;
        size += binary ? binary_size_most(row) : text_size_most(row);
    }
    to.resize(size);
    char* at = binary ? std::ranges::copy(signature, to.data()).out : to.data();
    for (auto const& slot : group.slots) {
        auto const& row = batch.versions()[slot.version].row;
        at = binary ? put_binary_row(row, columns, count, at) : put_text_row(row, columns, at);
        if (at == nullptr) {
            return false;
        }
    }
    if (binary) {
        at = std::ranges::copy(trailer, at).out;
    }
    to.resize(static_cast<std::size_t>(at - to.data()));
    return true;
}

} // namespace tandem::engine
