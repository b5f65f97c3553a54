// An incremental snapshot, as the writer sees it: rows of chunks between the stream's transactions, and what is told of it.

#include "engine/connect/flow/source_writer.hpp"
#include "engine/connect/notifications.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace tandem::connect {
namespace {

using namespace std::chrono_literals;
using engine::failure;
using engine::next_step;

// The row's text in the column of that name; empty: it is null, or there is none.
std::string_view text_in(engine::change const& row, std::string_view name) {
    pgoutput::tuple_view::cursor next{row.new_row};
    for (std::size_t at = 0; at < row.new_row.column_count(); ++at) {
        auto const value = next.next();
        if (at < row.shape->columns.size() && row.shape->columns[at].name == name) {
            return value.bytes;
        }
    }
    return {};
}

// A version 4 UUID.
std::string random_id() {
    thread_local std::mt19937_64 random{std::random_device{}()};
    constexpr std::uint64_t version = 0x4000;
    constexpr std::uint64_t variant = std::uint64_t{1} << 63;
    auto const high = (random() & ~std::uint64_t{0xF000}) | version;
    auto const low = (random() & ~(std::uint64_t{3} << 62)) | variant;
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF,
                       high & 0xFFFF, low >> 48, low & 0xFFFFFFFFFFFF);
}

} // namespace

void source_writer::note(engine::change const& what, source_table const& of) {
    with_.chunks->changed(what);
    if (of.signals && what.kind == engine::change_kind::insert) {
        with_.chunks->take_row(std::string{text_in(what, "id")}, text_in(what, "type"),
                               text_in(what, "data"), std::max(previous_commit_, confirmed_));
    }
}

// Between two transactions; everything up to there was written.
io::awaitable<source_writer::voided> source_writer::write_chunks(lsn reached) {
    if (with_.chunks == nullptr || inside_) {
        co_return boost::system::in_place_value;
    }
    auto const passes = with_.chunks->waits_for();
    bool const here = passes && reached >= *passes;
    if (here) {
        if (auto rows = with_.chunks->take_chunk()) {
            auto done = co_await write_chunk(std::move(*rows));
            if (!done) {
                co_return done;
            }
        }
    }
    auto told = co_await write_news();
    keep_state();
    co_return told;
}

io::awaitable<source_writer::voided> source_writer::write_chunk(chunk_reader::chunk rows) {
    auto* of = known(rows.shape.get());
    if (of == nullptr) {
        auto prepared = co_await prepare(rows.shape);
        if (!prepared) {
            co_return prepared.error();
        }
        of = *prepared;
    }
    records_.begin_read(rows.transaction, rows.at, rows.passes, "incremental");
    if (last_final_) {
        follows_ = {last_final_, std::numeric_limits<std::uint64_t>::max()};
    }
    auto const columns = static_cast<std::uint16_t>(rows.shape->columns.size());
    for (auto const& each : rows.rows) {
        auto& into = filling();
        auto const made = records_.of_read({columns, each}, of->what, *now_, into.bytes);
        if (!made) {
            co_return failure{next_step::paused, made.error()};
        }
        auto done = co_await put(*made);
        if (!done) {
            co_return done;
        }
    }
    follows_.reset();
    with_.chunks->chunk_written();
    co_return boost::system::in_place_value;
}

io::awaitable<source_writer::voided> source_writer::write_news() {
    auto const news = with_.chunks->take_news();
    auto const& settings = with_.settings;
    for (auto const& each : news) {
        auto const now = std::chrono::duration_cast<std::chrono::milliseconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count();
        auto const told = notification_of(each, settings.node.name, random_id(), now);
        if (settings.notifications_logged || each.what != snapshot_news::kind::in_progress) {
            spdlog::info("connector {}: {}", settings.node.name, shown(told));
        }
        if (settings.notification_topic.empty()) {
            continue;
        }
        if (notifications_ == nullptr) {
            std::string topic = settings.notification_topic;
            auto opened = co_await with_.topics.open(std::move(topic), confirmed_);
            if (!opened) {
                co_return opened.error();
            }
            notifications_ = *opened;
        }
        auto& into = filling();
        io::kafka::record what;
        what.key = into.bytes.keep(notification_key(told, settings.key.schemas));
        what.value = into.bytes.keep(notification_value(told, settings.value.schemas));
        headers_.clear();
        for (;;) {
            auto const queued = queue(*notifications_, 0, {}, what, into);
            if (!queued) {
                co_return queued.error();
            }
            if (*queued) {
                break;
            }
            if (with_.link.stopping) {
                co_return failure{next_step::stopped, {}};
            }
            with_.sink.hasten();
            co_await room_.wait();
        }
    }
    co_return boost::system::in_place_value;
}

// With what is on its way it is acknowledged.
void source_writer::keep_state() {
    auto const& state = with_.chunks->state();
    if (state.number == state_number_) {
        return;
    }
    state_number_ = state.number;
    auto& into = filling();
    into.state = state;
    if (into.settled.settled()) {
        settle();
    }
}

// A chunk waits until the stream has passed it, which an idle server says by and by.
io::awaitable<void> source_writer::wait_for_more() {
    if (with_.chunks != nullptr && with_.chunks->waits_for()) {
        auto const soon = std::chrono::steady_clock::now() + 20ms;
        (void)co_await with_.link.arrived.wait_until(soon);
    } else {
        co_await with_.link.arrived.wait();
    }
}

} // namespace tandem::connect
