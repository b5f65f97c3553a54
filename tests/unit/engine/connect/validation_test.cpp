#include "engine/connect/validation.hpp"

#include "engine/connect/java_hash.hpp"
#include "engine/connect/plugins.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::connect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

property_map source(property_map more = {}) {
    property_map made{{"name", "n"},
                      {"connector.class", "io.debezium.connector.postgresql.PostgresConnector"},
                      {"database.hostname", "h"},
                      {"database.user", "u"},
                      {"database.dbname", "d"},
                      {"topic.prefix", "p"}};
    for (auto& [name, value] : more) {
        made[name] = value;
    }
    return made;
}

string_list errors_of(config_verdict const& of) {
    string_list made;
    for (auto const& each : of.settings) {
        if (each.verdict) {
            made.insert(made.end(), each.verdict->errors.begin(), each.verdict->errors.end());
        }
    }
    return made;
}

string_list errors_of(property_map const& given, string_list const& nulls = {}) {
    auto const of = connector_class(given);
    EXPECT_TRUE(of.has_value());
    auto const made = validate(**of, given, nulls, {"group"});
    auto errors = errors_of(made);
    EXPECT_EQ(made.errors, static_cast<int>(errors.size()));
    return errors;
}

TEST(Validation, AGoodOneHasNoErrors) {
    EXPECT_THAT(errors_of(source()), IsEmpty());
    EXPECT_THAT(errors_of(source({{"connector.class", "PostgresConnector"}})), IsEmpty());
    EXPECT_THAT(errors_of(source({{"connector.class", "Postgres"}})), IsEmpty());
}

TEST(Validation, SaysWhatConnectSays) {
    struct named {
        property_map more;
        string_list said;
    };
    for (auto const& [more, said] : std::initializer_list<named>{
             {{{"database.port", "x"}},
              {"The 'database.port' value is invalid: An integer is expected",
               "The 'database.port' value is invalid: An integer is expected"}},
             {{{"slot.name", "A"}},
              {"The 'slot.name' value is invalid: Valid replication slot name must contain only "
               "digits, lowercase characters and underscores with length <= 63"}},
             {{{"decimal.handling.mode", "exact"}},
              {"The 'decimal.handling.mode' value is invalid: Value must be one of string, double, "
               "precise"}},
             {{{"table.include.list", "a"}, {"table.exclude.list", "b"}},
              {"The 'table.exclude.list' value is invalid: \"table.include.list\" is already "
               "specified"}},
             {{{"max.queue.size", "1"}},
              {"The 'max.queue.size' value is invalid: Must be larger than the maximum batch "
               "size"}},
             {{{"tasks.max", "0"}},
              {"Invalid value 0 for configuration tasks.max: Value must be at least 1"}},
             {{{"transforms", "a"}},
              {"Missing required configuration \"transforms.a.type\" which has no default value."}},
             {{{"value.converter", "io.confluent.connect.avro.AvroConverter"}},
              {"Invalid value io.confluent.connect.avro.AvroConverter for configuration "
               "value.converter: Class io.confluent.connect.avro.AvroConverter could not be found. "
               "Avro is not supported yet; org.apache.kafka.connect.json.JsonConverter is."}},
             {{{"key.converter", "org.apache.kafka.connect.transforms.RegexRouter"}},
              {"Class class org.apache.kafka.connect.transforms.RegexRouter does not implement the "
               "Converter interface"}},
             {{{"transforms", "a"},
               {"transforms.a.type", "org.apache.kafka.connect.transforms.MaskField"}},
              {"This class is abstract and cannot be created. Did you mean "
               "org.apache.kafka.connect.transforms.MaskField$Value, "
               "org.apache.kafka.connect.transforms.MaskField$Key?"}},
         }) {
        EXPECT_EQ(errors_of(source(more)), said);
    }
    EXPECT_THAT(errors_of(source(), {"some"}),
                ElementsAre("Null value can not be supplied as the configuration value."));
}

TEST(Validation, ASinkHasTopics) {
    property_map given{{"name", "n"},
                       {"connector.class", "io.debezium.connector.jdbc.JdbcSinkConnector"}};
    auto const* const missing = "Must configure one of topics or topics.regex";
    EXPECT_THAT(errors_of(given), ElementsAre(missing, missing));
    given["topics"] = "a,b";
    EXPECT_THAT(errors_of(given), IsEmpty());
    given["errors.deadletterqueue.topic.name"] = "b";
    EXPECT_THAT(errors_of(given),
                ElementsAre("The DLQ topic 'b' may not be included in the list of topics "
                            "('topics=[a, b]') consumed by the connector"));
}

TEST(Validation, NoClassAndSecretsStaySecret) {
    auto const none = connector_class({{"a", "b"}, {"database.password", "hush"}});
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().status, 400);
    EXPECT_EQ(none.error().what,
              "Connector config {a=b, database.password=[hidden]} contains no connector type");
    auto const unknown = connector_class({{"connector.class", "no.such"}});
    ASSERT_FALSE(unknown.has_value());
    EXPECT_EQ(unknown.error().status, 500);
    EXPECT_THAT(unknown.error().what, HasSubstr("which name matches no.such"));
}

TEST(Validation, TheSentenceOfTheDocument) {
    auto given = source();
    auto made = validate(**connector_class(given), given, {}, {});
    made.object("database.hostname", "Error while validating connector config: Connection refused");
    EXPECT_EQ(made.sentence(),
              "Connector configuration is invalid and contains the following 1 error(s):\n"
              "Error while validating connector config: Connection refused\n"
              "You can also find the above list of errors at the endpoint "
              "`/connector-plugins/{connectorType}/config/validate`");
}

TEST(JavaHash, OrdersAsAHashSetDoes) {
    EXPECT_THAT(in_hash_order({"precise", "string", "double"}),
                ElementsAre("string", "double", "precise"));
    EXPECT_THAT(in_hash_order({"REQUESTED", "REQUIRED"}), ElementsAre("REQUIRED", "REQUESTED"));
}

} // namespace
} // namespace tandem::connect
