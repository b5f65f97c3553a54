#include "codecs/event/records.hpp"

#include "codecs/event/row_plan.hpp"
#include "tests/support/exact_buffer.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

namespace tandem::event {
namespace {

pgoutput::relation_shape const& shape() {
    static pgoutput::relation_shape const made{
        oid{1}, "public", "t", 'f', {{"id", oid{23}, -1, true}, {"v", oid{25}, -1, true}}};
    return made;
}

class row {
public:
    explicit row(wire::columns const& columns) : bytes_{wire::insert(1, columns)} {}
    [[nodiscard]] pgoutput::tuple_view tuple() const {
        return std::get<pgoutput::insert>(*pgoutput::decode(bytes_.view())).new_row;
    }

private:
    wire::exact_buffer bytes_;
};

// "KEY op [header=value]", - for what is not there.
std::vector<std::string> shown(relation_events::change const& made,
                               record_options const& options = {}) {
    relation_events const relation{shape(), exact_plan(shape(), {"id"})};
    event_source const source{"0", "s", "d"};
    arena bytes;
    auto const records = records_of(relation, made, {source, xid{1}, pg_time{}, lsn{}},
                                    event_time{0}, options, bytes);
    std::vector<std::string> all;
    if (!records) {
        return {records.error().message()};
    }
    for (record const& each : records->all()) {
        std::string one{each.key.value_or("-")};
        one += ' ';
        one += each.value ? each.value->substr(each.value->find("\"op\":\"") + 6, 1) : "-";
        if (!each.header.name.empty()) {
            one += " " + std::string{each.header.name} + "=" + std::string{each.header.value};
        }
        all.push_back(std::move(one));
    }
    return all;
}

relation_events::change change(operation op, pgoutput::tuple_view old_row,
                               pgoutput::tuple_view new_row) {
    return {op, old_row, false, new_row, lsn{5}};
}

using list = std::vector<std::string>;

TEST(Records, OneForAnInsertAndAnUpdate) {
    row const before{{wire::text("1"), wire::text("x")}};
    row const after{{wire::text("1"), wire::text("y")}};
    EXPECT_EQ(shown(change(operation::create, {}, after.tuple())), (list{R"({"id":1} c)"}));
    EXPECT_EQ(shown(change(operation::read, {}, after.tuple())), (list{R"({"id":1} r)"}));
    EXPECT_EQ(shown(change(operation::update, {}, after.tuple())), (list{R"({"id":1} u)"}));
    EXPECT_EQ(shown(change(operation::update, before.tuple(), after.tuple())),
              (list{R"({"id":1} u)"}))
        << "v is part of the replica identity, not of the key";
}

TEST(Records, ADeleteAndItsTombstone) {
    row const before{{wire::text("1"), wire::null()}};
    EXPECT_EQ(shown(change(operation::remove, before.tuple(), {})),
              (list{R"({"id":1} d)", R"({"id":1} -)"}));
    EXPECT_EQ(shown(change(operation::remove, before.tuple(), {}), {false, true}),
              (list{R"({"id":1} d)"}));
}

TEST(Records, AnotherKeyIsAnEndAndABeginning) {
    row const before{{wire::text("1"), wire::null()}};
    row const after{{wire::text("2"), wire::unchanged()}};
    auto const moved = change(operation::update, before.tuple(), after.tuple());
    EXPECT_EQ(shown(moved), (list{R"({"id":1} d __debezium.newkey={"id":2})",
                                  R"({"id":1} - __debezium.newkey={"id":2})",
                                  R"({"id":2} c __debezium.oldkey={"id":1})"}));
    EXPECT_EQ(shown(moved, {false, true}).size(), 2U);
    row const same{{wire::unchanged(), wire::text("y")}};
    EXPECT_EQ(shown(change(operation::update, before.tuple(), same.tuple())),
              (list{R"({"id":1} u)"}))
        << "a key that was not sent again is the old row's";
}

TEST(Records, WithoutAKeyNoRowMoves) {
    row const before{{wire::text("1"), wire::null()}};
    row const after{{wire::text("2"), wire::null()}};
    record_options options;
    options.keyed = false;
    EXPECT_EQ(shown(change(operation::update, before.tuple(), after.tuple()), options),
              list{"- u"});
    EXPECT_EQ(shown(change(operation::remove, before.tuple(), {}), options), (list{"- d", "- -"}));
}

TEST(Records, HeadersHaveNoSchemas) {
    relation_events const relation{
        shape(), exact_plan(shape(), {"id"}), {R"({"schema":{})", R"({"schema":{})", {}}};
    EXPECT_EQ(relation.key_alone(R"({"schema":{},"payload":{"id":1}})"), R"({"id":1})");
}

TEST(Records, TruncateOnlyWhenItIsAskedFor) {
    EXPECT_EQ(shown(change(operation::truncate, {}, {})), list{});
    EXPECT_EQ(shown(change(operation::truncate, {}, {}), {true, false}), (list{"- t"}));
}

// "transaction":{..} of each record; "-" where there is none.
std::vector<std::string> blocks(relation_events::change const& made, transaction_counter& counter,
                                record_options const& options = {}) {
    relation_events const relation{shape(), exact_plan(shape(), {"id"})};
    event_source const source{"0", "s", "d"};
    arena bytes;
    auto const records = records_of(relation, made, {source, xid{9}, pg_time{}, lsn{}},
                                    event_time{0}, options, bytes, &counter);
    std::vector<std::string> all;
    for (record const& each : records ? records->all() : std::span<record const>{}) {
        std::string text{each.value.value_or("-")};
        auto const begin = text.find("\"total_order\"");
        all.push_back(begin == text.npos ? text
                                         : text.substr(begin, text.find('}', begin) - begin));
    }
    return all;
}

TEST(Records, EventsSayTheirOrder) {
    row const before{{wire::text("1"), wire::null()}};
    row const after{{wire::text("2"), wire::unchanged()}};
    transaction_counter counter;
    counter.count("public.other");
    EXPECT_EQ(blocks(change(operation::create, {}, after.tuple()), counter),
              (list{R"("total_order":2,"data_collection_order":1)"}));
    EXPECT_EQ(blocks(change(operation::update, before.tuple(), after.tuple()), counter),
              (list{R"("total_order":3,"data_collection_order":2)", "-",
                    R"("total_order":4,"data_collection_order":3)"}))
        << "the tombstone is no event of its own";
    EXPECT_EQ(blocks(change(operation::truncate, {}, {}), counter), list{});
    EXPECT_EQ(counter.total(), 4U) << "what is skipped has no place";
}

TEST(Records, AnEventThatCannotBeWrittenHasNoPlace) {
    row const bad{{wire::text("1"), wire::binary("x")}};
    row const before{{wire::text("2"), wire::null()}};
    transaction_counter counter;
    EXPECT_EQ(blocks(change(operation::create, {}, bad.tuple()), counter), list{});
    EXPECT_EQ(blocks(change(operation::update, before.tuple(), bad.tuple()), counter), list{});
    EXPECT_EQ(counter.total(), 0U);
}

TEST(Records, AValueWithoutAFormIsNamed) {
    row const bad{{wire::text("1"), wire::binary("x")}};
    EXPECT_EQ(shown(change(operation::create, {}, bad.tuple())),
              (list{codec_error{codec_errc::bad_value, 1}.message()}));
}

} // namespace
} // namespace tandem::event
