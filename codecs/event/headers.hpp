#pragma once
// tandem's own headers of a record: whose change it is, which stream it belongs to and where in it (R1, R7, R16).
//
//   origin          the node on which the change was made: R16's sink drops its own
//   tandem.stream   the stream's name
//   tandem.epoch    who wrote it: decimal, greater with each takeover (R4)
//   tandem.pos      the record's position, 0/16B3748.12: where the commit record of its transaction begins, as
//                   PostgreSQL writes an LSN, and its number in the transaction, decimal, from 1. The last one of a
//                   transaction has 0/16B3780.0: where the commit ends (docs/decisions/0007)
//   tandem.prev     the position before it in the stream: the record covers (prev, pos]. Equal positions: it covers
//                   nothing (a tombstone, one of several records of a change, a note)
//   tandem.values   exact or debezium: how its values are written (docs/events.md)
//   tandem.note     what a record without a value tells of the stream itself, JSON; only such records have it
//
// Numbers have no leading zeros and hexadecimal digits are upper-case, so that a position has one text.

#include "codecs/base/arena.hpp"
#include "codecs/base/lsn.hpp"
#include "codecs/event/records.hpp"
#include "codecs/event/value_options.hpp"

#include <boost/system/result.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tandem::event {

// R1. A stream begins behind 0/0.0. Ordered as the stream is: a commit record begins where the one before it ended,
// or later.
struct stream_position {
    lsn at;                  // index 0: end of a commit; else the beginning of one
    std::uint64_t index = 0; // 0: everything up to `at`
    // Everything up to here is whole transactions.
    [[nodiscard]] constexpr bool ends_transaction() const noexcept { return index == 0; }
    friend auto operator<=>(stream_position const&, stream_position const&) = default;
};

struct record_headers {
    std::string_view origin; // names have 1 to 63 bytes of printable ASCII, no space
    std::string_view stream;
    std::int64_t epoch = 0; // not negative
    stream_position position;
    stream_position previous; // not behind `position`
    value_form values = value_form::exact;
    std::string_view note; // empty: it is not there

    friend bool operator==(record_headers const&, record_headers const&) = default;
};

inline constexpr std::size_t header_count = 7;

// In the order above, without the note when there is none. Names point to constants, numbers into `into`, the others
// where `headers` points.
class header_list {
public:
    [[nodiscard]] std::span<record_header const> all() const noexcept {
        return {headers_.data(), size_};
    }
    void add(record_header one) noexcept { headers_[size_++] = one; }

private:
    std::array<record_header, header_count> headers_;
    std::size_t size_ = 0;
};
[[nodiscard]] header_list encode_headers(record_headers const& headers, arena& into);

enum class header_name : std::uint8_t {
    none,
    origin,
    stream,
    epoch,
    position,
    previous,
    values,
    note
};
[[nodiscard]] std::string_view text_of(header_name name) noexcept;

enum class header_errc : std::uint8_t {
    ok = 0,
    unknown,   // tandem.<something else>: a newer writer's, whose meaning would be lost
    duplicate, // it stands twice
    missing,   // it is not there
    malformed, // its value is none of its form
    overflow,  // its number is out of range
    backwards  // tandem.pos is before tandem.prev
};
[[nodiscard]] std::string_view describe(header_errc code) noexcept;

// The first thing that is wrong. Headers that are missing are looked for last, in the order above.
struct header_error {
    header_errc code = header_errc::ok;
    header_name which = header_name::none; // none: unknown
    std::uint32_t header = 0; // its number in the record; of a missing one: how many there are
    std::uint32_t offset = 0; // of the byte in its value, or in an unknown one's name

    // "header tandem.pos (number 4): its value is none of its form (at byte 3)"
    [[nodiscard]] std::string message() const;
    friend bool operator==(header_error const&, header_error const&) = default;
};
[[noreturn]] void throw_exception_from_error(header_error const& error,
                                             boost::source_location const& at);

template <class T>
using header_result = boost::system::result<T, header_error>;

// Whether any header begins with "tandem.": a record of another writer has none.
[[nodiscard]] bool has_own_headers(std::span<record_header const> headers) noexcept;

// Every one of the first six must be there, once; headers of others are passed over, but for names that begin with
// "tandem.". Views point where the headers' values do. No allocation.
[[nodiscard]] header_result<record_headers> decode_headers(
    std::span<record_header const> headers) noexcept;

} // namespace tandem::event
