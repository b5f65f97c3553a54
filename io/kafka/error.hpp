#pragma once
// What goes wrong with Kafka.

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>

namespace tandem::io::kafka {

enum class errc {
    unreachable,     // no broker answers: refused, unknown host, connection lost, no leader yet
    timed_out,       // a deadline passed
    cancelled,       // our own coroutine was cancelled while it waited
    not_permitted,   // authentication, TLS or authorization: the cluster does not let us
    configuration,   // a property, topic setting or request that cannot be
    no_topic,        // the topic or its partition does not exist
    topic_exists,    // create_topic() found it there
    out_of_range,    // the log does not have the asked-for offset (any more, or yet)
    record_refused,  // one record is at fault: too large, or refused by the topic's rules
    unknown_outcome, // sent, and whether it is in the log nobody can say
    other,           // everything else; `name` says what
};

// Who can cure a failure. Decided from errc alone.
enum class retry_class {
    transient,     // brokers away, leader elections, time-outs: again
    record,        // the record or the limits of its topic: again would fail again
    rebuild,       // the producer's state is void: read the log's tail, start a new one
    missing_topic, // create it, or correct the name
    lost_position, // the log no longer has what was asked for: a gap, never to be jumped
    operator_,     // credentials, certificates, rights, configuration: a person has to act
};

// `name` is librdkafka's own ("MSG_SIZE_TOO_LARGE", "_TRANSPORT"), empty where the error is ours.
// `message` is one sentence without secrets, safe to log and to show.
struct error {
    errc code = errc::other;
    std::string name;
    std::string message;

    [[nodiscard]] retry_class classify() const noexcept;
};

[[noreturn]] void throw_exception_from_error(error const& failed,
                                             boost::source_location const& where);

template <class T>
using result = boost::system::result<T, error>;

// `number`: an rd_kafka_resp_err_t. `text`: librdkafka's words, without secrets; empty: its standard
// sentence for the number.
[[nodiscard]] error make_error(int number, std::string text = {});

// Of a failed delivery report. What is neither the record's, the topic's nor the operator's fault is
// errc::unknown_outcome, also where librdkafka believes that the record was not stored: its
// successors may have been.
[[nodiscard]] error make_delivery_error(int number);

[[nodiscard]] error cancelled_error();

} // namespace tandem::io::kafka
