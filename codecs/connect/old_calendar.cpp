#include "codecs/connect/old_calendar.hpp"

namespace tandem::connect {
namespace {

constexpr std::int64_t floor_div(std::int64_t number, std::int64_t by) noexcept {
    return number / by - (number % by != 0 && (number % by < 0) != (by < 0) ? 1 : 0);
}

// Years of these count from March, so that a leap day is a year's last. Day 0 is 0000-03-01 of the Julian calendar.
constexpr std::int64_t julian_epoch = -719'470;

std::int64_t julian_day_of(std::int64_t year, std::int64_t month, std::int64_t day) noexcept {
    std::int64_t const of_march = month > 2 ? year : year - 1;
    std::int64_t const shifted = (month + 9) % 12;
    return julian_epoch + 365 * of_march + floor_div(of_march, 4) + (153 * shifted + 2) / 5 + day -
           1;
}

} // namespace

civil_date old_date_of(std::int64_t day_number) noexcept {
    if (day_number >= first_gregorian_day) {
        return date_of(day_number);
    }
    std::int64_t const days = day_number - julian_epoch;
    std::int64_t const cycle = floor_div(days, 1'461);
    std::int64_t const in_cycle = days - cycle * 1'461;
    std::int64_t const year_of_cycle = in_cycle == 1'460 ? 3 : in_cycle / 365;
    std::int64_t const in_year = in_cycle - year_of_cycle * 365;
    std::int64_t const shifted = (5 * in_year + 2) / 153;
    civil_date made;
    made.day = static_cast<unsigned>(in_year - (153 * shifted + 2) / 5 + 1);
    made.month = static_cast<unsigned>(shifted < 10 ? shifted + 3 : shifted - 9);
    made.year = cycle * 4 + year_of_cycle + (made.month <= 2 ? 1 : 0);
    return made;
}

std::int64_t old_day_of(std::int64_t year, std::int64_t month, std::int64_t day) noexcept {
    std::int64_t const months = year * 12 + month - 1;
    std::int64_t const whole_year = floor_div(months, 12);
    std::int64_t const whole_month = months - whole_year * 12 + 1;
    civil_date const first{whole_year, static_cast<unsigned>(whole_month), 1};
    std::int64_t const gregorian = day_of(first) + day - 1;
    return gregorian >= first_gregorian_day ? gregorian
                                            : julian_day_of(whole_year, whole_month, day);
}

} // namespace tandem::connect
