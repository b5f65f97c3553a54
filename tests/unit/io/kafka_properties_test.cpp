#include "io/kafka/properties.hpp"

#include <gmock/gmock.h>

namespace tandem::io::kafka {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(KafkaProperties, TakesWhatIsTheUsers) {
    for (auto const& [name, value] : properties{{"security.protocol", "sasl_ssl"},
                                                {"ssl.ca.location", "/etc/ca.pem"},
                                                {"sasl.mechanism", "SCRAM-SHA-512"},
                                                {"sasl.mechanisms", "PLAIN"},
                                                {"sasl.password", "sesame"},
                                                {"compression.type", "zstd"},
                                                {"linger.ms", "20"},
                                                {"max.in.flight", "5"},
                                                {"queued.max.messages.kbytes", "65536"},
                                                {"client.id", "mine"}}) {
        EXPECT_EQ(property_problem(name, value), std::nullopt) << name;
    }
}

TEST(KafkaProperties, RefusesWhatPromisesRestOnAndSaysWhy) {
    struct refusal {
        char const* name;
        char const* why;
    };
    for (auto const& [name, why] : {refusal{"acks", "in-sync replicas"},
                                    {"enable.idempotence", "once and in order"},
                                    {"message.timeout.ms", "behind a hole"},
                                    {"retries", "behind a hole"},
                                    {"transactional.id", "without Kafka's transactions"},
                                    {"partitioner", "partition"},
                                    {"enable.auto.commit", "in the transaction of the data"},
                                    {"auto.offset.reset", "gap"},
                                    {"group.id", "lease"},
                                    {"group.instance.id", "lease"},
                                    {"bootstrap.servers", "option of their own"},
                                    {"debug", "credentials"},
                                    {"plugin.library.paths", "foreign code"},
                                    {"sasl.kerberos.keytab", "Kerberos"},
                                    {"sasl.oauthbearer.client.secret", "OAuth"},
                                    {"ssl.truststore.location", "ssl.ca.location"},
                                    {"sasl.jaas.config", "sasl.username"},
                                    {"dr_msg_cb", "wiring"},
                                    {"enabled_events", "wiring"}}) {
        auto const problem = property_problem(name, "sesame");
        ASSERT_TRUE(problem.has_value()) << name;
        EXPECT_THAT(*problem, HasSubstr(name));
        EXPECT_THAT(*problem, HasSubstr(why));
        EXPECT_THAT(*problem, Not(HasSubstr("sesame")));
    }
}

TEST(KafkaProperties, NamesTheNearestOne) {
    EXPECT_THAT(*property_problem("sasl.pasword", "sesame"), HasSubstr("nearest is sasl.password"));
    EXPECT_THAT(*property_problem("linger_ms", "5"), HasSubstr("nearest is linger.ms"));
    EXPECT_THAT(*property_problem("compression", "lz4"), HasSubstr("nearest is compression."));
    EXPECT_THAT(*property_problem("", ""), HasSubstr("there is no Kafka property"));
    EXPECT_THAT(*property_problem("sasl.pasword", "sesame"), Not(HasSubstr("sesame")));
}

TEST(KafkaProperties, ChecksValuesThatOrderAndSupportRestOn) {
    for (char const* bad : {"0", "6", "10", "", "x"}) {
        EXPECT_TRUE(property_problem("max.in.flight.requests.per.connection", bad)) << bad;
    }
    EXPECT_TRUE(property_problem("sasl.mechanism", "GSSAPI"));
    EXPECT_TRUE(property_problem("sasl.mechanisms", "OAUTHBEARER"));
}

TEST(KafkaProperties, GoToTheClientsThatKnowThem) {
    EXPECT_TRUE(property_serves("linger.ms", role::producer));
    EXPECT_FALSE(property_serves("linger.ms", role::consumer));
    EXPECT_FALSE(property_serves("linger.ms", role::admin));
    EXPECT_TRUE(property_serves("fetch.min.bytes", role::consumer));
    EXPECT_FALSE(property_serves("fetch.min.bytes", role::producer));
    for (auto const client : {role::producer, role::consumer, role::admin}) {
        EXPECT_TRUE(property_serves("sasl.password", client));
        EXPECT_FALSE(property_serves("no.such.thing", client));
    }
}

TEST(KafkaProperties, SecretsAreFoundAndRemoved) {
    properties const set{{"sasl.username", "ali"},
                         {"sasl.password", "open"},
                         {"ssl.key.password", "open sesame"},
                         {"ssl.key.pem", ""},
                         {"linger.ms", "5"}};
    auto const secrets = secrets_of(set);
    EXPECT_THAT(secrets, ElementsAre("open sesame", "open"));
    EXPECT_EQ(redact("ali says open sesame, open and ope", secrets), "ali says ***, *** and ope");
    EXPECT_EQ(redact("openopen", secrets), "******");
    EXPECT_EQ(redact("", secrets), "");
    EXPECT_EQ(redact("as it was", {}), "as it was");
    EXPECT_EQ(redact("as it was", {""}), "as it was");
    for (char const* name : {"sasl.password", "ssl.key.password", "ssl.key.pem",
                             "ssl.keystore.password", "what.we.do.not.know"}) {
        EXPECT_TRUE(property_is_secret(name)) << name;
    }
    EXPECT_FALSE(property_is_secret("sasl.username"));
    EXPECT_FALSE(property_is_secret("ssl.key.location"));
}

} // namespace
} // namespace tandem::io::kafka
