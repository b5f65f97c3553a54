// Columns of rows on any bytes: new rows, keys and whole old rows, against a plain walk. Input: the tuple as it
// stands in a message, its number of columns first.
#include "codecs/pgoutput/message.hpp"
#include "tests/support/exact_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::pgoutput {
namespace {

using namespace std::string_view_literals;

void expect(bool met) {
    if (!met) {
        std::abort();
    }
}

struct plain_column {
    char kind = 0;
    std::size_t start = 0; // of its bytes in the tuple
    std::size_t size = 0;
};

// The protocol page read literally; nothing unless the tuple ends with the text.
std::optional<std::vector<plain_column>> plain_columns(std::string_view tuple) {
    std::size_t at = 0;
    auto const number = [&](int size) -> std::optional<std::uint64_t> {
        std::uint64_t value = 0;
        for (int index = 0; index < size; ++index, ++at) {
            if (at >= tuple.size()) {
                return std::nullopt;
            }
            value = value * 256 + static_cast<unsigned char>(tuple[at]);
        }
        return value;
    };
    std::vector<plain_column> columns;
    auto const count = number(2);
    for (std::uint64_t index = 0; count && index < *count; ++index) {
        auto const kind = number(1);
        plain_column column{static_cast<char>(kind.value_or(0)), at, 0};
        if (column.kind == 't' || column.kind == 'b') {
            auto const size = number(4);
            if (!size || *size > tuple.size() - at) {
                return std::nullopt;
            }
            column.start = at;
            column.size = *size;
            at += *size;
        } else if (column.kind != 'n' && column.kind != 'u') {
            return std::nullopt;
        }
        columns.push_back(column);
    }
    return count && at == tuple.size() ? std::optional{columns} : std::nullopt;
}

// Each view points at its own bytes of the message and nowhere else.
void same(tuple_view read, std::vector<plain_column> const& plain, std::string_view tuple) {
    expect(read.column_count() == plain.size() && read.empty() == plain.empty());
    expect(read.raw() == tuple.substr(2));
    tuple_view::cursor cursor{read};
    for (plain_column const& wanted : plain) {
        column_view const column = cursor.next();
        expect(static_cast<char>(column.kind) == wanted.kind && column.bytes.size() == wanted.size);
        expect(wanted.size == 0 || column.bytes.data() == tuple.data() + wanted.start);
    }
}

void check(std::string_view tuple) {
    auto const plain = plain_columns(tuple);
    auto const in_message = [&](std::string_view head, auto const& take) {
        wire::exact_buffer const bytes{std::string{head} + std::string{tuple}};
        auto const read = decode(bytes.view());
        expect(read.has_value() == plain.has_value());
        if (read) {
            take(*read, bytes.view().substr(head.size()));
        }
    };
    in_message("I\0\0\0\1N"sv, [&](message const& read, std::string_view at) {
        same(std::get<insert>(read).new_row, *plain, at);
    });
    for (std::string_view const head : {"D\0\0\0\1K"sv, "D\0\0\0\1O"sv}) {
        in_message(head, [&](message const& read, std::string_view at) {
            same(std::get<remove>(read).old_row, *plain, at);
        });
    }
    // Behind an old row of two columns, of which one is empty.
    in_message("U\0\0\0\1K\0\2nt\0\0\0\0N"sv, [&](message const& read, std::string_view at) {
        same(std::get<update>(read).new_row, *plain, at);
        expect(std::get<update>(read).old_row.column_count() == 2);
    });
}

} // namespace
} // namespace tandem::pgoutput

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    tandem::pgoutput::check({reinterpret_cast<char const*>(data), size});
    return 0;
}
