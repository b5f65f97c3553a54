#include "io/kafka/error.hpp"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace tandem::io::kafka {

namespace {

struct known_error {
    rd_kafka_resp_err_t number;
    errc code;
};

constexpr known_error known_errors[] = {
    {RD_KAFKA_RESP_ERR__TRANSPORT, errc::unreachable},
    {RD_KAFKA_RESP_ERR__RESOLVE, errc::unreachable},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, errc::unreachable},
    {RD_KAFKA_RESP_ERR__WAIT_COORD, errc::unreachable},
    {RD_KAFKA_RESP_ERR__WAIT_CACHE, errc::unreachable},
    {RD_KAFKA_RESP_ERR__NODE_UPDATE, errc::unreachable},
    {RD_KAFKA_RESP_ERR__UNKNOWN_BROKER, errc::unreachable},
    {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, errc::unreachable},
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, errc::unreachable},
    {RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, errc::unreachable},
    {RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, errc::unreachable},
    {RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, errc::unreachable},
    {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, errc::unreachable},
    {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, errc::unreachable},
    {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, errc::unreachable},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, errc::unreachable},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, errc::unreachable},
    {RD_KAFKA_RESP_ERR_NOT_CONTROLLER, errc::unreachable},
    {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, errc::unreachable},
    {RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, errc::unreachable},
    {RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, errc::unreachable},
    {RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, errc::unreachable},
    {RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, errc::unreachable},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, errc::timed_out},
    {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, errc::timed_out},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, errc::timed_out},
    {RD_KAFKA_RESP_ERR__SSL, errc::not_permitted},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, errc::not_permitted},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, errc::not_permitted},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, errc::not_permitted},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, errc::not_permitted},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, errc::not_permitted},
    {RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, errc::not_permitted},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, errc::not_permitted},
    {RD_KAFKA_RESP_ERR_SECURITY_DISABLED, errc::not_permitted},
    {RD_KAFKA_RESP_ERR__INVALID_ARG, errc::configuration},
    {RD_KAFKA_RESP_ERR__NOT_CONFIGURED, errc::configuration},
    {RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, errc::configuration},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, errc::configuration},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, errc::configuration},
    {RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, errc::configuration},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, errc::configuration},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT, errc::configuration},
    {RD_KAFKA_RESP_ERR_INVALID_CONFIG, errc::configuration},
    {RD_KAFKA_RESP_ERR_INVALID_REQUEST, errc::configuration},
    {RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS, errc::configuration},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, errc::configuration},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, errc::configuration},
    {RD_KAFKA_RESP_ERR_TOPIC_DELETION_DISABLED, errc::configuration},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, errc::no_topic},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, errc::no_topic},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, errc::no_topic},
    {RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, errc::topic_exists},
    {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, errc::out_of_range},
    {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, errc::out_of_range},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, errc::record_refused},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, errc::record_refused},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, errc::record_refused},
    {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, errc::record_refused},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, errc::unknown_outcome},
    {RD_KAFKA_RESP_ERR__PURGE_QUEUE, errc::unknown_outcome},
    {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, errc::unknown_outcome},
    {RD_KAFKA_RESP_ERR__FATAL, errc::unknown_outcome},
    {RD_KAFKA_RESP_ERR__INCONSISTENT, errc::unknown_outcome},
    {RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE, errc::unknown_outcome},
    {RD_KAFKA_RESP_ERR__FENCED, errc::unknown_outcome},
    {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, errc::unknown_outcome},
    {RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER, errc::unknown_outcome},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, errc::unknown_outcome},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, errc::unknown_outcome},
    {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, errc::unknown_outcome},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, errc::unknown_outcome},
};

errc code_of(rd_kafka_resp_err_t number) {
    auto const* const found =
        std::find_if(std::begin(known_errors), std::end(known_errors),
                     [number](auto const& one) { return one.number == number; });
    return found != std::end(known_errors) ? found->code : errc::other;
}

} // namespace

retry_class error::classify() const noexcept {
    switch (code) {
    case errc::unreachable:
    case errc::timed_out:
    case errc::cancelled:
    case errc::other:
        return retry_class::transient;
    case errc::not_permitted:
    case errc::configuration:
    case errc::topic_exists:
        return retry_class::operator_;
    case errc::no_topic:
        return retry_class::missing_topic;
    case errc::out_of_range:
        return retry_class::lost_position;
    case errc::record_refused:
        return retry_class::record;
    case errc::unknown_outcome:
        return retry_class::rebuild;
    }
    return retry_class::transient;
}

void throw_exception_from_error(error const& failed, boost::source_location const& where) {
    throw std::runtime_error{
        fmt::format("{} ({}:{})", failed.message, where.file_name(), where.line())};
}

error make_error(int number, std::string text) {
    auto const known = static_cast<rd_kafka_resp_err_t>(number);
    error failed;
    failed.code = code_of(known);
    failed.name = rd_kafka_err2name(known);
    failed.message = text.empty() ? rd_kafka_err2str(known) : std::move(text);
    return failed;
}

error make_delivery_error(int number) {
    auto failed = make_error(number);
    switch (failed.code) {
    case errc::record_refused:
        // librdkafka sends many records as one; the limit is the topic's, for all of them together.
        failed.message = fmt::format(
            "the broker refused records ({}): one of them, or batch.size, is above the topic's "
            "max.message.bytes, or it breaks a rule of the topic",
            failed.message);
        break;
    case errc::no_topic:
    case errc::not_permitted:
        break;
    default:
        failed.code = errc::unknown_outcome;
        failed.message = fmt::format("records may or may not have reached the log ({}): the log's "
                                     "tail says which",
                                     failed.message);
    }
    return failed;
}

error cancelled_error() {
    error failed;
    failed.code = errc::cancelled;
    failed.message = "the wait for Kafka was cancelled";
    return failed;
}

} // namespace tandem::io::kafka
