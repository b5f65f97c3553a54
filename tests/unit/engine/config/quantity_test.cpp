#include "engine/config/quantity.hpp"

#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

using std::chrono::milliseconds;

struct size_case {
    char const* text;
    std::optional<std::uint64_t> bytes;
};

TEST(Quantity, Sizes) {
    constexpr std::uint64_t kibi = 1024;
    size_case const cases[] = {
        {"0", 0},
        {"4096", 4096},
        {"64KiB", 64 * kibi},
        {"64kB", 64 * kibi},
        {"4MiB", 4 * kibi * kibi},
        {"1.5MiB", 3 * kibi * kibi / 2},
        {"2G", 2 * kibi * kibi * kibi},
        {"7B", 7},
        {"", std::nullopt},
        {"MiB", std::nullopt},
        {"-1", std::nullopt},
        {"+1", std::nullopt},
        {"5 apples", std::nullopt},
        {"4 MiB", std::nullopt},
        {"4mib", std::nullopt},
        {"0x10", std::nullopt},
        {"1.B", std::nullopt},
        {"1.5B", std::nullopt},
        {"1.0001KiB", std::nullopt},
        {"99999999999999999999", std::nullopt},
        {"9999999999GiB", std::nullopt},
    };
    for (size_case const& each : cases) {
        EXPECT_EQ(parse_size(each.text), each.bytes) << each.text;
    }
}

struct duration_case {
    char const* text;
    std::optional<milliseconds> value;
};

TEST(Quantity, Durations) {
    duration_case const cases[] = {
        {"0", milliseconds{0}},
        {"250ms", milliseconds{250}},
        {"5s", milliseconds{5'000}},
        {"1.5s", milliseconds{1'500}},
        {"0.001s", milliseconds{1}},
        {"2m", milliseconds{120'000}},
        {"2min", milliseconds{120'000}},
        {"1h", milliseconds{3'600'000}},
        {"5", std::nullopt},
        {"", std::nullopt},
        {"s", std::nullopt},
        {"-1s", std::nullopt},
        {"1.5ms", std::nullopt},
        {"0.0001s", std::nullopt},
        {"1 s", std::nullopt},
        {"1d", milliseconds{86'400'000}},
        {"9999999999999999999h", std::nullopt},
    };
    for (duration_case const& each : cases) {
        EXPECT_EQ(parse_duration(each.text), each.value) << each.text;
    }
}

TEST(Quantity, FormatsAreReadBack) {
    for (std::uint64_t const bytes :
         {0ULL, 1ULL, 1023ULL, 1024ULL, 1536ULL, 4ULL << 20, 3ULL << 30}) {
        EXPECT_EQ(parse_size(format_size(bytes)), bytes) << format_size(bytes);
    }
    for (int const ms : {0, 1, 999, 1'000, 1'500, 60'000, 61'000, 3'600'000}) {
        EXPECT_EQ(parse_duration(format_duration(milliseconds{ms})), milliseconds{ms})
            << format_duration(milliseconds{ms});
    }
    EXPECT_EQ(format_size(4U << 20), "4MiB");
    EXPECT_EQ(format_duration(milliseconds{5'000}), "5s");
}

} // namespace
} // namespace tandem::engine
