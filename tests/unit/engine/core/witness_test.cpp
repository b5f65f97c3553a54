// What is kept for those who look on: histograms, the tail of changes, the activity of tables.

#include "engine/core/change_tail.hpp"
#include "engine/core/change_window.hpp"
#include "engine/core/histogram.hpp"
#include "engine/core/shown_change.hpp"
#include "engine/core/table_activity.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace tandem::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Histogram, QuantilesLieInTheirBucket) {
    latency_histogram of;
    EXPECT_EQ(quantile(of.seen(), latency_bounds, 0.5), 0);
    for (int number = 0; number < 99; ++number) {
        of.observe(1'500); // between 1,000 and 1,800
    }
    of.observe(50'000'000);
    auto const seen = of.seen();
    EXPECT_EQ(seen.count(), 100U);
    EXPECT_EQ(seen.sum, 99U * 1'500 + 50'000'000);
    auto const median = quantile(seen, latency_bounds, 0.5);
    EXPECT_GT(median, 1'000);
    EXPECT_LE(median, 1'800);
    auto const last = quantile(seen, latency_bounds, 0.999);
    EXPECT_GT(last, 32'000'000);
    EXPECT_LE(last, 56'000'000);
}

TEST(Histogram, OfALaterTimeIsWhatCameSince) {
    latency_histogram of;
    of.observe(100);
    auto const before = of.seen();
    of.observe(100, 5);
    of.observe(1'000'000'000);
    auto const since = of.seen().since(before);
    EXPECT_EQ(since.counts.front(), 5U);
    EXPECT_EQ(since.counts.back(), 1U);
    EXPECT_EQ(since.count(), 6U);
    EXPECT_EQ(quantile(since, latency_bounds, 1.0), 100'000'000)
        << "above all bounds: the last of them";
}

TEST(ChangeTail, IsWatchedForAWhile) {
    change_tail tail;
    EXPECT_FALSE(tail.watched(5));
    tail.watch_until(10);
    EXPECT_TRUE(tail.watched(5));
    EXPECT_FALSE(tail.watched(10));
}

TEST(ChangeTail, ReadersGoOnWhereTheyWereAndAreToldWhatTheyMissed) {
    change_tail tail;
    auto at = tail.end();
    for (char const* each : {"1", "2", "3"}) {
        tail.add(each);
    }
    auto part = tail.read(at, 10);
    EXPECT_THAT(part.entries, ElementsAre("1", "2", "3"));
    EXPECT_EQ(part.lost, 0U);
    EXPECT_THAT(tail.read(part.next, 10).entries, ElementsAre());
    part = tail.read(at, 2);
    EXPECT_THAT(part.entries, ElementsAre("2", "3"));
    EXPECT_EQ(part.lost, 1U);
}

TEST(ChangeTail, DropsTheOldestOfWhatIsTooMuch) {
    change_tail tail;
    auto const from = tail.end();
    for (std::size_t number = 0; number < change_tail::entries_max + 7; ++number) {
        tail.add(std::to_string(number));
    }
    auto const part = tail.read(from, change_tail::entries_max * 2);
    EXPECT_EQ(part.entries.size(), change_tail::entries_max);
    EXPECT_EQ(part.entries.front(), "7");
    EXPECT_EQ(part.lost, 7U);

    change_tail large;
    for (int number = 0; number < 10; ++number) {
        large.add(std::string(change_tail::bytes_max / 3, 'x'));
    }
    EXPECT_LE(large.read(0, 100).entries.size(), 3U);
    large.add(std::string(change_tail::bytes_max * 2, 'y'));
    EXPECT_EQ(large.read(0, 100).entries.size(), 1U) << "the newest stays, whatever its size";
    large.pass_over(5);
    EXPECT_EQ(large.passed_over(), 5U);
}

TEST(TableActivity, IsByNameAndStaysWhereItIs) {
    table_activity of;
    auto* const first = &of.of("public", "item");
    of.of("public", "b").changes[0] = 1;
    of.of("other", "item").changes[2] = 4;
    EXPECT_EQ(&of.of("public", "item"), first);
    std::vector<std::string> names;
    of.each(
        [&names](table_counters const& each) { names.push_back(each.schema + "." + each.name); });
    EXPECT_THAT(names, ElementsAre("other.item", "public.b", "public.item"));
}

// --- a change as it is shown

class ShownChange : public testing::Test {
protected:
    ShownChange() {
        auto shape = std::make_shared<pgoutput::relation_shape>();
        shape->schema = "public";
        shape->name = "<img src=x onerror=alert(1)>";
        shape->columns = {
            {"id", oid{20}, -1, true}, {"name", oid{25}}, {"note", oid{3802}}, {"odd", oid{600}}};
        shape_ = shape;
        header_ = {xid{700}, pg_time::from_unix_us(1'700'000'000'000'000), lsn{0x16B374D848}};
    }
    pgoutput::tuple_view row(wire::columns const& of) {
        auto& bytes = kept_.emplace_back();
        for (auto const& each : of) {
            bytes += each.kind;
            if (each.kind == 't' || each.kind == 'b') {
                bytes += wire::u32(each.bytes.size()) + each.bytes;
            }
        }
        return {static_cast<std::uint16_t>(of.size()), bytes};
    }
    std::string shown(change_kind kind, wire::columns const& old_row, wire::columns const& new_row,
                      pgoutput::old_row_kind old_kind = pgoutput::old_row_kind::none) {
        change what;
        what.kind = kind;
        what.shape = shape_.get();
        what.old_kind = old_kind;
        what.old_row = old_row.empty() ? pgoutput::tuple_view{} : row(old_row);
        what.new_row = new_row.empty() ? pgoutput::tuple_view{} : row(new_row);
        change_witness by{"a", "b", "applied", &header_, 1'700'000'000'000'500, &hides_};
        return shown_change(what, by);
    }
    using hiding = std::function<bool(std::string_view, std::string_view, std::string_view)>;
    hiding hides_;
    pgoutput::relation_ptr shape_;
    transaction_header header_;
    std::deque<std::string> kept_;
};

TEST_F(ShownChange, OfAnInsertIsWhole) {
    EXPECT_EQ(
        shown(change_kind::insert, {},
              {wire::text("7"), wire::text("김\"민수"), wire::null(), wire::text("(1,2]")}),
        R"({"at":1700000000000500,"committed":1700000000000000,"direction":"a:b","verdict":"applied","op":"insert",)"
        R"("schema":"public","table":"<img src=x onerror=alert(1)>","xid":700,"position":"16/B374D848",)"
        R"("key":{"id":"7"},"columns":[{"name":"id","new":"7"},{"name":"name","new":"김\"민수"},)"
        R"({"name":"note","new":null},{"name":"odd","new":"(1,2]"}],"more":0})");
}

TEST_F(ShownChange, OfAnUpdateIsWhatDiffers) {
    auto const text = shown(change_kind::update,
                            {wire::text("7"), wire::text("x"), wire::text("{}"), wire::null()},
                            {wire::text("7"), wire::text("y"), wire::unchanged(), wire::null()},
                            pgoutput::old_row_kind::full);
    EXPECT_THAT(
        text,
        HasSubstr(
            R"("key":{"id":"7"},"columns":[{"name":"name","old":"x","new":"y"},{"name":"note","old":"{}"}])"));
}

TEST_F(ShownChange, OfADeleteByItsKeyHasNoNullsOfColumnsThatWereNotSent) {
    auto const text =
        shown(change_kind::remove, {wire::text("7"), wire::null(), wire::null(), wire::null()}, {},
              pgoutput::old_row_kind::key);
    EXPECT_THAT(text, HasSubstr(R"("op":"delete")"));
    EXPECT_THAT(text, HasSubstr(R"("columns":[{"name":"id","old":"7"}])"));
}

TEST_F(ShownChange, BinaryValuesAreReadAndOthersMeasured) {
    auto const text = shown(change_kind::insert, {},
                            {{'b', wire::u64(5)}, {'b', "x"}, {'b', "\1{}"}, {'b', "12345678"}});
    EXPECT_THAT(text, HasSubstr(R"({"name":"id","new":"5"})"));
    EXPECT_THAT(text, HasSubstr(R"({"name":"note","new":"{}"})"));
    EXPECT_THAT(text, HasSubstr("{\"name\":\"odd\",\"new\":\"(8 bytes)\"}"));
}

TEST_F(ShownChange, LongValuesAreCutAtACharacter) {
    std::string const long_value = "x" + [] {
        std::string made;
        for (int number = 0; number < 2'000'000; ++number) {
            made += "가";
        }
        return made;
    }();
    auto const text =
        shown(change_kind::insert, {},
              {wire::text("1"), wire::text(long_value), {'b', "\1" + long_value}, wire::null()});
    EXPECT_LT(text.size(), 2'000U);
    EXPECT_THAT(text, HasSubstr("가… (6000001 bytes)\""));
    EXPECT_THAT(text, HasSubstr("가… (6000002 bytes)\""));
}

TEST_F(ShownChange, MaskedColumnsAreNotShown) {
    hides_ = [](auto, auto table, auto column) {
        return table.starts_with("<img") && column == "name";
    };
    auto const text = shown(change_kind::update,
                            {wire::text("7"), wire::text("secret"), wire::null(), wire::null()},
                            {wire::text("7"), wire::text("hidden"), wire::null(), wire::null()},
                            pgoutput::old_row_kind::full);
    EXPECT_THAT(text, Not(HasSubstr("secret")));
    EXPECT_THAT(text, Not(HasSubstr("hidden")));
    EXPECT_THAT(text, HasSubstr(R"({"name":"name","old":"•••","new":"•••"})"));
}

// --- looking back into the window

TEST(ChangeWindow, LooksAtWhatLiesBetweenTwoPositions) {
    auto const batch = [](std::vector<std::pair<std::uint32_t, bool>> const& pieces) {
        auto made = std::make_unique<change_batch>();
        for (auto const& [count, ends] : pieces) {
            transaction_piece piece;
            piece.first = static_cast<std::uint32_t>(made->changes.size());
            piece.count = count;
            piece.starts = true;
            piece.ends = ends;
            made->pieces.push_back(piece);
            for (std::uint32_t number = 0; number < count; ++number) {
                made->changes.emplace_back().index =
                    static_cast<std::uint32_t>(made->changes.size() - 1);
            }
        }
        return made;
    };
    change_window window;
    window.push(batch({{2, true}, {3, true}}));
    window.push(batch({{1, true}, {4, true}}));
    auto const tell = [&window](change_window::cursor from, change_window::cursor to) {
        std::string text;
        window.look(from, to, [&text](auto const&, auto changes, bool ends) {
            text += std::to_string(changes.size()) + (ends ? "C" : "-");
        });
        return text;
    };
    auto const start = window.position();
    for (int steps = 0; steps < 4; ++steps) { // begin, two changes, commit
        static_cast<void>(window.next());
    }
    auto const first = window.position();
    EXPECT_EQ(tell(start, first), "2C0-");
    for (int steps = 0; steps < 2; ++steps) { // begin, a change
        static_cast<void>(window.next());
    }
    auto const inside = window.position();
    EXPECT_EQ(tell(first, inside), "1-");
    while (window.next().kind != change_window::step_kind::nothing) {
    }
    EXPECT_EQ(tell(inside, window.position()), "2C1C4C");
    window.release(window.position());
    EXPECT_EQ(tell(inside, window.position()), "") << "it is gone";
}

} // namespace
} // namespace tandem::engine
