#include "codecs/event/headers.hpp"

#include "tests/support/exact_buffer.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <vector>

namespace tandem::event {
namespace {

using list = std::vector<std::pair<std::string, std::string>>;

// Values on heap buffers of exactly their size.
class given {
public:
    explicit given(list const& headers) {
        for (auto const& [name, value] : headers) {
            wire::exact_buffer const& text = bytes_.emplace_back(value);
            headers_.push_back({bytes_.emplace_back(name).view(), text.view()});
        }
    }
    [[nodiscard]] std::span<record_header const> all() const { return headers_; }

private:
    std::deque<wire::exact_buffer> bytes_;
    std::vector<record_header> headers_;
};

list good() {
    return {{"origin", "a"},
            {"tandem.stream", "a_b"},
            {"tandem.epoch", "7"},
            {"tandem.pos", "0/16B3748.12"},
            {"tandem.prev", "0/16B3748.11"},
            {"tandem.values", "exact"}};
}

list with(std::size_t index, std::string value) {
    list all = good();
    all[index].second = std::move(value);
    return all;
}

record_headers const usual{
    "a", "a_b", 7, {lsn{0x16B3748}, 12}, {lsn{0x16B3748}, 11}, value_form::exact, {}};

TEST(Headers, AreWrittenInTheirOrder) {
    arena into;
    record_headers told = usual;
    told.note = "{}";
    list with_note = good();
    with_note.emplace_back("tandem.note", "{}");
    for (auto const& [headers, expected] : {std::pair{usual, good()}, std::pair{told, with_note}}) {
        auto const made = encode_headers(headers, into);
        ASSERT_EQ(made.all().size(), expected.size());
        for (std::size_t index = 0; index < expected.size(); ++index) {
            EXPECT_EQ(made.all()[index].name, expected[index].first);
            EXPECT_EQ(made.all()[index].value, expected[index].second);
        }
    }
}

TEST(Headers, AreReadInAnyOrderAmongOthers) {
    list all = good();
    std::reverse(all.begin(), all.end());
    all.insert(all.begin() + 2, {"__debezium.newkey", "{}"});
    all.emplace_back("Tandem.pos", "");
    all.emplace_back("tandem", "x");
    all.emplace_back("", "");
    given const from{all};
    auto const read = decode_headers(from.all());
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, usual);
    EXPECT_EQ(read->origin.data(), from.all()[6].value.data()) << "views, no copies";
}

TEST(Headers, ExtremesComeBack) {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    std::string const long_name(63, '~');
    for (record_headers const& each :
         {record_headers{"!", long_name, 0, {lsn{}, 1}, {lsn{}, 0}, value_form::debezium, {}},
          record_headers{long_name,
                         "s",
                         std::numeric_limits<std::int64_t>::max(),
                         {lsn{most}, most},
                         {lsn{most}, most - 1},
                         value_form::exact,
                         "\xFF"},
          record_headers{"a", "b", 10, {lsn{0x1'0000'0000}, 0}, {lsn{0xFFFF'FFFF}, most}, {}, {}},
          record_headers{"a", "b", 10, {lsn{9}, 0}, {lsn{9}, 0}, value_form::exact, "{}"}}) {
        arena into;
        auto const read = decode_headers(encode_headers(each, into).all());
        ASSERT_TRUE(read) << read.error().message();
        EXPECT_EQ(*read, each);
    }
}

struct refused_case {
    char const* name;
    list headers;
    header_error error;
};
void PrintTo(refused_case const& each, std::ostream* out) {
    *out << each.name;
}

class HeadersRefused : public testing::TestWithParam<refused_case> {};

TEST_P(HeadersRefused, ByName) {
    given const from{GetParam().headers};
    auto const read = decode_headers(from.all());
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), GetParam().error) << read.error().message();
}

list and_also(std::string name, std::string value) {
    list all = good();
    all.insert(all.begin() + 1, {std::move(name), std::move(value)});
    return all;
}

list without(std::size_t index) {
    list all = good();
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(index));
    return all;
}

using errc = header_errc;
using name = header_name;

INSTANTIATE_TEST_SUITE_P(
    Headers, HeadersRefused,
    testing::ValuesIn(std::vector<refused_case>{
        {"nothing", {}, {errc::missing, name::origin, 0, 0}},
        {"only_foreign", {{"x", "y"}}, {errc::missing, name::origin, 1, 0}},
        {"no_origin", without(0), {errc::missing, name::origin, 5, 0}},
        {"no_stream", without(1), {errc::missing, name::stream, 5, 0}},
        {"no_epoch", without(2), {errc::missing, name::epoch, 5, 0}},
        {"no_pos", without(3), {errc::missing, name::position, 5, 0}},
        {"no_prev", without(4), {errc::missing, name::previous, 5, 0}},
        {"no_values", without(5), {errc::missing, name::values, 5, 0}},
        {"unknown", and_also("tandem.lane", "1"), {errc::unknown, name::none, 1, 7}},
        {"unknown_empty", and_also("tandem.", "1"), {errc::unknown, name::none, 1, 7}},
        {"unknown_longer", and_also("tandem.positions", "1"), {errc::unknown, name::none, 1, 7}},
        {"origin_twice", and_also("origin", "a"), {errc::duplicate, name::origin, 1, 0}},
        {"pos_twice",
         and_also("tandem.pos", "0/16B3748.12"),
         {errc::duplicate, name::position, 4, 0}},
        {"origin_empty", with(0, ""), {errc::malformed, name::origin, 0, 0}},
        {"origin_with_a_space", with(0, "a b"), {errc::malformed, name::origin, 0, 1}},
        {"origin_not_ascii", with(0, "a\xC3\xA9"), {errc::malformed, name::origin, 0, 1}},
        {"origin_with_a_zero",
         with(0, std::string{"a\0", 2}),
         {errc::malformed, name::origin, 0, 1}},
        {"stream_too_long", with(1, std::string(64, 'x')), {errc::malformed, name::stream, 1, 63}},
        {"epoch_empty", with(2, ""), {errc::malformed, name::epoch, 2, 0}},
        {"epoch_negative", with(2, "-1"), {errc::malformed, name::epoch, 2, 0}},
        {"epoch_plus", with(2, "+1"), {errc::malformed, name::epoch, 2, 0}},
        {"epoch_zero_in_front", with(2, "07"), {errc::malformed, name::epoch, 2, 1}},
        {"epoch_hexadecimal", with(2, "1A"), {errc::malformed, name::epoch, 2, 1}},
        {"epoch_space_behind", with(2, "1 "), {errc::malformed, name::epoch, 2, 1}},
        {"epoch_one_too_many",
         with(2, "9223372036854775808"),
         {errc::overflow, name::epoch, 2, 18}},
        {"epoch_far_too_many",
         with(2, "99999999999999999999999"),
         {errc::overflow, name::epoch, 2, 18}},
        {"pos_empty", with(3, ""), {errc::malformed, name::position, 3, 0}},
        {"pos_lsn_only", with(3, "0/16B3748"), {errc::malformed, name::position, 3, 9}},
        {"pos_no_high_half", with(3, "/16B3748.12"), {errc::malformed, name::position, 3, 0}},
        {"pos_no_low_half", with(3, "0/.12"), {errc::malformed, name::position, 3, 2}},
        {"pos_no_index", with(3, "0/16B3748."), {errc::malformed, name::position, 3, 10}},
        {"pos_lower_case", with(3, "0/16b3748.12"), {errc::malformed, name::position, 3, 4}},
        {"pos_zero_in_front", with(3, "0/016B3748.12"), {errc::malformed, name::position, 3, 3}},
        {"pos_index_hexadecimal",
         with(3, "0/16B3748.1A"),
         {errc::malformed, name::position, 3, 11}},
        {"pos_more_behind", with(3, "0/16B3748.12.1"), {errc::malformed, name::position, 3, 12}},
        {"pos_high_overflow", with(3, "100000000/0.1"), {errc::overflow, name::position, 3, 8}},
        {"pos_low_overflow", with(3, "0/FFFFFFFFF.1"), {errc::overflow, name::position, 3, 10}},
        {"pos_index_overflow",
         with(3, "0/1.18446744073709551616"),
         {errc::overflow, name::position, 3, 23}},
        {"prev_malformed", with(4, "0.0/1"), {errc::malformed, name::previous, 4, 1}},
        {"values_empty", with(5, ""), {errc::malformed, name::values, 5, 0}},
        {"values_other", with(5, "avro"), {errc::malformed, name::values, 5, 4}},
        {"values_cut", with(5, "exac"), {errc::malformed, name::values, 5, 4}},
        {"backwards_index", with(4, "0/16B3748.13"), {errc::backwards, name::position, 3, 0}},
        {"backwards_lsn", with(4, "1/0.0"), {errc::backwards, name::position, 3, 0}},
        {"note_empty", and_also("tandem.note", ""), {errc::malformed, name::note, 1, 0}},
        {"only_a_note", {{"tandem.note", "{}"}}, {errc::missing, name::origin, 1, 0}},
    }),
    [](auto const& each) { return std::string{each.param.name}; });

TEST(Headers, OwnOnesAreSeen) {
    EXPECT_TRUE(has_own_headers(given{good()}.all()));
    EXPECT_TRUE(has_own_headers(given{{{"x", ""}, {"tandem.new", ""}}}.all()));
    EXPECT_FALSE(has_own_headers(given{{{"origin", "a"}, {"tandem", "x"}}}.all()));
    EXPECT_FALSE(has_own_headers({}));
}

TEST(Headers, AValueThatIsNotThere) {
    std::vector<record_header> const headers{{"origin", std::string_view{}}};
    EXPECT_EQ(decode_headers(headers).error(), (header_error{errc::malformed, name::origin, 0, 0}));
}

TEST(Headers, PositionsAreOrderedAsTheStreamIs) {
    stream_position const first_end{lsn{0x200}, 0}; // of a commit whose record begins at 0x180
    EXPECT_LT((stream_position{lsn{0x180}, 1}), (stream_position{lsn{0x180}, 2}));
    EXPECT_LT((stream_position{lsn{0x180}, 2}), first_end);
    EXPECT_LT(first_end, (stream_position{lsn{0x200}, 1})) << "a commit record right behind it";
    EXPECT_TRUE(first_end.ends_transaction());
    EXPECT_FALSE((stream_position{lsn{0x200}, 1}).ends_transaction());
}

TEST(HeadersDeathTest, WhatGoesBackwardsIsNotWritten) {
    arena into;
    record_headers wrong = usual;
    wrong.previous.index = wrong.position.index + 1;
    EXPECT_DEATH(static_cast<void>(encode_headers(wrong, into)), "previous");
    wrong = usual;
    wrong.origin = "a b";
    EXPECT_DEATH(static_cast<void>(encode_headers(wrong, into)), "origin");
}

TEST(HeaderErrc, EveryCodeHasItsOwnSentence) {
    std::vector<std::string_view> sentences{describe(static_cast<header_errc>(200))};
    for (auto code = header_errc::ok; code <= header_errc::backwards;
         code = static_cast<header_errc>(static_cast<int>(code) + 1)) {
        EXPECT_EQ(std::find(sentences.begin(), sentences.end(), describe(code)), sentences.end());
        sentences.push_back(describe(code));
    }
    EXPECT_EQ((header_error{errc::malformed, name::position, 4, 3}.message()),
              "header tandem.pos (number 4): its value is none of its form (at byte 3)");
    EXPECT_EQ(
        (header_error{errc::unknown, name::none, 1, 7}.message()),
        "header of tandem (number 1): no header of this version; its writer is a newer one (at byte 7)");
}

} // namespace
} // namespace tandem::event
