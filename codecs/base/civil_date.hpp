#pragma once
// The proleptic Gregorian calendar, by hand because the years that PostgreSQL allows do not fit
// std::chrono::year.

#include <cstdint>

namespace tandem {

struct civil_date {
    std::int64_t year = 1970; // astronomical: 0 is 1 BC
    unsigned month = 1;
    unsigned day = 1;
    friend bool operator==(civil_date const&, civil_date const&) = default;
};

// Days are counted from 1970-01-01. Right for all years whose days fit 56 bits.
[[nodiscard]] civil_date date_of(std::int64_t day_number) noexcept;
[[nodiscard]] std::int64_t day_of(civil_date const& date) noexcept;

// 28 to 31.
[[nodiscard]] unsigned days_of_month(std::int64_t year, unsigned month) noexcept;

} // namespace tandem
