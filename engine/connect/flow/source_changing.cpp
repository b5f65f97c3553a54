// Records on their way through transformations; heartbeats, with them and without.

#include "engine/connect/flow/source_writer.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <utility>

namespace tandem::connect {

using engine::failure;
using engine::next_step;

namespace {

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace

io::awaitable<source_writer::voided> source_writer::put_changed() {
    putting_ = true;
    while (!left_.empty()) {
        auto const& one = left_.front();
        auto const topic = one.table != nullptr ? one.table->topic : records_.transaction_topic();
        auto done = co_await put_changed(topic, one);
        if (!done) {
            co_return done;
        }
        left_ = left_.subspan(1);
    }
    putting_ = false;
    co_return boost::system::in_place_value;
}

io::awaitable<source_writer::voided> source_writer::put_changed(std::string_view topic,
                                                                source_record one) {
    auto& into = *batches_.back();
    auto const changed = with_.transforms->apply(topic, one, into.bytes);
    if (!changed) {
        co_return failure{next_step::paused,
                          fmt::format("a record for topic {}: {}", topic, changed.error().what)};
    }
    if (*changed == nullptr) {
        co_return boost::system::in_place_value;
    }
    changed_record const& made = **changed;
    auto const* to = with_.topics.find(made.topic);
    if (to == nullptr) {
        std::string name{made.topic};
        auto opened = co_await with_.topics.open(std::move(name), confirmed_);
        if (!opened) {
            co_return opened.error();
        }
        to = *opened;
    }
    headers_.clear();
    for (auto const& each : made.headers) {
        headers_.push_back({each.name, each.value});
    }
    io::kafka::record what;
    what.key = made.key;
    what.value = made.value;
    for (;;) {
        auto const queued = queue(*to, made.partition, one.position, what, into);
        if (!queued) {
            co_return queued.error();
        }
        if (*queued) {
            co_return boost::system::in_place_value;
        }
        if (with_.link.stopping) {
            co_return failure{next_step::stopped, {}};
        }
        with_.sink.hasten();
        co_await room_.wait();
    }
}

io::awaitable<source_writer::voided> source_writer::change_heartbeat() {
    auto const made = records_.heartbeat(now_ms(), filling().bytes);
    source_record one;
    one.key = made.key;
    one.value = made.value;
    putting_ = true;
    auto const topic = records_.heartbeat_topic();
    auto done = co_await put_changed(topic, one);
    putting_ = false;
    co_return done;
}

io::awaitable<source_writer::voided> source_writer::write_heartbeat() {
    if (with_.transforms != nullptr) {
        auto changed = co_await change_heartbeat();
        co_return changed;
    }
    if (heartbeats_ == nullptr) {
        auto opened = co_await with_.topics.open(records_.heartbeat_topic(), confirmed_);
        if (!opened) {
            co_return opened.error();
        }
        heartbeats_ = *opened;
    }
    auto& into = filling();
    auto const made = records_.heartbeat(now_ms(), into.bytes);
    io::kafka::record what;
    what.key = made.key;
    what.value = made.value;
    auto const queued = with_.sink.produce(*heartbeats_->to, 0, what, into.settled);
    lingers_ = queued == io::kafka::producer::queued::yes; // one that has no place is no loss
    co_return boost::system::in_place_value;
}

} // namespace tandem::connect
