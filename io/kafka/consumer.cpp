#include "io/kafka/consumer.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <iterator>
#include <utility>

namespace tandem::io::kafka {

namespace {

partition_event described(rd_kafka_message_t const& message) {
    partition_event event;
    event.topic = rd_kafka_topic_name(message.rkt);
    event.partition = message.partition;
    event.offset = message.offset;
    return event;
}

} // namespace

std::int64_t fetched_record::timestamp_ms() const noexcept {
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    return rd_kafka_message_timestamp(message_, &type);
}

void fetched_record::headers(std::vector<header>& into) const {
    into.clear();
    rd_kafka_headers_t* all = nullptr;
    if (rd_kafka_message_headers(message_, &all) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return; // none
    }
    char const* name = nullptr;
    void const* value = nullptr;
    std::size_t size = 0;
    for (std::size_t at = 0;
         rd_kafka_header_get_all(all, at, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++at) {
        into.push_back({name, view(value, size)});
    }
}

void fetched_batch::clear() noexcept {
    for (std::size_t at = 0; at < size_; ++at) {
        rd_kafka_message_destroy(messages_[at]);
    }
    size_ = 0;
    ends_.clear();
    failures_.clear();
    unlink();
}

properties consumer::presets(bool ends) {
    return {
        {"client.id", "tandem"},
        {"socket.timeout.ms", "10000"}, // a broker that is frozen: ask for another leader
        {"fetch.min.bytes", "1"},
        {"fetch.wait.max.ms", ends ? "20" : "500"},
        {"fetch.message.max.bytes", "262144"}, // compressed: in memory it is as many times more
        {"check.crcs", "false"},
        {"queued.min.messages", "50000"},
        {"queued.max.messages.kbytes", "8192"},
        {"reconnect.backoff.max.ms", "2000"},
    };
}

result<std::unique_ptr<consumer>> consumer::open(asio::any_io_executor executor,
                                                 std::string brokers, properties set, listener tell,
                                                 bool ends) {
    client_options options;
    options.brokers = std::move(brokers);
    options.set = std::move(set);
    options.presets = presets(ends);
    options.promises = {
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        // How long a topic that the brokers do not know may still turn up.
        {"topic.metadata.propagation.max.ms", "5000"},
        {"enable.partition.eof", ends ? "true" : "false"},
    };
    options.tell = std::move(tell);
    auto client = handle::open(executor, role::consumer, std::move(options));
    if (!client) {
        return client.error();
    }
    return std::unique_ptr<consumer>{new consumer{executor, std::move(*client)}};
}

consumer::consumer(asio::any_io_executor const& executor, std::unique_ptr<handle> client)
    : client_{std::move(client)},
      records_{client_->watch(queue_handle{rd_kafka_queue_new(client_->native())})},
      waker_{std::make_unique<helper_thread>()},
      asking_{executor} {
    read_limits();
    client_->on_partition_error(
        [this](int number, std::string_view text) { note_error(number, text); });
}

// librdkafka puts the partition's name in front; there is no other sign of it.
void consumer::note_error(int number, std::string_view text) {
    for (auto const& one : assigned_) {
        if (text.starts_with(fmt::format("{} [{}]: ", one.topic, one.partition))) {
            partition_event event;
            event.topic = one.topic;
            event.partition = one.partition;
            event.offset = one.offset;
            event.failed = make_error(number, std::string{text});
            told_.push_back(std::move(event));
            return;
        }
    }
}

// What the presets or the user set.
void consumer::read_limits() {
    auto const number = [conf = rd_kafka_conf(client_->native())](char const* name) {
        std::array<char, 32> text{};
        std::size_t size = text.size();
        std::size_t value = 0;
        if (rd_kafka_conf_get(conf, name, text.data(), &size) == RD_KAFKA_CONF_OK) {
            std::from_chars(text.data(), text.data() + std::strlen(text.data()), value);
        }
        return value;
    };
    records_most_ = number("queued.min.messages");
    bytes_most_ = number("queued.max.messages.kbytes") << 10;
}

consumer::~consumer() {
    waker_.reset();
    static_cast<void>(leave()); // nobody is left to be told
    // librdkafka waits in its destructor for messages that are still held.
    while (batches_.linked()) {
        static_cast<fetched_batch&>(*batches_.next()).clear();
    }
}

// Returns when librdkafka has let all of them go: what is fetched from here on is of the next assignment.
result<void> consumer::leave() {
    result<void> done;
    for (auto const& one : started_) {
        if (one.apart) {
            rd_kafka_queue_io_event_enable(one.apart.get(), -1, nullptr, 0);
        }
        if (rd_kafka_consume_stop(one.topic, one.partition) != 0) {
            done = make_error(rd_kafka_last_error());
        }
    }
    started_.clear();
    return done;
}

rd_kafka_topic_t* consumer::open_topic(std::string const& name) {
    auto& topic = topics_[name];
    if (!topic) {
        topic.reset(rd_kafka_topic_new(client_->native(), name.c_str(), nullptr));
    }
    return topic.get();
}

result<void> consumer::assign(std::vector<assignment> const& wanted) {
    if (auto const left = leave(); !left) {
        return left.error();
    }
    assigned_.clear();
    told_.clear();
    for (auto const& one : wanted) {
        TANDEM_ASSERT(one.partition >= 0 && (one.offset >= 0 || one.offset == from_beginning));
        auto* const topic = open_topic(one.topic);
        if (topic == nullptr) {
            return make_error(rd_kafka_last_error());
        }
        queue_handle apart;
        if (one.apart) {
            apart.reset(rd_kafka_queue_new(client_->native()));
            client_->wake_for(apart.get());
        }
        // Zero is where most logs begin. The beginning is a question, which librdkafka 2.0.2 puts off for half a second
        // where the leader is not known yet.
        std::int64_t const first = one.offset == from_beginning ? 0 : one.offset;
        if (rd_kafka_consume_start_queue(topic, one.partition, first,
                                         apart ? apart.get() : records_) != 0) {
            return make_error(rd_kafka_last_error());
        }
        assigned_.push_back(one);
        started_.push_back({topic, one.partition, std::move(apart)});
    }
    return boost::system::in_place_value;
}

// Whether it was to be read from its beginning, and that is not known: it does not begin at zero, or its leader does not
// have it yet, as happens just after a topic was made. librdkafka 2.0.2 takes the latter for an answer.
bool consumer::ask_again_later(rd_kafka_message_t const& refused) {
    if (refused.err != RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || refused.offset > 0) {
        return false;
    }
    for (std::size_t at = 0; at < started_.size(); ++at) {
        auto& one = started_[at];
        if (one.topic == refused.rkt && one.partition == refused.partition &&
            assigned_[at].offset == from_beginning) {
            one.refused = true;
            asking_.expires_after(std::chrono::milliseconds{refused.offset == 0 ? 0 : 200});
            asking_.async_wait(
                [this, alive = std::weak_ptr{alive_}](boost::system::error_code cancelled) {
                    if (!cancelled && !alive.expired()) {
                        ask_again();
                    }
                });
            return true;
        }
    }
    return false;
}

void consumer::ask_again() {
    for (std::size_t at = 0; at < started_.size(); ++at) {
        auto& one = started_[at];
        if (!std::exchange(one.refused, false)) {
            continue;
        }
        if (rd_kafka_consume_stop(one.topic, one.partition) != 0 ||
            rd_kafka_consume_start_queue(one.topic, one.partition, from_beginning,
                                         one.apart ? one.apart.get() : records_) != 0) {
            auto const why = make_error(rd_kafka_last_error());
            told_.push_back({assigned_[at].topic, one.partition, from_beginning, why});
            client_->notify();
        }
    }
}

// Its bytes are guessed from those of the last batch.
bool consumer::half_full(rd_kafka_queue_t* queue, fetched_batch const& last) const {
    std::size_t const records = rd_kafka_queue_length(queue);
    if (records == 0 || last.size_ == 0) {
        return false;
    }
    std::size_t bytes = 0;
    for (std::size_t at = 0; at < last.size_; at += 10) { // some of them tell
        bytes += last.messages_[at]->len + last.messages_[at]->key_len;
    }
    std::size_t const each = bytes / ((last.size_ + 9) / 10);
    return records >= records_most_ / 2 || records * each >= bytes_most_ / 2;
}

// librdkafka 2.0.2 stops fetching when so much is fetched ahead, and looks whether there is room again only once a second:
// catching up stands still for that long, again and again. Whatever is asked of the partition's leader wakes the thread
// that looks.
void consumer::note_room(started& one, bool filled) {
    if (!one.filled || filled) {
        one.filled = filled;
        return;
    }
    constexpr int at_once = 16;
    if (waking_.load() >= at_once) {
        return; // the next batch is a reason too
    }
    one.filled = false;
    ++waking_;
    waker_->run(
        [this, topic = std::string{rd_kafka_topic_name(one.topic)}, partition = one.partition] {
            constexpr int patience_ms = 200;
            std::int64_t low = 0;
            std::int64_t high = 0;
            rd_kafka_query_watermark_offsets(client_->native(), topic.c_str(), partition, &low,
                                             &high, patience_ms);
            --waking_;
        });
}

void consumer::fetch(rd_kafka_queue_t* from, fetched_batch& into) {
    into.clear();
    // With a time to wait it would wait for the whole of it or a full batch.
    auto const count =
        rd_kafka_consume_batch_queue(from, 0, into.messages_.data(), into.messages_.size());
    if (count > 0) {
        sort_out(into, static_cast<std::size_t>(count));
    }
}

bool consumer::try_fetch_apart(std::size_t number, fetched_batch& into) {
    TANDEM_ASSERT(number < started_.size() && started_[number].apart != nullptr);
    auto& one = started_[number];
    fetch(one.apart.get(), into);
    note_room(one, half_full(one.apart.get(), into));
    return !into.empty();
}

bool consumer::try_fetch(fetched_batch& into) {
    fetch(records_, into);
    bool const filled = half_full(records_, into);
    for (auto& one : started_) {
        if (!one.apart) {
            note_room(one, filled);
        }
    }
    into.failures_.insert(into.failures_.end(), std::make_move_iterator(told_.begin()),
                          std::make_move_iterator(told_.end()));
    told_.clear();
    return !into.empty();
}

// Records stay in the list, everything else leaves it.
void consumer::sort_out(fetched_batch& batch, std::size_t count) {
    for (std::size_t at = 0; at < count; ++at) {
        auto* const message = batch.messages_[at];
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) [[likely]] {
            batch.messages_[batch.size_++] = message;
            continue;
        }
        // What has no topic is about the group that we do not have: not allowed, not found ...
        if (ask_again_later(*message)) {
        } else if (message->rkt != nullptr) {
            auto event = described(*message);
            if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                batch.ends_.push_back(std::move(event));
            } else {
                auto const* text = rd_kafka_message_errstr(message);
                event.failed = make_error(message->err);
                event.failed.message = fmt::format("{} [{}]: {}", event.topic, event.partition,
                                                   text != nullptr ? text : event.failed.message);
                batch.failures_.push_back(std::move(event));
            }
        }
        rd_kafka_message_destroy(message);
    }
    if (batch.size_ > 0) {
        batch.link(batches_);
    }
}

awaitable<result<void>> consumer::wait() {
    auto const waited = co_await client_->wait();
    if (!waited) {
        co_return waited.error();
    }
    listen();
    co_return boost::system::in_place_value;
}

void consumer::listen() {
    while (client_->next_event()) { // answers to nothing we asked
    }
}

} // namespace tandem::io::kafka
