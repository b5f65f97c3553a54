// Messages and whole streams that real servers sent (tools/record, kept as the fuzzers' seeds).
#include "codecs/pgoutput/decoder.hpp"
#include "tests/support/exact_buffer.hpp"
#include "tests/support/pgoutput_line.hpp"
#include "tests/support/plain_pgoutput.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

namespace tandem::pgoutput {
namespace {

struct recorded {
    std::string name;
    std::string bytes;
};

std::ostream& operator<<(std::ostream& out, recorded const& shown) {
    return out << shown.name;
}

std::vector<recorded> all_in(std::string const& folder) {
    std::vector<recorded> found;
    for (auto const& entry :
         std::filesystem::directory_iterator{std::filesystem::path{TANDEM_CORPUS} / folder}) {
        std::ifstream file{entry.path(), std::ios::binary};
        found.push_back(
            {entry.path().filename().string(),
             std::string{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}}});
    }
    std::sort(found.begin(), found.end(),
              [](auto const& a, auto const& b) { return a.name < b.name; });
    return found;
}

std::string name_of(testing::TestParamInfo<recorded> const& info) {
    return info.param.name;
}

// Changes of a stream in blocks may stand inside one; other messages never do.
within place_of(recorded const& message) {
    return decode(message.bytes).has_value() ? within::transaction : within::stream_block;
}

// An abort of protocol 4 begins like one of protocol 2, without a position.
bool is_abort_without_position(message const& whole, std::size_t size) {
    constexpr std::size_t unpositioned = 1 + 4 + 4;
    return std::holds_alternative<stream_abort>(whole) && size == unpositioned;
}

void expect_nothing_shorter(std::string_view bytes, message const& whole, within where) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        wire::exact_buffer const cut{bytes.substr(0, size)};
        ASSERT_EQ(decode(cut.view(), where).has_value(), is_abort_without_position(whole, size))
            << bytes[0] << " cut to " << size;
    }
}

class RecordedMessage : public testing::TestWithParam<recorded> {};

TEST_P(RecordedMessage, IsReadAndNothingShorterIs) {
    recorded const& message = GetParam();
    within const where = place_of(message);
    bool const in_block = where == within::stream_block;
    wire::exact_buffer const whole{message.bytes};
    auto const read = decode(whole.view(), where);
    ASSERT_TRUE(read.has_value()) << read.error().message();
    auto const plain = wire::plain_pgoutput::read(message.bytes, in_block);
    ASSERT_TRUE(plain.has_value());
    EXPECT_EQ(wire::pgoutput_line::of(*read, in_block), *plain);
    expect_nothing_shorter(message.bytes, *read, where);
}

INSTANTIATE_TEST_SUITE_P(Pgoutput, RecordedMessage, testing::ValuesIn(all_in("fuzz_pgoutput")),
                         name_of);

class RecordedStream : public testing::TestWithParam<recorded> {};

TEST_P(RecordedStream, StandsInOrder) {
    std::string_view left = GetParam().bytes;
    decoder in;
    std::map<std::size_t, int> kinds;
    int rows = 0;
    while (!left.empty()) {
        std::size_t const size =
            static_cast<unsigned char>(left[0]) * 256U + static_cast<unsigned char>(left[1]);
        wire::exact_buffer const message{left.substr(2, size)};
        within const where = in.in_block() ? within::stream_block : within::transaction;
        left.remove_prefix(2 + size);
        auto const read = in.next(message.view());
        ASSERT_TRUE(read.has_value()) << message.view()[0] << ": " << read.error().message();
        expect_nothing_shorter(message.view(), *read, where);
        ++kinds[read->index()];
        if (std::holds_alternative<insert>(*read)) {
            ++rows;
            ASSERT_EQ(in.shape()->columns.size(), std::get<insert>(*read).new_row.column_count());
        }
    }
    EXPECT_FALSE(in.inside());
    EXPECT_EQ(in.open_streams(), 0U);
    EXPECT_GT(rows, 20);
    bool const in_blocks = GetParam().name.starts_with("blocks");
    bool const two_phase = !GetParam().name.ends_with("_14"); // since protocol 3
    std::size_t const of_two_phase = 5;
    EXPECT_EQ(kinds.size(), !in_blocks  ? 10U
                            : two_phase ? std::variant_size_v<message>
                                        : std::variant_size_v<message> - of_two_phase)
        << "every kind of message is in it";
}

INSTANTIATE_TEST_SUITE_P(Pgoutput, RecordedStream, testing::ValuesIn(all_in("fuzz_decoder")),
                         name_of);

} // namespace
} // namespace tandem::pgoutput
