#include "codecs/base/civil_date.hpp"

namespace tandem {
namespace {

// Years start in March here, so that the leap day comes last; an era is the 400 years after which the
// calendar repeats.
constexpr std::int64_t days_per_era = 146'097;
constexpr std::int64_t days_to_epoch = 719'468; // from 0000-03-01 to 1970-01-01

std::int64_t floor_of(std::int64_t value, std::int64_t by) noexcept {
    return (value >= 0 ? value : value - (by - 1)) / by;
}

} // namespace

civil_date date_of(std::int64_t day_number) noexcept {
    std::int64_t const shifted = day_number + days_to_epoch;
    std::int64_t const era = floor_of(shifted, days_per_era);
    auto const of_era = static_cast<unsigned>(shifted - era * days_per_era);
    unsigned const year_of_era =
        (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
    unsigned const of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned const month_from_march = (5 * of_year + 2) / 153;
    unsigned const day = of_year - (153 * month_from_march + 2) / 5 + 1;
    unsigned const month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return {era * 400 + year_of_era + (month <= 2 ? 1 : 0), month, day};
}

std::int64_t day_of(civil_date const& date) noexcept {
    std::int64_t const year = date.year - (date.month <= 2 ? 1 : 0);
    std::int64_t const era = floor_of(year, 400);
    auto const year_of_era = static_cast<unsigned>(year - era * 400);
    unsigned const month_from_march = date.month > 2 ? date.month - 3 : date.month + 9;
    unsigned const of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    unsigned const of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    return era * days_per_era + of_era - days_to_epoch;
}

unsigned days_of_month(std::int64_t year, unsigned month) noexcept {
    bool const leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    constexpr unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && leap ? 29 : days[month - 1];
}

} // namespace tandem
