#include "engine/console/answers.hpp"
#include "engine/console/assets.hpp"
#include "engine/console/health.hpp"
#include "engine/console/history.hpp"
#include "engine/console/masks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <set>

namespace tandem::console {
namespace {

using nlohmann::json;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t second = 1'000'000;

engine::status_view two_ways(std::int64_t at_us) {
    engine::status_view made;
    made.at_us = at_us;
    for (char const* name : {"a", "b"}) {
        engine::node_view node;
        node.name = name;
        node.up = true;
        node.server_version = 150'000;
        node.has_slot = true;
        node.slot_active = true;
        made.nodes.push_back(node);
    }
    for (auto const& [from, to] : {std::pair{"a", "b"}, std::pair{"b", "a"}}) {
        engine::direction_view one;
        one.source = from;
        one.target = to;
        one.state = engine::direction_state::streaming;
        one.lag_seconds = 0;
        made.directions.push_back(one);
    }
    return made;
}

TEST(History, KeepsRatesOfEachSecondOldestFirst) {
    history of;
    EXPECT_EQ(of.newest_json(), "null");
    EXPECT_EQ(of.json(10), R"({"seconds":[],"directions":{},"nodes":{}})");
    for (int number = 0; number < 3; ++number) {
        auto seen = two_ways((1'700'000'000 + number) * second);
        seen.directions[0].applied = static_cast<std::uint64_t>(number * number * 100);
        of.add(seen);
    }
    auto const all = json::parse(of.json(100));
    EXPECT_EQ(all["seconds"], json({1'700'000'000, 1'700'000'001, 1'700'000'002}));
    EXPECT_EQ(all["directions"]["a:b"]["applied"], json({nullptr, 100, 300}));
    EXPECT_EQ(all["directions"]["b:a"]["p50"], json({nullptr, nullptr, nullptr})) << "nothing came";
    EXPECT_EQ(json::parse(of.json(2))["seconds"].size(), 2U);
    auto const newest = json::parse(of.newest_json());
    EXPECT_EQ(newest["at"], 1'700'000'002);
    EXPECT_EQ(newest["directions"]["a:b"]["applied"], 300);
    EXPECT_EQ(newest["nodes"]["a"]["wal"], 0);
}

TEST(History, IsAnHourLong) {
    history of;
    for (std::size_t number = 0; number < history::seconds + 10; ++number) {
        of.add(two_ways(static_cast<std::int64_t>(number + 1) * second));
    }
    auto const all = json::parse(of.json(100'000));
    ASSERT_EQ(all["seconds"].size(), history::seconds);
    EXPECT_EQ(all["seconds"].front(), 11);
    EXPECT_EQ(all["seconds"].back(), history::seconds + 10);
    EXPECT_EQ(all["directions"]["a:b"]["lag"].size(), history::seconds);
}

TEST(History, WhatIsNoNumberIsNull) {
    history of;
    auto seen = two_ways(second);
    seen.directions[0].lag_seconds = std::numeric_limits<double>::infinity();
    seen.directions[1].lag_seconds.reset();
    of.add(seen);
    auto const newest = json::parse(of.newest_json());
    EXPECT_TRUE(newest["directions"]["a:b"]["lag"].is_null());
    EXPECT_TRUE(newest["directions"]["b:a"]["lag"].is_null());
}

check_level level_of(std::vector<health_check> const& checks, std::string const& name) {
    for (auto const& each : checks) {
        if (each.name == name) {
            return each.level;
        }
    }
    ADD_FAILURE() << "no check " << name;
    return check_level::bad;
}

TEST(Health, IsAllWellWhileAllStreams) {
    auto const checks = health_of(two_ways(second));
    EXPECT_EQ(checks.size(), 12U);
    for (auto const& each : checks) {
        EXPECT_EQ(each.level, check_level::well) << each.name;
        EXPECT_EQ(each.cure, "") << each.name;
    }
}

TEST(Health, NamesWhatIsWrongAndWhatToDo) {
    auto seen = two_ways(second);
    seen.nodes[0].up = false;
    seen.nodes[1].slot_active = false;
    seen.directions[0].state = engine::direction_state::gap;
    seen.directions[0].reason = "the slot is gone";
    seen.directions[1].state = engine::direction_state::retrying;
    seen.directions[1].lag_seconds = 90;
    seen.directions[1].catch_up_seconds = std::numeric_limits<double>::infinity();
    seen.directions[1].parked_now = 3;
    seen.directions[0].echoes_dropped = 1;
    seen.warnings.emplace_back("plain HTTP");
    auto const checks = health_of(seen);
    EXPECT_EQ(level_of(checks, "node a"), check_level::bad);
    EXPECT_EQ(level_of(checks, "slot of b"), check_level::bad);
    EXPECT_EQ(level_of(checks, "a → b"), check_level::bad);
    EXPECT_EQ(level_of(checks, "b → a"), check_level::warning);
    EXPECT_EQ(level_of(checks, "lag b → a"), check_level::bad);
    EXPECT_EQ(level_of(checks, "parked b → a"), check_level::warning);
    EXPECT_EQ(level_of(checks, "loops a → b"), check_level::bad);
    EXPECT_EQ(level_of(checks, "warning"), check_level::warning);
    for (auto const& each : checks) {
        EXPECT_EQ(each.cure.empty(), each.level == check_level::well) << each.name;
    }
    auto const text = json::parse(health_json(checks));
    EXPECT_EQ(text.size(), checks.size());
    EXPECT_EQ(text[0]["level"], "bad");
}

TEST(Health, ASlotThatIsNearlyLostIsBad) {
    auto seen = two_ways(second);
    seen.nodes[0].slot_retained_wal_bytes = 2'000;
    seen.nodes[0].slot_safe_wal_bytes = 1'000;
    EXPECT_EQ(level_of(health_of(seen), "slot of a"), check_level::bad);
    seen.nodes[0].slot_safe_wal_bytes = 3'000;
    EXPECT_EQ(level_of(health_of(seen), "slot of a"), check_level::well);
}

TEST(Tables, AreThoseOfBothWaysAndThoseLeftOut) {
    auto seen = two_ways(second);
    seen.directions[0].left_out = {{"public.nokey", "it has no key"}};
    seen.directions[1].left_out = seen.directions[0].left_out;
    engine::table_view item{"public", "<img src=x>", "id", {1, 2, 3, 0}, 5 * second};
    auto const told = json::parse(tables_json(seen, {{item}, {item}}))["tables"];
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0]["table"], "<img src=x>");
    EXPECT_EQ(told[0]["key"], "id");
    EXPECT_EQ(told[0]["directions"]["b:a"]["delete"], 3);
    EXPECT_EQ(told[0]["directions"]["a:b"]["last_commit"], 5.0);
    EXPECT_EQ(told[1]["state"], "left out");
    EXPECT_EQ(told[1]["reason"], "it has no key");
}

TEST(Settings, HaveWhatWasGivenAndFromWhere) {
    engine::options set;
    set.told["batch-rows"] = {{"--batch-rows", "5"}};
    auto const told = json::parse(settings_json(set))["settings"];
    std::set<std::string> names;
    for (auto const& each : told) {
        names.insert(each["name"].get<std::string>());
        if (each["name"] == "batch-rows") {
            EXPECT_EQ(each["values"], json::parse(R"([{"text":"5","from":"--batch-rows"}])"));
        } else {
            EXPECT_TRUE(each["values"].empty());
        }
        EXPECT_NE(each["help"], "");
    }
    EXPECT_TRUE(names.contains("node"));
}

engine::table_pattern emails() {
    engine::table_pattern mask;
    mask.schema = "public";
    mask.table = "person";
    mask.columns = {"email"};
    return mask;
}

TEST(Masked, NothingOfThoseColumnsIsLeft) {
    auto mask = emails();
    engine::conflict_entry entry;
    entry.schema = "public";
    entry.table = "person";
    entry.key = R"({"id":1})";
    entry.incoming = R"({"id":1,"email":"a@example.org"})";
    entry.differences = {{"email", "\"old@example.org\"", "\"a@example.org\""}};
    auto const hidden = masked(entry, {mask});
    EXPECT_THAT(*hidden.incoming, Not(HasSubstr("example.org")));
    EXPECT_THAT(*hidden.incoming, HasSubstr("\"id\":1"));
    EXPECT_EQ(hidden.key, entry.key);
    EXPECT_THAT(*hidden.differences[0].existing, Not(HasSubstr("example.org")));
    mask.table = "other";
    EXPECT_EQ(*masked(entry, {mask}).incoming, *entry.incoming);
}

TEST(Masked, WhatIsShownOfOtherColumnsKeepsItsDigits) {
    auto mask = emails();
    engine::conflict_entry entry;
    entry.schema = "public";
    entry.table = "person";
    entry.key = R"({"id":9007199254740993})";
    entry.incoming = R"({"id":9007199254740993,"amount":12345678901234567890.10})";
    EXPECT_EQ(masked(entry, {mask}).key, entry.key);
    EXPECT_EQ(*masked(entry, {mask}).incoming, *entry.incoming);
}

TEST(Masked, ParkedChangesAndWhatBecameOfThem) {
    auto mask = emails();
    engine::parked_entry entry;
    entry.row.table = "public.person";
    entry.key = R"({"email":"a@example.org"})";
    entry.error = "invalid value \"a@example.org\"";
    entry.detail = "(a@example.org)";
    auto const hidden = masked(entry, {mask});
    EXPECT_TRUE(hidden.key_hidden);
    EXPECT_THAT(*hidden.key, Not(HasSubstr("example.org")));
    EXPECT_THAT(hidden.error, Not(HasSubstr("example.org")));
    EXPECT_FALSE(hidden.detail.has_value());
    EXPECT_THAT(engine::parked_json({hidden}), Not(HasSubstr("--key")));
    engine::parked_outcome outcome;
    outcome.table = "public.person";
    outcome.key = entry.key;
    outcome.sqlstate = "22000";
    outcome.reason = entry.error;
    auto const told = masked(outcome, {mask});
    EXPECT_THAT(*told.key + told.reason, Not(HasSubstr("example.org")));
    entry.row.table = "other.person";
    EXPECT_EQ(masked(entry, {mask}).error, entry.error);
    EXPECT_FALSE(masked(entry, {mask}).key_hidden);
}

TEST(RecordLine, LongValuesAreCutAndItIsSaid) {
    engine::topic_record record;
    record.value = std::string(100, 'x');
    auto const cut = json::parse(record_line(record, 10, false));
    EXPECT_EQ(cut["record"]["value"], "xxxxxxxxxx");
    EXPECT_EQ(cut["cut"], true);
    EXPECT_GT(cut["bytes"], 100);
    EXPECT_EQ(json::parse(record_line(record, 1'000, false))["cut"], false);
    auto const hidden = json::parse(record_line(record, 1'000, true));
    EXPECT_TRUE(hidden["record"]["value"].is_null());
    EXPECT_EQ(hidden["hidden"], true);
}

TEST(Assets, AreWholeAndSmall) {
    std::size_t gzipped = 0;
    std::set<std::string_view> paths;
    for (auto const& each : assets()) {
        paths.insert(each.path);
        gzipped += each.gzipped.size();
        EXPECT_FALSE(each.plain.empty()) << each.path;
        EXPECT_EQ(each.gzipped.substr(0, 2), "\x1f\x8b") << each.path;
    }
    EXPECT_TRUE(paths.contains("/index.html"));
    EXPECT_TRUE(paths.contains("/js/app.js"));
    EXPECT_TRUE(paths.contains("/vendor/uplot.js"));
    EXPECT_LT(gzipped, 120U * 1024) << "the whole console, gzipped";
}

TEST(Assets, NothingIsInlineOrFromElsewhere) {
    for (auto const& each : assets()) {
        if (!each.path.ends_with(".html")) {
            continue;
        }
        EXPECT_EQ(each.plain.find("style="), std::string_view::npos);
        EXPECT_EQ(each.plain.find("<style"), std::string_view::npos);
        EXPECT_EQ(each.plain.find("http"), std::string_view::npos);
        EXPECT_EQ(each.plain.find("onclick"), std::string_view::npos);
    }
}

TEST(Assets, ABrowserThatHasThemIsToldSo) {
    auto const& page = assets().front();
    io::http::request asked;
    asked.method = "GET";
    auto const fresh = asset_response(page, asked);
    EXPECT_EQ(fresh.status, 200);
    EXPECT_EQ(fresh.body, page.plain);
    asked.headers = {{"Accept-Encoding", "gzip, br"}};
    EXPECT_EQ(asset_response(page, asked).body, page.gzipped);
    asked.headers = {{"If-None-Match", std::string{page.tag}}};
    auto const had = asset_response(page, asked);
    EXPECT_EQ(had.status, 304);
    EXPECT_EQ(had.body, "");
    bool policy = false;
    for (auto const& [name, value] : fresh.headers) {
        policy = policy ||
                 (name == "Content-Security-Policy" && value.starts_with("default-src 'self'"));
    }
    EXPECT_TRUE(policy);
}

} // namespace
} // namespace tandem::console
