// Expected records were written by Debezium 3.0.8; tests/interop/test_interop_events.py compares them live.
#include "codecs/event/transaction_events.hpp"

#include "codecs/event/heartbeat_events.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tandem::event {
namespace {

constexpr pg_time committed{-946'684'799'000'001}; // 1970-01-01 00:00:00.999999

std::string shown(transaction_counter const& counter) {
    std::string text = std::to_string(counter.total());
    counter.each_collection([&text](transaction_counter::collection const& each) {
        text += " " + std::string{each.name} + "=" + std::to_string(each.events);
    });
    return text;
}

std::string shown(event_order order) {
    return std::to_string(order.total) + "/" + std::to_string(order.of_collection);
}

TEST(TransactionCounter, CountsInAllAndByTable) {
    transaction_counter counter;
    EXPECT_EQ(shown(counter.count("s.b")), "1/1");
    EXPECT_EQ(shown(counter.count("s.a")), "2/1");
    EXPECT_EQ(shown(counter.count("s.b")), "3/2");
    EXPECT_EQ(shown(counter), "3 s.b=2 s.a=1");
    counter.clear();
    EXPECT_EQ(shown(counter), "0");
    EXPECT_EQ(shown(counter.count("s.a")), "1/1");
    EXPECT_EQ(shown(counter), "1 s.a=1");
}

TEST(TransactionCounter, TakesBackWhatWasNotWritten) {
    transaction_counter counter;
    counter.count("s.a");
    counter.count("s.b");
    counter.take_back("s.b");
    EXPECT_EQ(shown(counter), "1 s.a=1");
    EXPECT_EQ(shown(counter.count("s.b")), "2/1");
    counter.count("s.b");
    counter.take_back("s.b");
    EXPECT_EQ(shown(counter), "2 s.a=1 s.b=1");
}

TEST(TransactionCounter, KeepsNamesOfManyTables) {
    transaction_counter counter;
    for (int round = 0; round < 3; ++round) {
        counter.clear();
        for (int table = 0; table < 2'000; ++table) {
            ASSERT_EQ(counter.count("s.t" + std::to_string(table)).of_collection, 1U);
        }
        int next = 0;
        counter.each_collection([&next](transaction_counter::collection const& each) {
            ASSERT_EQ(each.name, "s.t" + std::to_string(next++));
        });
        EXPECT_EQ(next, 2'000);
    }
}

TEST(TransactionEvents, Begin) {
    arena into;
    record const made = transaction_events{}.begin(xid{729}, lsn{26'395'920}, committed, into);
    EXPECT_EQ(made.key, R"({"id":"729:26395920"})");
    EXPECT_EQ(
        made.value,
        R"({"status":"BEGIN","id":"729:26395920","event_count":null,"data_collections":null,"ts_ms":999})");
}

TEST(TransactionEvents, End) {
    arena into;
    transaction_counter counter;
    transaction_events const events;
    EXPECT_EQ(
        events.end(xid{729}, lsn{26'400'200}, committed, counter, into).value,
        R"({"status":"END","id":"729:26400200","event_count":0,"data_collections":[],"ts_ms":999})");
    counter.count("public.a");
    counter.count("public.\"b");
    counter.count("public.a");
    record const made = events.end(xid{729}, lsn{26'400'200}, committed, counter, into);
    EXPECT_EQ(made.key, R"({"id":"729:26400200"})");
    EXPECT_EQ(
        made.value,
        R"({"status":"END","id":"729:26400200","event_count":3,"data_collections":[)"
        R"({"data_collection":"public.a","event_count":2},{"data_collection":"public.\"b","event_count":1}],)"
        R"("ts_ms":999})");
}

TEST(TransactionEvents, ManyTablesHaveRoom) {
    arena into;
    transaction_counter counter;
    std::string const name(300, '\x01');
    for (int table = 0; table < 300; ++table) {
        counter.count(name + std::to_string(table));
    }
    record const made = transaction_events{}.end(xid{1}, lsn{1}, committed, counter, into);
    EXPECT_GT(made.value->size(), 300U * 300 * 6);
}

TEST(TransactionEvents, Schemas) {
    arena into;
    transaction_counter counter;
    transaction_events const events{true};
    record const begun = events.begin(xid{1}, lsn{2}, committed, into);
    EXPECT_EQ(
        begun.key,
        R"({"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"id"}],)"
        R"("optional":false,"name":"io.debezium.connector.common.TransactionMetadataKey","version":1},)"
        R"("payload":{"id":"1:2"}})");
    std::string_view const name =
        R"("name":"io.debezium.connector.common.TransactionMetadataValue","version":1},"payload":{"status":)";
    EXPECT_NE(begun.value->find(name), std::string_view::npos);
    EXPECT_EQ(begun.value->substr(begun.value->size() - 13), R"("ts_ms":999}})");
    record const ended = events.end(xid{1}, lsn{2}, committed, counter, into);
    EXPECT_NE(ended.value->find(name), std::string_view::npos);
    EXPECT_EQ(ended.value->substr(ended.value->size() - 13), R"("ts_ms":999}})");
}

TEST(HeartbeatEvents, WithAndWithoutSchemas) {
    arena into;
    event_source const source{"0", "p\"q", "d"};
    heartbeat_events const plain{source};
    EXPECT_EQ(plain.at(1'795'677'564'648, into).key, R"({"serverName":"p\"q"})");
    EXPECT_EQ(plain.at(1'795'677'564'648, into).value, R"({"ts_ms":1795677564648})");
    heartbeat_events const with{source, true};
    EXPECT_EQ(
        with.at(5, into).key,
        R"({"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"serverName"}],)"
        R"("optional":false,"name":"io.debezium.connector.common.ServerNameKey","version":1},)"
        R"("payload":{"serverName":"p\"q"}})");
    EXPECT_EQ(
        with.at(5, into).value,
        R"({"schema":{"type":"struct","fields":[{"type":"int64","optional":false,"field":"ts_ms"}],)"
        R"("optional":false,"name":"io.debezium.connector.common.Heartbeat","version":1},)"
        R"("payload":{"ts_ms":5}})");
}

} // namespace
} // namespace tandem::event
