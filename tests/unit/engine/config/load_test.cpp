#include "engine/config/load.hpp"

#include "engine/config/nearest.hpp"
#include "engine/config/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

using testing::HasSubstr;
using testing::Not;

using variables = std::map<std::string, std::string>;

environment reading(variables const& from) {
    return [&from](std::string const& name) -> char const* {
        auto const found = from.find(name);
        return found == from.end() ? nullptr : found->second.c_str();
    };
}

std::string no_file(std::string const& path) {
    throw config_error{"cannot read file " + path};
}

given read_toml(std::string const& text, variables const& from = {},
                file_reader const& files = no_file) {
    return from_toml(text, "tandem.toml", reading(from), files);
}

std::string failure_of(std::function<void()> const& work) {
    try {
        work();
    } catch (config_error const& error) {
        return error.what();
    }
    return "no failure";
}

void build_only(std::vector<given> const& sources) {
    static_cast<void>(build(sources));
}

given flag(std::string const& name, std::vector<std::string> const& texts) {
    given made;
    for (std::string const& text : texts) {
        made[name].push_back({"--" + name, text});
    }
    return made;
}

TEST(Load, DefaultsAreTheStructs) {
    options const set = build({});
    options const defaults;
    EXPECT_EQ(set.batch_rows, defaults.batch_rows);
    EXPECT_EQ(set.queue_bytes, defaults.queue_bytes);
    EXPECT_EQ(set.listen, "127.0.0.1:8083");
    EXPECT_FALSE(set.conflict.has_value());
    EXPECT_TRUE(set.nodes.empty());
}

TEST(Load, FlagBeatsEnvironmentBeatsFile) {
    variables const from{{"TANDEM_BATCH_ROWS", "20"}, {"TANDEM_BATCH_DELAY", "2s"}};
    given const file = read_toml("batch_rows = 3\nbatch-delay = '3s'\nqueue-bytes = '3MiB'\n");
    options const set = build({flag("batch-rows", {"1"}), from_environment(reading(from)), file});
    EXPECT_EQ(set.batch_rows, 1U);
    EXPECT_EQ(set.batch_delay, std::chrono::seconds{2});
    EXPECT_EQ(set.queue_bytes, std::size_t{3} << 20);
}

TEST(Load, ListsAreReplacedNotMerged) {
    given const file = read_toml("tables = ['a', 'b']\n");
    options const set = build({flag("tables", {"c"}), file});
    ASSERT_EQ(set.tables.size(), 1U);
    EXPECT_EQ(set.tables[0].table, "c");
    options const emptied = build({read_toml("tables = []\n"), file});
    EXPECT_TRUE(emptied.tables.empty());
}

TEST(Load, NodesFromEverySource) {
    given const file = read_toml("[[node]]\nname = 'a'\nuri = 'postgres://x'\n"
                                 "[[node]]\nname = 'b'\nuri = 'host=h dbname=d'\n");
    options set = build({file});
    ASSERT_EQ(set.nodes.size(), 2U);
    EXPECT_EQ(set.nodes[1].name, "b");
    EXPECT_EQ(set.nodes[1].uri, "host=h dbname=d");
    EXPECT_EQ(set.nodes[1].rank, 1);

    variables const from{{"TANDEM_NODE", " a=host=h dbname=d ;\n b=postgres://y\n"}};
    set = build({from_environment(reading(from)), file});
    ASSERT_EQ(set.nodes.size(), 2U);
    EXPECT_EQ(set.nodes[0].uri, "host=h dbname=d");
    EXPECT_EQ(set.nodes[1].uri, "postgres://y");
}

TEST(Load, RanksAreTheSameAtEverySite) {
    options const here = build({flag("node", {"b=x"}), flag("peer", {"a"})});
    EXPECT_EQ(here.nodes[0].rank, 1);
    EXPECT_EQ(here.peers[0].rank, 0);
    options const there = build({flag("node", {"a=x"}), flag("peer", {"b"})});
    EXPECT_EQ(there.nodes[0].rank, 0);
    EXPECT_EQ(there.peers[0].rank, 1);
    options const both = build({flag("node", {"b=x", "a=y"})});
    EXPECT_EQ(both.nodes[0].rank, 1) << "whatever the order";
}

TEST(Load, DirectionsBesideAPeerGoBothWays) {
    options set = build({flag("node", {"b=x"}), flag("peer", {"a"})});
    auto const both = directions(set);
    ASSERT_EQ(both.size(), 2U);
    EXPECT_EQ(both[0].source + both[0].target + both[1].source + both[1].target, "baab");
    set.one_way.emplace("a", "b");
    EXPECT_NO_THROW(validate_sites(set));
    EXPECT_EQ(directions(set).size(), 1U);
    EXPECT_THAT(failure_of([&set] { validate_nodes(set, 2); }), HasSubstr("1 of 2 nodes given"));
}

TEST(Load, SecretsComeFromEnvironmentAndFiles) {
    file_reader const files = [](std::string const& path) { return "content of " + path; };
    options const set =
        build({read_toml("[[node]]\nname = 'a'\nuri = 'p://u:${env:PW}@h/${file:x}$${env:Z}'\n",
                         {{"PW", "secret"}}, files)});
    EXPECT_EQ(set.nodes.at(0).uri, "p://u:secret@h/content of x${env:Z}");
}

TEST(Load, MistakesInFilesNameTheLine) {
    struct {
        char const* text;
        std::vector<char const*> words;
    } const cases[] = {
        {"listen = 'off'\nbatch-rowz = 5\n",
         {"tandem.toml:2", "batch-rowz", "did you mean 'batch-rows'?"}},
        {"\n\nbatch-rows = 'many'\n", {"tandem.toml:3: batch-rows", "whole number", "'many'"}},
        {"batch-rows = 1.5\n", {"tandem.toml:1: batch-rows", "whole number"}},
        {"batch-delay = 5\n", {"tandem.toml:1: batch-delay", "unit"}},
        {"batch-rows = [1, 2]\n", {"tandem.toml:1", "not a list"}},
        {"spool-dir = 5\n", {"tandem.toml:1: spool-dir", "in quotes"}},
        {"spool-dir = true\n", {"tandem.toml:1: spool-dir", "in quotes"}},
        {"spool-dir = ''\n", {"tandem.toml:1: spool-dir", "a folder (such as /var/tmp)"}},
        {"tables = ['a', 5]\n", {"tandem.toml:1: tables", "in quotes"}},
        {"node = 5\n", {"tandem.toml:1: node", "in quotes"}},
        {"[[node]]\nname = 'a'\nuri = 5\n", {"tandem.toml:3: node.uri", "in quotes"}},
        {"[run]\nbatch-rows = 1\n", {"tandem.toml:1: run: unknown key"}},
        {"[[node]]\nname = 'a'\n", {"tandem.toml:1", "name and uri"}},
        {"[[node]]\nname = 'a'\nurl = 'x'\n", {"tandem.toml:3: node.url", "name and uri"}},
        {"listen = '${env:NONE}'\n", {"tandem.toml:1: listen", "NONE is not set"}},
        {"listen = '${file:x}'\n", {"tandem.toml:1: listen", "cannot read file x"}},
        {"listen = '${x}'\n", {"tandem.toml:1: listen", "${env:NAME}"}},
        {"listen = '${env:'\n", {"tandem.toml:1: listen", "without '}'"}},
        {"listen = \n", {"tandem.toml:1"}},
        {"[[node]\n", {"tandem.toml:1"}},
    };
    for (auto const& each : cases) {
        std::string const why = failure_of([&each] { build_only({read_toml(each.text)}); });
        for (char const* const word : each.words) {
            EXPECT_THAT(why, HasSubstr(word)) << each.text;
        }
    }
}

TEST(Load, ConflictsAreDecidedByOnePolicy) {
    struct {
        char const* text;
        conflict_policy policy;
        char const* winner;
    } const cases[] = {
        {"last-update-wins", conflict_policy::last_update_wins, ""},
        {"node-wins=b", conflict_policy::node_wins, "b"},
        {"error", conflict_policy::error, ""},
        {"apply-remote", conflict_policy::apply_remote, ""},
    };
    for (auto const& each : cases) {
        options const set = build({flag("conflict", {each.text})});
        EXPECT_EQ(set.conflict, each.policy) << each.text;
        EXPECT_EQ(set.winner, each.winner);
        EXPECT_EQ(policy_text(*set.conflict, set.winner), each.text);
        EXPECT_EQ(tells_seen(*set.conflict),
                  !set.winner.empty() || set.conflict == conflict_policy::error);
    }
    for (char const* const text : {"node-wins", "node-wins=", "nodewins=a", "Error", ""}) {
        EXPECT_THAT(
            failure_of([text] { build_only({flag("conflict", {text})}); }),
            HasSubstr("expected one of last-update-wins, node-wins=NODE, error, apply-remote"))
            << text;
    }
}

TEST(Load, PoliciesThatAskWhoHadSeenWhomNeedBothStreamsHere) {
    options set = build({flag("node", {"a=postgresql:///x", "b=postgresql:///y"})});
    auto const refused = [&set] { return failure_of([&set] { validate_nodes(set, 2); }); };
    set.conflict = conflict_policy::node_wins;
    set.winner = "c";
    EXPECT_THAT(refused(), HasSubstr("--conflict node-wins=c: there is no node 'c'"));
    set.winner = "b";
    EXPECT_EQ(refused(), "no failure");
    set.one_way = {"a", "b"};
    EXPECT_THAT(refused(), HasSubstr("--conflict node-wins=b needs both directions"));
    set.one_way.reset();
    set.transport = transport::kafka;
    EXPECT_THAT(refused(),
                HasSubstr("--conflict node-wins=b is possible with --transport direct only"));
    set.conflict = conflict_policy::last_update_wins;
    EXPECT_EQ(refused(), "no failure");
}

TEST(Load, MistakesInFlagsAndVariablesNameThem) {
    EXPECT_THAT(failure_of([] { build_only({flag("batch-rows", {"0"})}); }),
                HasSubstr("--batch-rows: expected"));
    EXPECT_THAT(failure_of([] { build_only({flag("batch-rows", {"1000001"})}); }),
                HasSubstr("1000000"));
    EXPECT_THAT(failure_of([] { build_only({flag("conflict", {"last-update-win"})}); }),
                HasSubstr("did you mean 'last-update-wins'?"));
    variables const from{{"TANDEM_LOG_LEVEL", "loud"}};
    EXPECT_THAT(failure_of([&from] { build_only({from_environment(reading(from))}); }),
                HasSubstr("TANDEM_LOG_LEVEL: expected one of trace"));
}

TEST(Load, NumbersAndTruthsNeedNoQuotesWhereTheyAreValues) {
    options const set = build({read_toml("batch-rows = 3\nstreaming = false\ninit = true\n")});
    EXPECT_EQ(set.batch_rows, 3U);
    EXPECT_FALSE(set.streaming);
    EXPECT_TRUE(set.streaming_named);
    EXPECT_TRUE(set.init);
}

TEST(Load, VariablesThatLookLikeASettingAreNamed) {
    std::vector<std::string> const names{
        "PATH",          "TANDEM_BATCH_ROWS",       "TANDEM_CONFIG", "TANDEM_BATCH_ROW",
        "TANDEM_BINARY", "TANDEM_FAILPOINT_BINARY", "TANDEM_RESULT", "TANDEM_SPOOLDIR",
        "BATCH_ROW",     "TANDEM_NO_SUCH_VARIABLE"};
    EXPECT_THAT(misspelt_variables(names),
                testing::ElementsAre(HasSubstr("TANDEM_BATCH_ROW is not known and has no effect; "
                                               "did you mean TANDEM_BATCH_ROWS?"),
                                     HasSubstr("did you mean TANDEM_SPOOL_DIR?")));
}

TEST(Load, MistakesNeverShowAPassword) {
    for (char const* const text : {"postgres://me:secret@h/db", "=postgres://me:secret@h/db"}) {
        std::string const why = failure_of([text] { build_only({flag("node", {text})}); });
        EXPECT_THAT(why, HasSubstr("NAME=URI")) << text;
        EXPECT_THAT(why, Not(HasSubstr("secret"))) << text;
    }
}

TEST(Load, PropertiesOfKafka) {
    given const file = read_toml("property = ['kafka.client.id=x', 'kafka.sasl.password=a=b;c']\n");
    options const set = build({file});
    std::vector<std::pair<std::string, std::string>> const wanted{{"client.id", "x"},
                                                                  {"sasl.password", "a=b;c"}};
    EXPECT_EQ(set.kafka_properties, wanted);
    EXPECT_EQ(set.compression, "lz4");
    EXPECT_EQ(build({flag("property", {"kafka.client.id="})}).kafka_properties[0].second, "");
    EXPECT_THAT(failure_of([] { build_only({flag("compression", {"zstd9"})}); }),
                HasSubstr("did you mean 'zstd'?"));
}

TEST(Load, PropertiesThatAreRefusedShowNoSecret) {
    struct {
        std::vector<std::string> texts;
        char const* why;
    } const cases[] = {
        {{"kafka.acks=secret"}, "in-sync replicas"},
        {{"kafka.sasl.pasword=secret"}, "nearest is sasl.password"},
        {{"kafka.sasl.mechanism=secret"}, "SCRAM-SHA-512"},
        {{"kafka.compression.codec=secret"}, "--compression"},
        {{"kafka.sasl.password=secret", "kafka.sasl.password=secret"}, "given twice"},
        {{"kafka.sasl.password secret="}, "lower-case letters"},
        {{"kafka.=secret"}, "lower-case letters"},
        {{"pg.password=secret"}, "connection string of --node"},
        {{"secret=x"}, "expected kafka.KEY=VALUE"},
        {{"kafka.secret"}, "expected kafka.KEY=VALUE"},
        {{""}, "expected kafka.KEY=VALUE"},
    };
    for (auto const& each : cases) {
        std::string const why = failure_of([&each] { build_only({flag("property", each.texts)}); });
        EXPECT_THAT(why, HasSubstr(each.why));
        EXPECT_THAT(why, Not(HasSubstr("secret")));
    }
}

TEST(Load, SecretsOfPropertiesComeFromElsewhereInFlagsToo) {
    variables const from{{"PW", "secret;${x}"}, {"TANDEM_PROPERTY", "kafka.client.id=${env:PW}"}};
    file_reader const files = [](std::string const& path) { return "content of " + path; };
    auto const all = flag("property", {"kafka.sasl.password=${env:PW}${file:x}$${"});
    options const set = build({with_secrets(all, reading(from), files)});
    EXPECT_EQ(set.kafka_properties.at(0).second, "secret;${x}content of x${");
    options const other =
        build({with_secrets(from_environment(reading(from)), reading(from), files)});
    EXPECT_EQ(other.kafka_properties.at(0).second, "secret;${x}");
    auto const plain = flag("exclude", {"${env:PW}"});
    EXPECT_EQ(with_secrets(plain, reading(from), files).at("exclude")[0].text, "${env:PW}");
    auto const wrong = flag("property", {"kafka.sasl.password=secret${x}secret"});
    std::string const why =
        failure_of([&] { static_cast<void>(with_secrets(wrong, reading(from), files)); });
    EXPECT_THAT(why, HasSubstr("--property: only ${env:NAME} and ${file:PATH}"));
    EXPECT_THAT(why, Not(HasSubstr("secret")));
}

TEST(Load, EverySettingHasHelpWithItsDefault) {
    for (setting const& each : settings()) {
        bool const told = each.help.find("efault") != std::string::npos;
        EXPECT_TRUE(told) << each.name << ": " << each.help;
        EXPECT_EQ(find_setting(each.name), &each);
    }
    EXPECT_EQ(environment_name("batch-rows"), "TANDEM_BATCH_ROWS");
    EXPECT_EQ(find_setting("no-such"), nullptr);
}

TEST(Load, Until) {
    EXPECT_TRUE(build({flag("until", {"caught-up"})}).until_caught_up);
    EXPECT_EQ(build({flag("until", {"30s"})}).until, std::chrono::seconds{30});
    EXPECT_THAT(failure_of([] { build_only({flag("until", {"30"})}); }), HasSubstr("unit"));
}

options with_nodes(std::vector<std::pair<std::string, std::string>> const& nodes) {
    options set;
    for (auto const& [name, uri] : nodes) {
        set.nodes.push_back({name, uri, static_cast<int>(set.nodes.size())});
    }
    return set;
}

TEST(Validate, Nodes) {
    EXPECT_NO_THROW(validate_nodes(with_nodes({{"a", "x"}, {"b_2", "y"}}), 2));
    EXPECT_NO_THROW(validate_nodes(with_nodes({{"abcdefghijklmnopqrst", "x"}}), 1));
    struct {
        std::vector<std::pair<std::string, std::string>> nodes;
        char const* why;
    } const cases[] = {
        {{{"a", "x"}}, "1 of 2 nodes"},
        {{{"a", "x"}, {"b", "y"}, {"c", "z"}}, "3 nodes given; this version syncs two"},
        {{{"A", "x"}, {"b", "y"}}, "node name 'A'"},
        {{{"1a", "x"}, {"b", "y"}}, "node name '1a'"},
        {{{"a-b", "x"}, {"b", "y"}}, "node name 'a-b'"},
        {{{"abcdefghijklmnopqrstu", "x"}, {"b", "y"}}, "at most 20"},
        {{{"a", "x"}, {"a", "y"}}, "given twice"},
        {{{"a", "x"}, {"b", "x"}}, "same connection string"},
    };
    for (auto const& each : cases) {
        EXPECT_THAT(failure_of([&each] { validate_nodes(with_nodes(each.nodes), 2); }),
                    HasSubstr(each.why));
    }
}

TEST(Validate, OneWay) {
    options set = with_nodes({{"a", "x"}, {"b", "y"}});
    set.one_way.emplace("a", "b");
    EXPECT_NO_THROW(validate_nodes(set, 2));
    ASSERT_EQ(directions(set).size(), 1U);
    set.one_way.emplace("a", "c");
    EXPECT_THAT(failure_of([&set] { validate_nodes(set, 2); }), HasSubstr("no node 'c'"));
    set.one_way.emplace("a", "a");
    EXPECT_THAT(failure_of([&set] { validate_nodes(set, 2); }), HasSubstr("same node"));
}

TEST(Validate, BothWaysAreTwoDirections) {
    auto const both = directions(with_nodes({{"a", "x"}, {"b", "y"}}));
    ASSERT_EQ(both.size(), 2U);
    EXPECT_EQ(both[0].source + both[0].target + both[1].source + both[1].target, "abba");
}

TEST(Validate, ListenAddresses) {
    struct {
        char const* text;
        char const* host;
        int port;
        bool loopback;
    } const cases[] = {
        {"127.0.0.1:8083", "127.0.0.1", 8083, true},
        {"localhost:0", "localhost", 0, true},
        {"[::1]:80", "::1", 80, true},
        {"0.0.0.0:80", "0.0.0.0", 80, false},
        {"[::]:80", "::", 80, false},
        {"127.example.com:80", "127.example.com", 80, false},
    };
    for (auto const& each : cases) {
        listen_address const read = parse_listen(each.text);
        EXPECT_EQ(read.host, each.host);
        EXPECT_EQ(read.port, each.port);
        EXPECT_EQ(read.loopback, each.loopback) << each.text;
    }
    for (char const* const wrong :
         {"8083", ":8083", "localhost:", "::1:80", "h:70000", "h:8o", "[]:1", ""}) {
        EXPECT_THROW(static_cast<void>(parse_listen(wrong)), config_error) << wrong;
    }
}

TEST(Validate, Run) {
    options set;
    EXPECT_NO_THROW(validate_run(set));
    set.listen = "0.0.0.0:8083";
    EXPECT_THAT(failure_of([&set] { validate_run(set); }), HasSubstr("--insecure-listen"));
    set.insecure_listen = true;
    EXPECT_NO_THROW(validate_run(set));
    set.kafka_properties.emplace_back("client.id", "x");
    EXPECT_THAT(failure_of([&set] { validate_run(set); }), HasSubstr("kafka.client.id"));
    set.transport = transport::kafka;
    set.brokers = "h:9092";
    EXPECT_NO_THROW(validate_run(set));
    set.batch_bytes = set.queue_bytes + 1;
    EXPECT_THAT(failure_of([&set] { validate_run(set); }), HasSubstr("--queue-bytes"));
}

TEST(Nearest, IsNearOrNothing) {
    std::vector<std::string> const known{"--batch-rows", "--batch-bytes", "--listen"};
    EXPECT_EQ(nearest("--batch-row", known), "--batch-rows");
    EXPECT_EQ(nearest("--bacth-bytes", known), "--batch-bytes");
    EXPECT_EQ(nearest("--lsiten", known), "--listen");
    EXPECT_EQ(nearest("--completely-else", known), std::nullopt);
    EXPECT_EQ(nearest("", known), std::nullopt);
}

} // namespace
} // namespace tandem::engine
