#include "engine/connect/flow/source_writer.hpp"

#include "io/kafka/partition_of.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

using engine::change_window;
using engine::failure;
using engine::next_step;
using engine::outcome_of;
using engine::retry_after;

constexpr std::size_t full_batch = std::size_t{1} << 20;
constexpr std::size_t held_most = 4 * full_batch;       // memory of one batch
constexpr std::size_t way_most = std::size_t{28} << 20; // of what waits for the brokers
constexpr std::chrono::seconds stop_patience{5};

std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace

source_writer::source_writer(io::asio::any_io_executor const& executor, parts with,
                             std::string version, lsn confirmed)
    : with_{with},
      records_{with.settings, std::move(version)},
      confirmed_{confirmed},
      room_{executor},
      acknowledged_{confirmed} {
    if (with_.chunks != nullptr) {
        kept_ = with_.chunks->state(); // of the last start
    }
}

void source_writer::stop() {
    with_.link.stopping = true;
    with_.link.arrived.notify();
    room_.notify();
}

void source_writer::beat() noexcept {
    beat_ = true;
    with_.link.arrived.notify();
}

std::vector<std::string> source_writer::used_topics() {
    std::vector<std::string> made{used_.begin(), used_.end()};
    used_.clear();
    return made;
}

io::awaitable<failure> source_writer::run() {
    auto& link = with_.link;
    if (with_.before != nullptr) {
        auto read = co_await write_snapshot();
        if (!read) {
            co_return read.error();
        }
    }
    for (;;) {
        if (link.stopping) {
            co_await finish();
            co_return failure{next_step::stopped, {}};
        }
        auto const step = link.window.next();
        if (step.kind == change_window::step_kind::change) {
            auto const made = make(step);
            if (!made) {
                co_return made.error();
            }
            if (*made == progress::done) {
                continue;
            }
            if (*made == progress::full) {
                auto rest = co_await put_rest();
                if (!rest) {
                    co_return rest.error();
                }
                continue;
            }
        }
        if (step.kind != change_window::step_kind::nothing) {
            auto written = co_await write(step);
            if (!written) {
                co_return written.error();
            }
            continue;
        }
        link.window.release(link.window.position());
        link.tell_queue();
        link.room.notify();
        if (std::exchange(beat_, false)) {
            auto beaten = co_await write_heartbeat();
            if (!beaten) {
                co_return beaten.error();
            }
        }
        auto chunks = co_await write_chunks(link.watermark.position());
        if (!chunks) {
            co_return chunks.error();
        }
        if (std::exchange(lingers_, false)) {
            with_.sink.hasten();
        }
        co_await wait_for_more();
    }
}

io::awaitable<void> source_writer::finish() {
    auto const until = std::chrono::steady_clock::now() + stop_patience;
    with_.sink.hasten();
    while (!batches_.empty()) {
        co_await room_.wait_until(until);
        if (std::chrono::steady_clock::now() >= until) {
            spdlog::warn(
                "connector {}: {} records were not acknowledged within {} s: they are sent "
                "again at the next start, as far as they are not there",
                with_.settings.node.name, with_.sink.outstanding(), stop_patience.count());
            co_return;
        }
    }
}

io::awaitable<source_writer::voided> source_writer::write(change_window::step step) {
    voided done = boost::system::in_place_value;
    switch (step.kind) {
    case change_window::step_kind::nothing:
        break;
    case change_window::step_kind::begin:
        records_.begin(step.piece->header, previous_commit_);
        inside_ = true;
        break;
    case change_window::step_kind::change:
        if (step.what->kind == engine::change_kind::truncate) {
            done = co_await write_truncate(step);
        } else {
            done = co_await write_change(step);
        }
        break;
    case change_window::step_kind::commit: {
        lsn const end = step.piece->end_lsn;
        auto& into = filling();
        auto const last = records_.of_end(end, into.bytes);
        if (!last.empty()) {
            done = co_await put(last);
        }
        inside_ = false;
        previous_commit_ = end;
        last_final_ = step.piece->header.final_lsn;
        if (with_.chunks != nullptr) {
            with_.chunks->passed(step.piece->header.id);
        }
        ends_at(end);
        with_.link.window.release(with_.link.window.position());
        with_.link.tell_queue();
        with_.link.room.notify();
        if (done) {
            done = co_await write_chunks(end);
        }
        break;
    }
    }
    co_return done;
}

source_writer::table* source_writer::known(pgoutput::relation_shape const* shape) {
    auto const found = tables_.find(shape);
    return found == tables_.end() ? nullptr : found->second.get();
}

io::awaitable<outcome_of<source_writer::table*>> source_writer::prepare(
    pgoutput::relation_ptr shape) {
    // Types may have been made since they were read.
    if (!std::exchange(has_types_, true) ||
        with_.settings.tables.takes(shape->schema, shape->name)) {
        auto types = co_await with_.catalog.types();
        if (!types) {
            co_return types.error();
        }
        types_ = std::move(*types);
    }
    auto facts = co_await with_.catalog.facts(shape->schema, shape->name);
    if (!facts) {
        co_return facts.error();
    }
    auto made = std::make_unique<table>();
    auto const* const id = shape.get();
    made->what = records_.table_of(std::move(shape), *facts, types_);
    if (!made->what.refused.empty()) {
        co_return failure{next_step::paused, made->what.refused};
    }
    for (auto const& column : made->what.unchanged) {
        spdlog::warn("{}: column {} is not masked or truncated: its values are no texts, and "
                     "Debezium leaves such as they are",
                     with_.settings.node.name, column);
    }
    if (made->what.captured && with_.transforms == nullptr) {
        auto opened = co_await with_.topics.open(made->what.topic, confirmed_);
        if (!opened) {
            co_return opened.error();
        }
        made->to = *opened;
    }
    if (with_.settings.transactions && transactions_ == nullptr && with_.transforms == nullptr) {
        auto opened = co_await with_.topics.open(records_.transaction_topic(), confirmed_);
        if (!opened) {
            co_return opened.error();
        }
        transactions_ = *opened;
    }
    auto* const kept = made.get();
    tables_[id] = std::move(made);
    co_return kept;
}

io::awaitable<source_writer::voided> source_writer::write_change(change_window::step step) {
    auto* of = known(step.what->shape);
    if (of == nullptr) {
        auto const owner =
            std::ranges::find(step.batch->shapes, step.what->shape, &pgoutput::relation_ptr::get);
        auto prepared = co_await prepare(*owner);
        if (!prepared) {
            co_return prepared.error();
        }
        of = *prepared;
    }
    if (!of->what.captured) {
        co_return boost::system::in_place_value;
    }
    auto& into = filling();
    if (!records_.begun()) {
        auto const first = records_.of_begin(step.what->position, into.bytes);
        if (!first.empty()) {
            auto begun = co_await put(first);
            if (!begun) {
                co_return begun;
            }
        }
    }
    if (with_.chunks != nullptr) {
        note(*step.what, of->what);
    }
    auto& rows = filling();
    auto const made = records_.of_change(*step.what, of->what, *now_, rows.bytes);
    if (!made) {
        co_return failure{next_step::paused, made.error()};
    }
    auto done = co_await put(*made);
    co_return done;
}

io::awaitable<source_writer::voided> source_writer::write_truncate(change_window::step step) {
    if (with_.chunks != nullptr) {
        for (auto const& shape : step.what->truncated->relations) {
            with_.chunks->truncated(*shape);
        }
    }
    if (with_.settings.skipped.contains('t')) {
        co_return boost::system::in_place_value;
    }
    for (auto const& shape : step.what->truncated->relations) {
        auto* of = known(shape.get());
        if (of == nullptr) {
            auto prepared = co_await prepare(shape);
            if (!prepared) {
                co_return prepared.error();
            }
            of = *prepared;
        }
        if (!of->what.captured) {
            continue;
        }
        if (!records_.begun()) {
            auto const first = records_.of_begin(step.what->position, filling().bytes);
            auto begun = co_await put(first);
            if (!begun) {
                co_return begun;
            }
        }
        auto& rows = filling();
        auto const made = records_.of_truncate(*step.what, of->what, *now_, rows.bytes);
        if (!made) {
            co_return failure{next_step::paused, made.error()};
        }
        auto done = co_await put(*made);
        if (!done) {
            co_return done;
        }
    }
    co_return boost::system::in_place_value;
}

// The batch that takes the next records. A batch's time is when it was begun.
source_writer::batch& source_writer::filling() {
    if (batches_.empty() || batches_.back()->size >= full_batch ||
        batches_.back()->bytes.capacity() >= held_most) {
        batches_.push_back(spare_ ? std::move(spare_) : std::make_unique<batch>());
        now_.emplace(now_ns());
    }
    return *batches_.back();
}

void source_writer::ends_at(lsn end) {
    lsn& of = batches_.empty() ? acknowledged_ : batches_.back()->end;
    of = std::max(of, end);
    if (!batches_.empty() && batches_.back()->settled.settled()) {
        settle(); // nothing in it is on its way
    }
}

bool source_writer::room_for_more() const noexcept {
    return with_.sink.outstanding() == 0 || on_their_way_ < way_most;
}

outcome_of<bool> source_writer::queue(source_record const& one, batch& into) {
    headers_.clear();
    if (!one.header.name.empty()) {
        headers_.push_back({one.header.name, one.header.value});
    }
    io::kafka::record what;
    what.key = one.key;
    what.value = one.value;
    auto const* const to = one.table != nullptr ? known(one.table->shape.get())->to : transactions_;
    return queue(*to, std::nullopt, one.position, what, into);
}

outcome_of<bool> source_writer::queue(open_topic const& to, std::optional<std::int32_t> chosen,
                                      event::stream_position position, io::kafka::record what,
                                      batch& into) {
    auto const partitions = static_cast<std::int32_t>(to.has.size());
    auto const partition =
        chosen ? *chosen : (what.key ? io::kafka::partition_of(*what.key, partitions) : 0);
    if (partition < 0 || partition >= partitions) {
        return failure{next_step::paused,
                       fmt::format("topic {} has {} partitions, and a transformation chose {}",
                                   to.to->name(), partitions, partition)};
    }
    if (position.at && position <= to.has[static_cast<std::size_t>(partition)]) {
        uses(to);
        return true; // it is there, of a start before this one
    }
    if (!room_for_more()) {
        return false;
    }
    auto const said = headers_.size();
    if (position.at || follows_) {
        auto const at = position.at ? position : *follows_;
        headers_.push_back({position_header, encode_position({with_.source, at}, into.bytes)});
    }
    what.headers = headers_;
    auto const queued = with_.sink.produce(*to.to, partition, what, into.settled);
    headers_.resize(said);
    switch (queued) {
    case io::kafka::producer::queued::yes:
        break;
    case io::kafka::producer::queued::full:
        return false;
    case io::kafka::producer::queued::refused:
        return retry_after(fmt::format("writing to topic {}", to.to->name()), with_.sink.why());
    }
    auto const size = what.key.value_or("").size() + what.value.value_or("").size();
    into.size += size;
    on_their_way_ += size;
    lingers_ = true;
    uses(to);
    return true;
}

void source_writer::uses(open_topic const& topic) {
    if (std::exchange(last_used_, &topic) != &topic) {
        used_.insert(topic.to->name());
    }
}

outcome_of<source_writer::progress> source_writer::make(change_window::step const& step) {
    if (step.what->kind == engine::change_kind::truncate) {
        return progress::unknown;
    }
    auto const* const of = known(step.what->shape);
    if (of == nullptr) {
        return progress::unknown;
    }
    if (!of->what.captured) {
        return progress::done;
    }
    if (with_.settings.transactions && !records_.begun()) {
        return progress::unknown;
    }
    if (with_.chunks != nullptr) {
        note(*step.what, of->what);
    }
    auto& into = filling();
    auto const made = records_.of_change(*step.what, of->what, *now_, into.bytes);
    if (!made) {
        return failure{next_step::paused, made.error()};
    }
    left_ = *made;
    auto const queued = queue();
    if (!queued) {
        return queued.error();
    }
    return *queued ? progress::done : progress::full;
}

outcome_of<bool> source_writer::queue() {
    if (with_.transforms != nullptr) {
        putting_ = true;
        return false;
    }
    while (!left_.empty()) {
        auto const queued = queue(left_.front(), *batches_.back());
        putting_ = queued && !*queued;
        if (!queued || !*queued) {
            return queued;
        }
        left_ = left_.subspan(1);
    }
    return true;
}

io::awaitable<source_writer::voided> source_writer::put(std::span<source_record const> records) {
    left_ = records;
    auto done = co_await put_rest();
    co_return done;
}

io::awaitable<source_writer::voided> source_writer::put_rest() {
    if (with_.transforms != nullptr) {
        auto done = co_await put_changed();
        co_return done;
    }
    for (;;) {
        auto const queued = queue();
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

io::awaitable<failure> source_writer::reports() {
    for (;;) {
        auto served = co_await with_.sink.serve();
        if (!served) {
            co_return retry_after("writing to its topics", served.error());
        }
        settle();
    }
}

// From the front only: a batch that is acknowledged behind one that is not confirms nothing.
void source_writer::settle() {
    while (!batches_.empty() && batches_.front()->settled.settled() &&
           !(putting_ && batches_.size() == 1)) {
        auto done = std::move(batches_.front());
        batches_.pop_front();
        acknowledged_ = std::max(acknowledged_, done->end);
        if (done->state) {
            kept_ = std::move(*std::exchange(done->state, std::nullopt));
        }
        on_their_way_ -= done->size;
        if (done->bytes.capacity() < held_most) {
            done->bytes.clear();
            done->size = 0;
            done->end = {};
            spare_ = std::move(done);
        }
    }
    room_.notify();
}

} // namespace tandem::connect
