#include "io/kafka/error.hpp"

#include <gmock/gmock.h>
#include <librdkafka/rdkafka.h>

namespace tandem::io::kafka {
namespace {

using testing::HasSubstr;

struct named_error {
    rd_kafka_resp_err_t number;
    char const* name;
    errc code;
    retry_class who;
};

void PrintTo(named_error const& each, std::ostream* out) {
    *out << each.name;
}

class KafkaError : public testing::TestWithParam<named_error> {};

TEST_P(KafkaError, HasACodeAndSomeoneToCureIt) {
    auto const expected = GetParam();
    auto const made = make_error(expected.number);
    EXPECT_EQ(made.name, expected.name);
    EXPECT_EQ(made.code, expected.code);
    EXPECT_EQ(made.classify(), expected.who);
    EXPECT_FALSE(made.message.empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, KafkaError,
    testing::Values(
        named_error{RD_KAFKA_RESP_ERR__TRANSPORT, "_TRANSPORT", errc::unreachable,
                    retry_class::transient},
        named_error{RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "_ALL_BROKERS_DOWN", errc::unreachable,
                    retry_class::transient},
        named_error{RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, "NOT_LEADER_FOR_PARTITION",
                    errc::unreachable, retry_class::transient},
        named_error{RD_KAFKA_RESP_ERR__TIMED_OUT, "_TIMED_OUT", errc::timed_out,
                    retry_class::transient},
        named_error{RD_KAFKA_RESP_ERR__AUTHENTICATION, "_AUTHENTICATION", errc::not_permitted,
                    retry_class::operator_},
        named_error{RD_KAFKA_RESP_ERR__SSL, "_SSL", errc::not_permitted, retry_class::operator_},
        named_error{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "TOPIC_AUTHORIZATION_FAILED",
                    errc::not_permitted, retry_class::operator_},
        named_error{RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, "INVALID_REPLICATION_FACTOR",
                    errc::configuration, retry_class::operator_},
        named_error{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "UNKNOWN_TOPIC_OR_PART",
                    errc::no_topic, retry_class::missing_topic},
        named_error{RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, "TOPIC_ALREADY_EXISTS",
                    errc::topic_exists, retry_class::operator_},
        named_error{RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, "_AUTO_OFFSET_RESET", errc::out_of_range,
                    retry_class::lost_position},
        named_error{RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "MSG_SIZE_TOO_LARGE",
                    errc::record_refused, retry_class::record},
        named_error{RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, "_MSG_TIMED_OUT", errc::unknown_outcome,
                    retry_class::rebuild},
        named_error{RD_KAFKA_RESP_ERR__FATAL, "_FATAL", errc::unknown_outcome,
                    retry_class::rebuild},
        named_error{RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "OUT_OF_ORDER_SEQUENCE_NUMBER",
                    errc::unknown_outcome, retry_class::rebuild},
        named_error{RD_KAFKA_RESP_ERR_UNKNOWN, "UNKNOWN", errc::other, retry_class::transient}),
    [](auto const& one) {
        std::string name = one.param.name;
        return name.front() == '_' ? "Local" + name : name;
    });

TEST(KafkaDeliveryError, IsUnknownUnlessSomeoneIsAtFault) {
    EXPECT_EQ(make_delivery_error(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE).code, errc::record_refused);
    EXPECT_THAT(make_delivery_error(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE).message,
                HasSubstr("max.message.bytes"));
    EXPECT_EQ(make_delivery_error(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC).code, errc::no_topic);
    EXPECT_EQ(make_delivery_error(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED).code,
              errc::not_permitted);
    for (auto const number :
         {RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR_UNKNOWN,
          RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
          RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS}) {
        auto const made = make_delivery_error(number);
        EXPECT_EQ(made.classify(), retry_class::rebuild) << made.name;
        EXPECT_THAT(made.message, HasSubstr("the log's tail says which")) << made.name;
    }
}

TEST(KafkaError, OwnWordsStay) {
    auto const made = make_error(RD_KAFKA_RESP_ERR__TRANSPORT, "broker:1: refused");
    EXPECT_EQ(made.message, "broker:1: refused");
    EXPECT_EQ(cancelled_error().code, errc::cancelled);
}

} // namespace
} // namespace tandem::io::kafka
