#include "engine/flow/topic_reader.hpp"

#include "codecs/event/padding.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

// Where the commit of a record's transaction begins and ends: zero is nowhere.
lsn begin_of(std::int64_t offset) noexcept {
    return lsn{static_cast<std::uint64_t>(offset) + 1};
}
lsn end_of(std::int64_t offset) noexcept {
    return lsn{static_cast<std::uint64_t>(offset) + 2};
}
// Of the record behind that position.
std::int64_t offset_behind(lsn applied) noexcept {
    return applied ? static_cast<std::int64_t>(applied.value - 1) : io::kafka::from_beginning;
}

std::optional<std::string_view> padded(std::optional<std::string_view> bytes, std::string& room) {
    if (!bytes) {
        return std::nullopt;
    }
    room.assign(*bytes);
    room.append(event::record_padding, '\0');
    return std::string_view{room}.substr(0, bytes->size());
}

} // namespace

topic_reader::topic_reader(direction_link& link, io::kafka::consumer& source,
                           foreign_tables& tables, topic_source const& from)
    : link_{link},
      source_{source},
      tables_{tables},
      from_{from},
      rows_{from.format},
      writer_{link, resume_guard{link.progress.facts, false}} {}

io::awaitable<failure> topic_reader::run() {
    std::vector<io::kafka::assignment> wanted;
    wanted.push_back({from_.topic, from_.partition, offset_behind(link_.progress.facts.applied)});
    if (auto const assigned = source_.assign(wanted); !assigned) {
        co_return retry_after(fmt::format("reading topic {}", from_.topic), assigned.error());
    }
    for (;;) {
        while (source_.try_fetch(batch_)) {
            auto taken = co_await take_all();
            if (!taken) {
                co_await apply_the_rest();
                co_return taken.error();
            }
            taken = co_await make_room();
            if (!taken) {
                co_return taken.error();
            }
        }
        writer_.hand_over();
        auto waited = co_await source_.wait();
        if (!waited) {
            co_return retry_after(fmt::format("reading topic {}", from_.topic), waited.error());
        }
    }
}

io::awaitable<topic_reader::voided> topic_reader::make_room() {
    co_await io::asio::post(co_await io::asio::this_coro::executor,
                            io::asio::use_awaitable); // the others get their turn
    while (link_.window.bytes() >= link_.setup.queue_bytes) {
        writer_.hand_over();
        co_await link_.room.wait();
    }
    co_return boost::system::in_place_value;
}

// What came before the record that nothing gets past.
io::awaitable<void> topic_reader::apply_the_rest() {
    writer_.hand_over();
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    while (!link_.window.exhausted() || !link_.watermark.settled()) {
        timer.expires_after(std::chrono::milliseconds{20});
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

io::awaitable<topic_reader::voided> topic_reader::take_all() {
    for (std::size_t at = 0; at < batch_.size(); ++at) {
        auto taken = co_await take(batch_[at]);
        if (!taken) {
            co_return taken;
        }
    }
    at_end_ = at_end_ || !batch_.ends().empty();
    for (auto const& failed : batch_.failures()) {
        if (auto const mended = after_failure(failed); !mended) {
            co_return mended;
        }
    }
    co_return boost::system::in_place_value;
}

topic_reader::voided topic_reader::after_failure(io::kafka::partition_event const& failed) const {
    if (failed.failed.code == io::kafka::errc::out_of_range) {
        return failure{
            next_step::gap,
            fmt::format("topic {}, partition {} does not have offset {} any more, up to which it "
                        "was applied: its records were deleted before they were read, or it was "
                        "made anew; look at what is missing, then set the sink up anew",
                        from_.topic, from_.partition, failed.offset)};
    }
    if (failed.failed.classify() == io::kafka::retry_class::transient) {
        return boost::system::in_place_value; // librdkafka goes on trying
    }
    return retry_after(fmt::format("reading topic {}", from_.topic), failed.failed);
}

failure topic_reader::refused(io::kafka::fetched_record const& record,
                              std::string const& why) const {
    return {next_step::paused,
            fmt::format("topic {}, partition {}, offset {}: {}; nothing behind it is applied",
                        from_.topic, from_.partition, record.offset(), why)};
}

io::awaitable<topic_reader::voided> topic_reader::take(io::kafka::fetched_record record) {
    record.headers(headers_);
    bool const moved = std::ranges::find(headers_, "__debezium.oldkey", &io::kafka::header::name) !=
                       headers_.end();
    auto const read =
        rows_.read(padded(record.key(), key_room_), padded(record.value(), value_room_), moved);
    if (!read) {
        co_return refused(record, read.error().what);
    }
    if (!*read) {
        co_return boost::system::in_place_value;
    }
    auto const* table = tables_.find(**read);
    if (table == nullptr) {
        foreign_rows::target name = **read;
        auto known = co_await tables_.read(std::move(name));
        if (!known) {
            co_return known.error().step == next_step::paused
                ? refused(record, known.error().reason)
                : known.error();
        }
        table = *known;
    }
    bytes_.clear();
    auto made = rows_.change_for(*table, bytes_);
    if (!made) {
        co_return refused(record, made.error().what);
    }
    co_return write(record, std::move(*made));
}

topic_reader::voided topic_reader::write(io::kafka::fetched_record const& record,
                                         foreign_change made) {
    if (made.what.kind == change_kind::truncate && !from_.alone) {
        return refused(record, "a truncate would empty what other partitions have of the table; "
                               "a topic with truncates must have one partition");
    }
    // It becomes the rows' version: a clock that is ahead must not win for years.
    auto const now = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    auto const said = made.time_us > 0 ? made.time_us : record.timestamp_ms() * 1'000;
    auto const time = pg_time::from_unix_us(std::min<std::int64_t>(said, now.count()));
    auto const begun = begin_of(record.offset());
    auto const ended = end_of(record.offset());
    auto stepped = writer_.begin({begun, time, xid{}}, ended);
    if (!stepped && made.what.kind == change_kind::truncate) {
        truncation what;
        what.relations.push_back(made.shape);
        stepped = writer_.truncate(std::move(what));
    } else if (!stepped) {
        stepped = writer_.row(made.what, made.shape, nullptr);
    }
    if (!stepped) {
        stepped = writer_.commit({begun, ended, time});
    }
    return stepped ? voided{*stepped} : voided{boost::system::in_place_value};
}

} // namespace tandem::engine
