#include "io/kafka/handle.hpp"

#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <new>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

namespace tandem::io::kafka {

namespace {

using conf_handle = std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)>;

int open_eventfd() {
    int const descriptor = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (descriptor < 0) {
        boost::system::error_code const code{errno, boost::system::system_category()};
        throw boost::system::system_error{code, "eventfd"};
    }
    return descriptor;
}

error configuration_error(std::string message) {
    error failed;
    failed.code = errc::configuration;
    failed.message = std::move(message);
    return failed;
}

// librdkafka's complaint may quote the value.
result<void> set(rd_kafka_conf_t* conf, std::string const& name, std::string const& value,
                 std::vector<std::string> const& secrets) {
    std::array<char, 512> complaint{};
    auto const done =
        rd_kafka_conf_set(conf, name.c_str(), value.c_str(), complaint.data(), complaint.size());
    if (done != RD_KAFKA_CONF_OK) {
        // Of an alias it names the other one.
        auto const why = property_is_secret(name) ? std::string{"not usable"}
                                                  : redact(complaint.data(), secrets);
        return configuration_error(fmt::format("the Kafka property {}: {}", name, why));
    }
    return boost::system::in_place_value;
}

result<void> set_all(rd_kafka_conf_t* conf, properties const& all,
                     std::vector<std::string> const& secrets) {
    for (auto const& [name, value] : all) {
        if (auto const done = set(conf, name, value, secrets); !done) {
            return done.error();
        }
    }
    return boost::system::in_place_value;
}

result<conf_handle> configured(role client, client_options const& options,
                               std::vector<std::string> const& secrets) {
    conf_handle conf{rd_kafka_conf_new(), rd_kafka_conf_destroy};
    properties users;
    for (auto const& one : options.set) {
        if (auto problem = property_problem(one.first, one.second)) {
            return configuration_error(std::move(*problem));
        }
        if (property_serves(one.first, client)) {
            users.push_back(one);
        }
    }
    properties ours = options.promises;
    ours.emplace_back("bootstrap.servers", options.brokers);
    ours.emplace_back("log.queue", "true");
    ours.emplace_back("socket.nagle.disable", "true");
    ours.emplace_back("allow.auto.create.topics", "false");
    auto presets = options.presets;
    if (options.tell.statistics) {
        presets.emplace_back("statistics.interval.ms", "1000");
    }
    for (auto const* layer :
         {&std::as_const(presets), &std::as_const(users), &std::as_const(ours)}) {
        if (auto const done = set_all(conf.get(), *layer, secrets); !done) {
            return done.error();
        }
    }
    rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR |
                                             RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS);
    return conf;
}

// A consumer whose topic was deleted meanwhile may never end (librdkafka's issues 3954 and 4362): then its threads are
// left to themselves. They hold nothing of ours, and our queues do not hear of them any more.
void end_consumer(rd_kafka_t* held) {
    auto ended = std::make_shared<std::promise<void>>();
    auto const end = ended->get_future();
    std::thread ending{[held, ended] {
        rd_kafka_destroy_flags(held, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        ended->set_value();
    }};
    if (end.wait_for(std::chrono::seconds{1}) == std::future_status::ready) {
        ending.join();
    } else {
        ending.detach();
    }
}

// A broker's complaint with the cause behind it that librdkafka does not tell: 2.0.2 knows the words of
// OpenSSL 1, not those of 3.
std::string with_cause(std::string complaint) {
    bool const closed = complaint.find("unexpected eof while reading") != std::string::npos;
    bool const no_tls = complaint.find("wrong version number") != std::string::npos;
    if (closed || no_tls) {
        complaint += "; is it a PLAINTEXT listener? security.protocol and the port have to match";
    }
    return complaint;
}

std::string_view viewed(char const* text) {
    return text != nullptr ? text : "";
}

} // namespace

void handle::client_deleter::operator()(rd_kafka_t* held) const noexcept {
    if (rd_kafka_type(held) == RD_KAFKA_CONSUMER) {
        end_consumer(held);
    } else {
        rd_kafka_destroy(held); // it holds bytes of ours: to its end
    }
}

handle::handle(asio::any_io_executor const& executor, client_options options)
    : brokers_{std::move(options.brokers)},
      secrets_{secrets_of(options.set)},
      tell_{std::move(options.tell)},
      descriptor_{executor, open_eventfd()} {}

result<std::unique_ptr<handle>> handle::open(asio::any_io_executor const& executor, role client,
                                             client_options options) {
    auto const secrets = secrets_of(options.set);
    if (options.brokers.empty()) {
        return configuration_error("no Kafka broker is given (host:port)");
    }
    auto conf = configured(client, options, secrets);
    if (!conf) {
        return conf.error();
    }
    std::unique_ptr<handle> made{new handle{executor, std::move(options)}};
    std::array<char, 512> complaint{};
    rd_kafka_conf_set_opaque(conf->get(), made.get());
    if (client == role::consumer) {
        rd_kafka_conf_set_error_cb(conf->get(), partition_error);
    }
    auto const type = client == role::consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER;
    made->client_.reset(rd_kafka_new(type, conf->get(), complaint.data(), complaint.size()));
    if (!made->client_) {
        return configuration_error(redact(complaint.data(), secrets));
    }
    [[maybe_unused]] auto* const taken = conf->release(); // by rd_kafka_new
    rd_kafka_queue_t* const main =
        made->watch(queue_handle{rd_kafka_queue_get_main(made->native())});
    rd_kafka_set_log_queue(made->native(), main);
    return made;
}

void handle::partition_error(rd_kafka_t*, int number, char const* text, void* self) {
    auto const& told = static_cast<handle*>(self)->partition_error_;
    if (told) {
        told(number, viewed(text));
    }
}

handle::~handle() {
    partition_error_ = nullptr;
    for (auto& queue : queues_) {
        rd_kafka_queue_io_event_enable(queue.get(), -1, nullptr, 0);
    }
    queues_.clear(); // librdkafka wants them before the client
}

void handle::wake_for(rd_kafka_queue_t* queue) noexcept {
    std::uint64_t const one = 1;
    rd_kafka_queue_io_event_enable(queue, descriptor_.native_handle(), &one, sizeof one);
}

rd_kafka_queue_t* handle::watch(queue_handle queue) {
    wake_for(queue.get());
    return queues_.emplace_back(std::move(queue)).get();
}

event_handle handle::next_event() {
    for (;;) {
        event_handle event{rd_kafka_queue_poll(main_queue(), 0)};
        switch (rd_kafka_event_type(event.get())) {
        case RD_KAFKA_EVENT_LOG:
            tell_log(event.get());
            break;
        case RD_KAFKA_EVENT_STATS:
            if (tell_.statistics) {
                tell_.statistics(viewed(rd_kafka_event_stats(event.get())));
            }
            break;
        case RD_KAFKA_EVENT_ERROR:
            tell_error(event.get());
            break;
        default:
            return event;
        }
    }
}

void handle::tell_log(rd_kafka_event_t* event) {
    char const* facility = nullptr;
    char const* text = nullptr;
    int level = 0;
    if (tell_.log && rd_kafka_event_log(event, &facility, &text, &level) == 0) {
        auto const shown = redact(viewed(text), secrets_);
        log_line line;
        line.level = level;
        line.facility = viewed(facility);
        line.text = shown;
        tell_.log(line);
    }
}

void handle::tell_error(rd_kafka_event_t* event) {
    auto const number = rd_kafka_event_error(event);
    auto failed = make_error(
        number, with_cause(redact(viewed(rd_kafka_event_error_string(event)), secrets_)));
    if (rd_kafka_event_error_is_fatal(event) != 0) {
        failed.code = errc::unknown_outcome;
        fatal_ = failed;
    } else if (number == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        failed.message = fmt::format("no Kafka broker of {} can be reached{}{}", brokers_,
                                     last_complaint_.empty() ? "" : ": ", last_complaint_);
        // What stood in the way may have been said already, and then it is the better name.
        if (!outage_ || outage_->code != errc::not_permitted) {
            outage_ = failed;
        }
    } else {
        last_complaint_ = failed.message;
        if (failed.code == errc::not_permitted) {
            outage_ = failed;
        }
    }
    if (tell_.trouble) {
        tell_.trouble(failed);
    }
}

awaitable<result<void>> handle::wait() {
    auto const [failed] =
        co_await descriptor_.async_wait(asio::posix::descriptor_base::wait_read, use_tuple);
    if (failed) {
        co_return cancelled_error();
    }
    std::uint64_t count = 0;
    [[maybe_unused]] auto const taken = ::read(descriptor_.native_handle(), &count, sizeof count);
    co_return boost::system::in_place_value;
}

void handle::interrupt() {
    boost::system::error_code ignored; // a closed descriptor has no waits
    descriptor_.cancel(ignored);
}

void handle::notify() noexcept {
    std::uint64_t const one = 1;
    // It fails only when the counter is full, and then the waiter is being woken already.
    [[maybe_unused]] auto const written = ::write(descriptor_.native_handle(), &one, sizeof one);
}

} // namespace tandem::io::kafka
