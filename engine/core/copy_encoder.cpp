#include "engine/core/copy_encoder.hpp"

#include "codecs/base/big_endian.hpp"
#include "codecs/values/send_form.hpp"
#include "engine/core/row_encoder.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace tandem::engine {
namespace {

using namespace std::string_view_literals;

constexpr auto signature = "PGCOPY\n\377\r\n\0"
                           "\0\0\0\0"    // flags
                           "\0\0\0\0"sv; // length of the extension
constexpr auto trailer = "\377\377"sv;
constexpr auto null_length = "\377\377\377\377"sv;

char* put_size(std::size_t size, char* at) noexcept {
    store_big_endian(at, static_cast<std::uint32_t>(size));
    return at + sizeof(std::uint32_t);
}

// A value that came as text; nullptr where it has to stay text.
char* put_converted(values::send_form form, std::string_view text, char* at) noexcept {
    auto* const value = at + sizeof(std::uint32_t);
    auto* const end = values::write_send_form(form, text, value);
    return end == nullptr ? nullptr
                          : put_size(static_cast<std::size_t>(end - value), at) + (end - value);
}

// Writes the row at `at`, where there is room for all of it; the new end, or nullptr when a value neither
// came in binary form nor may take it. `forms`: of the columns, for values that came as text; or empty.
char* put_binary_row(pgoutput::tuple_view row, std::string_view columns,
                     std::span<values::send_form const> forms, std::uint16_t count, char* at) {
    store_big_endian(at, count);
    at += sizeof count;
    pgoutput::tuple_view::cursor values{row};
    for (std::size_t number = 0; number < columns.size() && at != nullptr; ++number) {
        auto const column = values.next();
        if (columns[number] != '1') {
            continue;
        }
        if (column.kind == pgoutput::column_kind::null) {
            at = std::ranges::copy(null_length, at).out;
        } else if (column.kind == pgoutput::column_kind::binary && forms.empty()) {
            at = std::ranges::copy(column.bytes, put_size(column.bytes.size(), at)).out;
        } else if (column.kind == pgoutput::column_kind::text && !forms.empty()) {
            at = put_converted(forms[number], column.bytes, at);
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

std::size_t converted_size_most(pgoutput::tuple_view row) {
    return binary_size_most(row) + values::send_form_most(0) * row.column_count();
}

// Every character of a value may need another one; a NULL is of one byte in a tuple and of three here.
std::size_t text_size_most(pgoutput::tuple_view row) {
    return 2 * row.raw().size() + row.column_count();
}

// One for each of the source's columns; none when a column that is sent has to stay text.
std::vector<values::send_form> send_forms(table_plan const& plan, std::string_view columns) {
    std::vector<values::send_form> forms;
    for (std::size_t at = 0; at < columns.size(); ++at) {
        forms.push_back(values::send_form_of(plan.columns[at].type));
        if (columns[at] == '1' && forms.back() == values::send_form::none) {
            return {};
        }
    }
    return forms;
}

// All rows, each by put(row, at) within size_most(row) bytes. False as soon as put() has no end.
template <class SizeMost, class Put>
bool write(batch_builder const& batch, std::string_view head, std::string_view tail,
           SizeMost size_most, Put put, std::string& to) {
    auto const& group = batch.group(batch.steps().front().group);
    auto size = head.size() + tail.size();
    for (auto const& slot : group.slots) {
        size += size_most(batch.versions()[slot.version].row);
    }
    to.resize(size);
    char* at = std::ranges::copy(head, to.data()).out;
    for (auto const& slot : group.slots) {
        at = put(batch.versions()[slot.version].row, at);
        if (at == nullptr) {
            return false;
        }
    }
    at = std::ranges::copy(tail, at).out;
    to.resize(static_cast<std::size_t>(at - to.data()));
    return true;
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

std::optional<copy_format> encode_copy(batch_builder const& batch, bool binary, std::string& to) {
    auto const& plan = *batch.group(batch.steps().front().group).plan;
    auto const columns = complete_columns(plan);
    auto const count = static_cast<std::uint16_t>(std::ranges::count(columns, '1'));
    auto const forms = binary ? std::vector<values::send_form>{} : send_forms(plan, columns);
    auto const in_binary = [&](pgoutput::tuple_view row, char* at) {
        return put_binary_row(row, columns, forms, count, at);
    };
    auto const in_text = [&](pgoutput::tuple_view row, char* at) {
        return put_text_row(row, columns, at);
    };
    if ((binary && write(batch, signature, trailer, binary_size_most, in_binary, to)) ||
        (!forms.empty() && write(batch, signature, trailer, converted_size_most, in_binary, to))) {
        return copy_format::binary;
    }
    if (!binary && write(batch, {}, {}, text_size_most, in_text, to)) {
        return copy_format::text;
    }
    return std::nullopt;
}

} // namespace tandem::engine
