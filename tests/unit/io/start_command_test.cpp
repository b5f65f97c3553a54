#include "io/pg/replication_stream.hpp"

#include <gtest/gtest.h>

namespace tandem::io::pg {
namespace {

stream_options everything() {
    stream_options set;
    set.slot = "tandem_a_b";
    set.start = lsn{0x16B374D848};
    set.publications = {"tandem"};
    set.binary = set.messages = set.origin_none = true;
    return set;
}

TEST(StartCommand, OptionsFollowTheServersVersion) {
    auto const set = everything();
    std::string const plain = "START_REPLICATION SLOT \"tandem_a_b\" LOGICAL 16/B374D848 "
                              "(proto_version '1', publication_names '\"tandem\"'";
    EXPECT_EQ(start_command(set, 120022), plain + ")");
    EXPECT_EQ(start_command(set, 130014), plain + ")");
    EXPECT_EQ(start_command(set, 140000), plain + ", binary 'true', messages 'true')");
    EXPECT_EQ(start_command(set, 150020), plain + ", binary 'true', messages 'true')");
    EXPECT_EQ(start_command(set, 160000),
              plain + ", binary 'true', messages 'true', origin 'none')");
    EXPECT_EQ(start_command(set, 180000),
              plain + ", binary 'true', messages 'true', origin 'none')");
}

TEST(StartCommand, OnlyWhatIsAskedFor) {
    stream_options set;
    set.slot = "s";
    set.publications = {"p"};
    EXPECT_EQ(start_command(set, 180000),
              "START_REPLICATION SLOT \"s\" LOGICAL 0/0 (proto_version '1', "
              "publication_names '\"p\"')");
}

TEST(StartCommand, StreamingNeedsProtocolTwo) {
    stream_options set;
    set.slot = "s";
    set.publications = {"p"};
    set.streaming = true;
    EXPECT_EQ(start_command(set, 130014),
              "START_REPLICATION SLOT \"s\" LOGICAL 0/0 (proto_version '1', "
              "publication_names '\"p\"')");
    EXPECT_EQ(start_command(set, 140000),
              "START_REPLICATION SLOT \"s\" LOGICAL 0/0 (proto_version '2', "
              "publication_names '\"p\"', streaming 'on')");
}

TEST(StartCommand, NamesAreQuotedForBothLevels) {
    auto set = everything();
    set.publications = {"it's", "say \"hi\"", "a,b"};
    EXPECT_EQ(start_command(set, 120000),
              "START_REPLICATION SLOT \"tandem_a_b\" LOGICAL 16/B374D848 (proto_version '1', "
              "publication_names '\"it''s\",\"say \"\"hi\"\"\",\"a,b\"')");
}

} // namespace
} // namespace tandem::io::pg
