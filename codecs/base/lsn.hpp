#pragma once
// Strong types for the numbers PostgreSQL's replication protocol is made of.
//
// They are values: trivially copyable, compared by number, never implicitly built from an integer.
// Protocol: https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem {

// A byte position in one server's write-ahead log. Zero means "none" (PostgreSQL's invalid LSN).
struct lsn {
    std::uint64_t value = 0;

    friend auto operator<=>(lsn const&, lsn const&) = default;
    [[nodiscard]] explicit operator bool() const noexcept { return value != 0; }

    // Reads PostgreSQL's text form "16/B374D848" (two hexadecimal numbers of 1 to 8 digits).
    [[nodiscard]] static std::optional<lsn> parse(std::string_view text) noexcept;
};

// PostgreSQL's text form: upper-case hexadecimal without leading zeros, "0/0" for none.
[[nodiscard]] std::string to_string(lsn position);

// A transaction's 32-bit identifier as pgoutput sends it; unique only within one wrap-around.
struct xid {
    std::uint32_t value = 0;
    friend auto operator<=>(xid const&, xid const&) = default;
};

// A catalog object's identifier. User-defined objects start at 16384 and differ between servers.
struct oid {
    std::uint32_t value = 0;
    friend auto operator<=>(oid const&, oid const&) = default;
};

// An instant as PostgreSQL sends it: microseconds since 2000-01-01 00:00:00 UTC.
struct pg_time {
    std::int64_t us = 0;
    friend auto operator<=>(pg_time const&, pg_time const&) = default;

    static constexpr std::int64_t unix_offset_us = 946'684'800'000'000;
    [[nodiscard]] static pg_time from_unix_us(std::int64_t unix_us) noexcept {
        return {unix_us - unix_offset_us};
    }
    [[nodiscard]] std::int64_t unix_us() const noexcept { return us + unix_offset_us; }
};

// ISO 8601 in UTC with microseconds, as PostgreSQL reads it: "2026-11-22 18:16:00.123456+00".
[[nodiscard]] std::string to_string(pg_time instant);

} // namespace tandem
