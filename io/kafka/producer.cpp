#include "io/kafka/producer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <new>

namespace tandem::io::kafka {

namespace {

struct headers_deleter {
    void operator()(rd_kafka_headers_t* held) const noexcept { rd_kafka_headers_destroy(held); }
};
using headers_handle = std::unique_ptr<rd_kafka_headers_t, headers_deleter>;

struct error_deleter {
    void operator()(rd_kafka_error_t* held) const noexcept { rd_kafka_error_destroy(held); }
};
using error_handle = std::unique_ptr<rd_kafka_error_t, error_deleter>;

// librdkafka takes a null pointer for a null, and what it does not copy it only reads.
void* bytes_of(std::string_view text) {
    return const_cast<char*>(text.data() != nullptr ? text.data() : "");
}

headers_handle copied(std::span<header const> all) {
    headers_handle made{rd_kafka_headers_new(all.size())};
    for (auto const& one : all) {
        auto const name_size = static_cast<ssize_t>(one.name.size());
        rd_kafka_header_add(made.get(), one.name.data(), name_size,
                            one.value ? bytes_of(*one.value) : nullptr,
                            one.value ? static_cast<ssize_t>(one.value->size()) : 0);
    }
    return made;
}

error refusal(int number, std::string const& topic, std::int32_t partition, record const& what) {
    auto failed = make_error(number);
    if (failed.code == errc::record_refused) {
        failed.message = fmt::format("a record with a value of {} bytes is larger than "
                                     "message.max.bytes",
                                     what.value ? what.value->size() : 0);
    }
    failed.message = fmt::format("{} [{}]: {}", topic, partition, failed.message);
    return failed;
}

} // namespace

properties producer::presets() {
    return {
        {"client.id", "tandem"},
        {"compression.type", "lz4"},
        // A broker that is frozen: ask for another leader. What was on its way is sent again, and counted once.
        {"socket.timeout.ms", "10000"},
        {"request.timeout.ms", "10000"},
        // Below the default of a topic's max.message.bytes, which counts what is sent as one.
        {"batch.size", "1000000"},
        {"batch.num.messages", "100000"},
        // Measured, one record at a time over three brokers: 1.2 ms with 0, 2.3 with 1, 6.7 with 5.
        // Under load requests fill while others are on the way, and more brings nothing.
        {"linger.ms", "1"},
        {"queue.buffering.max.messages", "1000000"},
        {"queue.buffering.max.kbytes", "131072"},
        {"reconnect.backoff.max.ms", "2000"},
    };
}

result<std::unique_ptr<producer>> producer::open(asio::any_io_executor executor,
                                                 std::string brokers, properties set,
                                                 listener tell) {
    client_options options;
    options.brokers = std::move(brokers);
    options.set = std::move(set);
    options.presets = presets();
    options.promises = {
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"message.timeout.ms", "0"},
        {"sticky.partitioning.linger.ms", "0"},
        // How long a topic that the brokers do not know may still turn up.
        {"topic.metadata.propagation.max.ms", "5000"},
    };
    options.tell = std::move(tell);
    auto client = handle::open(executor, role::producer, std::move(options));
    if (!client) {
        return client.error();
    }
    return std::unique_ptr<producer>{new producer{std::move(*client)}};
}

producer::producer(std::unique_ptr<handle> client)
    : client_{std::move(client)}, haste_{std::make_unique<helper_thread>()} {
    std::array<char, 32> text{};
    auto size = text.size();
    [[maybe_unused]] auto const known =
        rd_kafka_conf_get(rd_kafka_conf(client_->native()), "batch.size", text.data(), &size);
    TANDEM_ASSERT(known == RD_KAFKA_CONF_OK);
    std::from_chars(text.data(), text.data() + std::strlen(text.data()), full_request_);
}

producer::~producer() {
    haste_.reset();
    // Without it librdkafka warns of every record in its queue.
    rd_kafka_purge(client_->native(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                          RD_KAFKA_PURGE_F_NON_BLOCKING);
    topics_.clear();
    client_.reset(); // joins the threads that read the batches' bytes
    while (batches_.linked()) {
        auto& batch = static_cast<unsettled&>(*batches_.next());
        if (!batch.failure_) {
            batch.failure_ = make_delivery_error(RD_KAFKA_RESP_ERR__PURGE_INFLIGHT);
        }
        batch.outstanding_ = 0;
        batch.unlink();
    }
}

producer::topic& producer::open_topic(std::string const& name) {
    auto const found = std::find_if(topics_.begin(), topics_.end(),
                                    [&name](auto const& one) { return one->name_ == name; });
    if (found != topics_.end()) {
        return **found;
    }
    auto made = std::make_unique<topic>();
    made->name_ = name;
    auto* const conf = rd_kafka_default_topic_conf_dup(client_->native());
    rd_kafka_topic_conf_set_opaque(conf, made.get());
    made->native_.reset(rd_kafka_topic_new(client_->native(), name.c_str(), conf));
    if (!made->native_) {
        // Not reached: it refuses only names without characters and settings of the topic.
        rd_kafka_topic_conf_destroy(conf);
        throw std::bad_alloc{};
    }
    return *topics_.emplace_back(std::move(made));
}

producer::queued producer::refuse(error failed) {
    why_ = std::move(failed);
    return queued::refused;
}

producer::queued producer::produce(topic& to, std::int32_t partition, record const& what,
                                   unsettled& batch) {
    TANDEM_ASSERT(partition >= 0);
    if (any_broken_ || client_->fatal()) [[unlikely]] {
        if (auto const* failed = broken(to, partition)) {
            return refuse(*failed);
        }
        if (client_->fatal()) {
            return refuse(*client_->fatal());
        }
    }
    headers_handle headers;
    if (!what.headers.empty()) {
        headers = copied(what.headers);
    }
    std::array<rd_kafka_vu_t, 8> parts{};
    std::size_t count = 0;
    auto const part = [&parts, &count](rd_kafka_vtype_t type) -> auto& {
        parts[count].vtype = type;
        return parts[count++].u;
    };
    part(RD_KAFKA_VTYPE_RKT).rkt = to.native_.get();
    part(RD_KAFKA_VTYPE_PARTITION).i32 = partition;
    part(RD_KAFKA_VTYPE_MSGFLAGS).i = 0; // no copy
    part(RD_KAFKA_VTYPE_OPAQUE).ptr = &batch;
    if (what.key) {
        auto& key = part(RD_KAFKA_VTYPE_KEY).mem;
        key.ptr = bytes_of(*what.key);
        key.size = what.key->size();
    }
    if (what.value) {
        auto& value = part(RD_KAFKA_VTYPE_VALUE).mem;
        value.ptr = bytes_of(*what.value);
        value.size = what.value->size();
    }
    if (what.timestamp_ms) {
        part(RD_KAFKA_VTYPE_TIMESTAMP).i64 = *what.timestamp_ms;
    }
    if (headers) {
        part(RD_KAFKA_VTYPE_HEADERS).headers = headers.get();
    }
    error_handle const failed{rd_kafka_produceva(client_->native(), parts.data(), count)};
    if (failed) [[unlikely]] {
        auto const number = rd_kafka_error_code(failed.get());
        return number == RD_KAFKA_RESP_ERR__QUEUE_FULL
                   ? queued::full
                   : refuse(refusal(number, to.name_, partition, what));
    }
    [[maybe_unused]] auto* const taken = headers.release(); // by the message
    if (batch.outstanding_++ == 0) {
        batch.link(batches_);
    }
    ++outstanding_;
    outstanding_bytes_ += what.key.value_or("").size() + what.value.value_or("").size();
    return queued::yes;
}

// Lingering ends while somebody flushes, and a flush of a moment is enough for the broker's thread to see that. One that
// is asked for meanwhile is another one: the first may be over before what was queued since is looked at.
void producer::hasten() {
    constexpr int moment_ms = 10;
    haste_wanted_.store(true);
    if (hastening_.exchange(true)) {
        return;
    }
    haste_->run([this] {
        do {
            while (haste_wanted_.exchange(false)) {
                rd_kafka_flush(client_->native(), moment_ms); // it timing out is all the same
            }
            hastening_.store(false);
        } while (haste_wanted_.load() && !hastening_.exchange(true));
    });
}

error const* producer::broken(topic const& to, std::int32_t partition) noexcept {
    auto const found =
        std::find_if(to.broken_.begin(), to.broken_.end(),
                     [partition](auto const& one) { return one.first == partition; });
    return found != to.broken_.end() ? &found->second : nullptr;
}

void producer::settle(unsettled& batch, std::size_t records) noexcept {
    TANDEM_ASSERT(batch.outstanding_ >= records && outstanding_ >= records);
    outstanding_ -= records;
    settled_ += records;
    batch.outstanding_ -= records;
    if (batch.outstanding_ == 0) {
        batch.unlink();
    }
}

void producer::note(rd_kafka_message_t const& report, unsettled& batch) {
    auto& to = *static_cast<topic*>(rd_kafka_topic_opaque(report.rkt));
    auto const* before = broken(to, report.partition);
    if (before == nullptr && report.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        auto failed = make_delivery_error(report.err);
        failed.message = fmt::format("{} [{}]: {}", to.name_, report.partition, failed.message);
        untold_.push_back(failed);
        before = &to.broken_.emplace_back(report.partition, std::move(failed)).second;
        any_broken_ = true;
    }
    if (before != nullptr && !batch.failure_) {
        batch.failure_ = *before;
    }
}

void producer::settle(rd_kafka_event_t* reports) {
    unsettled* batch = nullptr;
    std::size_t run = 0; // neighbours mostly are of one batch
    while (auto const* report = rd_kafka_event_message_next(reports)) {
        auto* const its = static_cast<unsettled*>(report->_private);
        if (its != batch) {
            if (batch != nullptr) {
                settle(*batch, run);
            }
            batch = its;
            run = 0;
        }
        ++run;
        outstanding_bytes_ -= report->len + report->key_len;
        if (report->err != RD_KAFKA_RESP_ERR_NO_ERROR || any_broken_) [[unlikely]] {
            note(*report, *its);
        }
    }
    if (batch != nullptr) {
        settle(*batch, run);
    }
}

result<bool> producer::try_serve() {
    // One event is the answer to one request, up to batch.size bytes: a turn stays short.
    constexpr int events_max = 16;
    bool some = false;
    int events = 0;
    for (; events < events_max; ++events) {
        auto const event = client_->next_event();
        if (!event) {
            break;
        }
        TANDEM_ASSERT(rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_DR);
        settle(event.get());
        some = true;
    }
    if (events == events_max) {
        client_->notify(); // the queue may hold more, and says so only when it was empty
    }
    if (!untold_.empty()) {
        auto failed = std::move(untold_.front());
        untold_.erase(untold_.begin());
        return failed;
    }
    if (client_->fatal()) {
        return *client_->fatal();
    }
    return some;
}

awaitable<result<void>> producer::serve() {
    for (;;) {
        auto const served = try_serve();
        if (!served) {
            co_return served.error();
        }
        if (*served) {
            co_return boost::system::in_place_value;
        }
        auto const waited = co_await client_->wait();
        if (!waited) {
            co_return waited.error();
        }
    }
}

} // namespace tandem::io::kafka
