#include "io/kafka/admin.hpp"

#include "io/kafka/admin_question.hpp"
#include "io/kafka/helper_thread.hpp"
#include "io/runtime/deadline.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tandem::io::kafka {

namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

template <auto Destroy>
struct deleter {
    template <class T>
    void operator()(T* held) const noexcept {
        Destroy(held);
    }
};
using new_topic_handle = std::unique_ptr<rd_kafka_NewTopic_t, deleter<rd_kafka_NewTopic_destroy>>;
using delete_topic_handle =
    std::unique_ptr<rd_kafka_DeleteTopic_t, deleter<rd_kafka_DeleteTopic_destroy>>;
using resource_handle =
    std::unique_ptr<rd_kafka_ConfigResource_t, deleter<rd_kafka_ConfigResource_destroy>>;
using delete_records_handle =
    std::unique_ptr<rd_kafka_DeleteRecords_t, deleter<rd_kafka_DeleteRecords_destroy>>;
using list_handle = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                    deleter<rd_kafka_topic_partition_list_destroy>>;

std::string words(char const* text) {
    return text != nullptr ? text : "";
}

milliseconds left_until(clock::time_point limit) {
    auto const left = std::chrono::duration_cast<milliseconds>(limit - clock::now());
    return std::max(left, milliseconds{1});
}

// Of the answer to a request for one topic.
result<void> only_result(rd_kafka_topic_result_t const** results, std::size_t count) {
    for (std::size_t at = 0; at < count; ++at) {
        if (auto const failed = rd_kafka_topic_result_error(results[at])) {
            return make_error(failed, words(rd_kafka_topic_result_error_string(results[at])));
        }
    }
    return boost::system::in_place_value;
}

topic_configs configs_of(rd_kafka_ConfigResource_t const* resource) {
    topic_configs found;
    std::size_t count = 0;
    auto const* const* entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (std::size_t at = 0; at < count; ++at) {
        if (rd_kafka_ConfigEntry_is_sensitive(entries[at]) == 0) {
            topic_config one;
            one.value = words(rd_kafka_ConfigEntry_value(entries[at]));
            one.by_default = rd_kafka_ConfigEntry_source(entries[at]) !=
                             RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
            found.emplace(words(rd_kafka_ConfigEntry_name(entries[at])), std::move(one));
        }
    }
    return found;
}

// `partitions`: -1, as many as the brokers make by default.
bool led(cluster_metadata const& seen, int partitions) {
    if (seen.topics.empty()) {
        return false;
    }
    auto const there = seen.topics.front().partitions.size();
    return (partitions < 0 ? there > 0 : there == static_cast<std::size_t>(partitions)) &&
           std::all_of(seen.topics.front().partitions.begin(), seen.topics.front().partitions.end(),
                       [](auto const& one) { return one.leader >= 0; });
}

} // namespace

result<std::unique_ptr<admin>> admin::open(asio::any_io_executor executor, std::string brokers,
                                           properties set, listener tell) {
    client_options options;
    options.brokers = std::move(brokers);
    options.set = set;
    options.presets = {{"client.id", "tandem"}, {"reconnect.backoff.max.ms", "1000"}};
    // Bounds what runs on the helper thread.
    options.promises = {{"socket.timeout.ms", "3000"}};
    options.tell = std::move(tell);
    auto client = handle::open(executor, role::admin, std::move(options));
    if (!client) {
        return client.error();
    }
    return std::unique_ptr<admin>{
        new admin{std::move(executor), std::move(*client), std::move(set)}};
}

admin::admin(asio::any_io_executor executor, std::unique_ptr<handle> client, properties set)
    : executor_{std::move(executor)},
      client_{std::move(client)},
      set_{std::move(set)},
      helper_{std::make_unique<helper_thread>()} {}

admin::~admin() = default;

error admin::timed_out(std::string_view what, milliseconds timeout) const {
    error failed;
    failed.code = errc::timed_out;
    failed.message = fmt::format("Kafka did not answer {} within {} ms", what, timeout.count());
    if (!client_->last_complaint().empty()) {
        failed.message += fmt::format(" (last: {})", client_->last_complaint());
    }
    return failed;
}

admin::options_handle admin::request(rd_kafka_admin_op_t what, milliseconds timeout) {
    options_handle made{rd_kafka_AdminOptions_new(client_->native(), what)};
    std::array<char, 256> complaint{};
    auto const limit =
        static_cast<int>(std::clamp<milliseconds::rep>(timeout.count(), 1, 3'600'000));
    rd_kafka_AdminOptions_set_request_timeout(made.get(), limit, complaint.data(),
                                              complaint.size());
    if (what == RD_KAFKA_ADMIN_OP_CREATETOPICS || what == RD_KAFKA_ADMIN_OP_DELETETOPICS ||
        what == RD_KAFKA_ADMIN_OP_DELETERECORDS) {
        rd_kafka_AdminOptions_set_operation_timeout(made.get(), limit, complaint.data(),
                                                    complaint.size());
    }
    // Answers to requests that were given up may still come.
    rd_kafka_AdminOptions_set_opaque(made.get(), reinterpret_cast<void*>(++last_request_));
    return made;
}

awaitable<result<event_handle>> admin::answer(milliseconds timeout) {
    // librdkafka's own time-out is the better one, as it knows what it waited for.
    deadline const limit{executor_, timeout + milliseconds{500}, [this] { client_->interrupt(); }};
    client_->forget_outage();
    for (;;) {
        while (auto event = client_->next_event()) {
            auto const tag = reinterpret_cast<std::uintptr_t>(rd_kafka_event_opaque(event.get()));
            if (tag != last_request_) {
                continue;
            }
            if (auto const failed = rd_kafka_event_error(event.get())) {
                auto const told = words(rd_kafka_event_error_string(event.get()));
                if (client_->outage()) {
                    co_return *client_->outage();
                }
                auto why = make_error(failed, told);
                if (why.code == errc::timed_out) {
                    why = timed_out("the request", timeout);
                }
                co_return why;
            }
            co_return event;
        }
        if (client_->outage()) {
            co_return *client_->outage();
        }
        auto const waited = co_await client_->wait();
        if (limit.expired()) {
            co_return timed_out("the request", timeout);
        }
        if (!waited) {
            co_return waited.error();
        }
    }
}

awaitable<result<void>> admin::ask(std::shared_ptr<question> what, milliseconds timeout) {
    what->owner = client_.get();
    what->limit = clock::now() + timeout;
    client_->forget_outage();
    helper_->run([what] { what->run(); });
    question_guard const given_up{*what};
    deadline const limit{executor_, timeout, [this] { client_->interrupt(); }};
    for (;;) {
        while (client_->next_event()) { // answers to requests that were given up
        }
        if (what->done.load(std::memory_order_acquire)) {
            break;
        }
        if (client_->outage()) {
            co_return *client_->outage();
        }
        auto const waited = co_await client_->wait();
        if (limit.expired()) {
            co_return timed_out("the question", timeout);
        }
        if (!waited) {
            co_return waited.error();
        }
    }
    if (what->failed) {
        bool const late = what->failed->code == errc::timed_out;
        co_return late ? timed_out("the question", timeout) : *what->failed;
    }
    co_return boost::system::in_place_value;
}

awaitable<result<void>> admin::create_topic(new_topic wanted, milliseconds timeout) {
    auto const limit = clock::now() + timeout;
    std::array<char, 256> complaint{};
    new_topic_handle const made{rd_kafka_NewTopic_new(wanted.name.c_str(), wanted.partitions,
                                                      wanted.replication_factor, complaint.data(),
                                                      complaint.size())};
    if (!made) {
        co_return make_error(RD_KAFKA_RESP_ERR__INVALID_ARG, complaint.data());
    }
    for (auto const& [name, value] : wanted.configs) {
        rd_kafka_NewTopic_set_config(made.get(), name.c_str(), value.c_str());
    }
    auto const options = request(RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout);
    std::array<rd_kafka_NewTopic_t*, 1> list{made.get()};
    rd_kafka_CreateTopics(client_->native(), list.data(), list.size(), options.get(),
                          client_->main_queue());
    auto const answered = co_await answer(timeout);
    if (!answered) {
        co_return answered.error();
    }
    std::size_t count = 0;
    auto const* const created = rd_kafka_event_CreateTopics_result(answered->get());
    auto const** const results = rd_kafka_CreateTopics_result_topics(created, &count);
    if (auto done = only_result(results, count); !done) {
        co_return done;
    }
    // The controller has it; the brokers learn it one by one.
    std::string const any;
    auto const seen = co_await await_topic(any, wanted.name, wanted.partitions, left_until(limit));
    if (!seen) {
        co_return seen.error();
    }
    for (auto const& broker : seen->brokers) {
        bool const v6 = broker.host.find(':') != std::string::npos;
        auto address = v6 ? fmt::format("[{}]:{}", broker.host, broker.port)
                          : fmt::format("{}:{}", broker.host, broker.port);
        auto const known = co_await await_topic(std::move(address), wanted.name, wanted.partitions,
                                                left_until(limit));
        // A broker that is away asks the controller when it comes back.
        if (!known && known.error().code != errc::unreachable) {
            co_return known.error();
        }
    }
    co_return boost::system::in_place_value;
}

awaitable<result<cluster_metadata>> admin::await_topic(std::string address, std::string name,
                                                       int partitions, milliseconds timeout) {
    auto const limit = clock::now() + timeout;
    std::unique_ptr<admin> apart; // a client that knows but this broker asks this broker
    if (!address.empty()) {
        auto opened = open(executor_, std::move(address), set_, {});
        if (!opened) {
            co_return opened.error();
        }
        apart = std::move(*opened);
    }
    auto& asked = apart ? *apart : *this;
    asio::steady_timer pause{executor_};
    while (clock::now() < limit) {
        auto seen = co_await asked.metadata(name, left_until(limit));
        if (seen && led(*seen, partitions)) {
            co_return std::move(seen);
        }
        if (!seen && (seen.error().code == errc::cancelled ||
                      (apart && seen.error().code == errc::unreachable))) {
            co_return seen.error();
        }
        pause.expires_after(milliseconds{20});
        auto const [stopped] = co_await pause.async_wait(use_tuple);
        if (stopped) {
            co_return cancelled_error();
        }
    }
    co_return timed_out("for every partition of the new topic", timeout);
}

awaitable<result<void>> admin::delete_topic(std::string name, milliseconds timeout) {
    delete_topic_handle const made{rd_kafka_DeleteTopic_new(name.c_str())};
    auto const options = request(RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout);
    std::array<rd_kafka_DeleteTopic_t*, 1> list{made.get()};
    rd_kafka_DeleteTopics(client_->native(), list.data(), list.size(), options.get(),
                          client_->main_queue());
    auto const answered = co_await answer(timeout);
    if (!answered) {
        co_return answered.error();
    }
    std::size_t count = 0;
    auto const* const deleted = rd_kafka_event_DeleteTopics_result(answered->get());
    auto const** const results = rd_kafka_DeleteTopics_result_topics(deleted, &count);
    co_return only_result(results, count);
}

awaitable<result<topic_configs>> admin::describe_topic(std::string name, milliseconds timeout) {
    resource_handle const made{rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str())};
    auto const options = request(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout);
    std::array<rd_kafka_ConfigResource_t*, 1> list{made.get()};
    rd_kafka_DescribeConfigs(client_->native(), list.data(), list.size(), options.get(),
                             client_->main_queue());
    auto const answered = co_await answer(timeout);
    if (!answered) {
        co_return answered.error();
    }
    std::size_t count = 0;
    auto const* const described = rd_kafka_event_DescribeConfigs_result(answered->get());
    auto const** const resources = rd_kafka_DescribeConfigs_result_resources(described, &count);
    if (count != 1) {
        co_return make_error(RD_KAFKA_RESP_ERR__BAD_MSG);
    }
    if (auto const failed = rd_kafka_ConfigResource_error(resources[0])) {
        co_return make_error(failed, words(rd_kafka_ConfigResource_error_string(resources[0])));
    }
    co_return configs_of(resources[0]);
}

awaitable<result<std::int64_t>> admin::delete_records(std::string topic, std::int32_t partition,
                                                      std::int64_t before, milliseconds timeout) {
    // Of a topic that is not there librdkafka only says that it found no leader.
    auto const limit = clock::now() + timeout;
    auto const seen = co_await metadata(topic, timeout);
    if (!seen) {
        co_return seen.error();
    }
    timeout = left_until(limit);
    list_handle const list{rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = before;
    delete_records_handle const made{rd_kafka_DeleteRecords_new(list.get())};
    auto const options = request(RD_KAFKA_ADMIN_OP_DELETERECORDS, timeout);
    std::array<rd_kafka_DeleteRecords_t*, 1> all{made.get()};
    rd_kafka_DeleteRecords(client_->native(), all.data(), all.size(), options.get(),
                           client_->main_queue());
    auto const answered = co_await answer(timeout);
    if (!answered) {
        co_return answered.error();
    }
    auto const* const deleted = rd_kafka_event_DeleteRecords_result(answered->get());
    auto const* const offsets = rd_kafka_DeleteRecords_result_offsets(deleted);
    if (offsets == nullptr || offsets->cnt != 1) {
        co_return make_error(RD_KAFKA_RESP_ERR__BAD_MSG);
    }
    if (offsets->elems[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        co_return make_error(offsets->elems[0].err);
    }
    co_return offsets->elems[0].offset;
}

awaitable<result<cluster_metadata>> admin::metadata(std::optional<std::string> only,
                                                    milliseconds timeout) {
    auto const asked = std::make_shared<metadata_question>();
    asked->only = std::move(only);
    auto const answered = co_await ask(asked, timeout);
    if (!answered) {
        co_return answered.error();
    }
    co_return std::move(asked->found);
}

awaitable<result<watermarks>> admin::query_watermarks(std::string topic, std::int32_t partition,
                                                      milliseconds timeout) {
    auto const asked = std::make_shared<watermarks_question>();
    asked->topic = std::move(topic);
    asked->partition = partition;
    auto const answered = co_await ask(asked, timeout);
    if (!answered) {
        co_return answered.error();
    }
    co_return asked->found;
}

awaitable<result<std::vector<std::optional<std::int64_t>>>> admin::offsets_for_times(
    std::vector<time_question> wanted, milliseconds timeout) {
    auto const asked = std::make_shared<times_question>();
    asked->wanted = std::move(wanted);
    auto const answered = co_await ask(asked, timeout);
    if (!answered) {
        co_return answered.error();
    }
    co_return std::move(asked->found);
}

std::string admin::cluster_id() {
    auto* const id = rd_kafka_clusterid(client_->native(), 0);
    std::string made = id == nullptr ? "" : id;
    rd_kafka_mem_free(client_->native(), id);
    return made;
}

} // namespace tandem::io::kafka
