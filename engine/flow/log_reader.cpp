#include "engine/flow/log_reader.hpp"

#include "codecs/event/padding.hpp"
#include "engine/flow/dead_letters.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace tandem::engine {
namespace {

std::string interval(event::stream_position from, event::stream_position to) {
    return fmt::format("{}.{} and {}.{}", to_string(from.at), from.index, to_string(to.at),
                       to.index);
}

event::stream_position reached(progress_facts const& facts) {
    return {facts.reached(), 0};
}

} // namespace

log_reader::log_reader(direction_link& link, io::kafka::consumer& source, io::pg::connection& notes,
                       dead_letters& letters, std::string topic, std::string asks)
    : link_{link},
      source_{source},
      notes_{notes},
      letters_{letters},
      topic_{std::move(topic)},
      asks_as_{std::move(asks)},
      writer_{link, resume_guard{link.progress.facts, false}},
      chain_{reached(link.progress.facts), -1} {}

log_reader::voided log_reader::assign(std::int64_t offset) {
    from_beginning_ = offset == io::kafka::from_beginning;
    segment_ = -1;
    next_offset_ = -1;
    given_up_ = -1;
    passed_over_ = -1;
    row_logs_.clear(); // the segment's head says where they are read from
    followed_run_.clear();
    moved_ = true;
    return ask_for(offset);
}

log_reader::voided log_reader::ask_again() {
    spdlog::debug("reading topic {} again from offset {}", topic_, fetch_next_);
    return ask_for(fetch_next_);
}

log_reader::voided log_reader::ask_for(std::int64_t offset) {
    std::vector<io::kafka::assignment> wanted;
    wanted.push_back({topic_, 0, offset});
    for (auto const& log : row_logs_) {
        wanted.push_back({log->what.topic, log->what.partition, log->what.offset, true});
        log->at_end = false;
    }
    auto const done = source_.assign(wanted);
    if (!done) {
        return retry_after(fmt::format("reading topic {}", topic_), done.error());
    }
    fetch_next_ = offset;
    return boost::system::in_place_value;
}

bool log_reader::fetch_into(io::kafka::fetched_batch& batch) {
    if (!source_.try_fetch(batch)) {
        return false;
    }
    for (std::size_t at = batch.size(); at > 0; --at) {
        if (batch[at - 1].topic() == topic_) {
            fetch_next_ = batch[at - 1].offset() + 1;
            break;
        }
    }
    return true;
}

// The batch that take_all() takes next; what was looked into already comes first.
bool log_reader::fetch() {
    if (std::exchange(moved_, false)) {
        for (auto& each : batches_) {
            each.clear();
        }
    }
    auto& other = batches_[1 - current_batch_];
    if (!other.empty()) {
        batches_[current_batch_].clear();
        current_batch_ = 1 - current_batch_;
        return true;
    }
    return fetch_into(batches_[current_batch_]);
}

void log_reader::note_rate() {
    link_.rushing = rate_.note(std::exchange(row_bytes_, 0), std::chrono::steady_clock::now());
}

io::awaitable<log_reader::voided> log_reader::make_room() {
    note_rate();
    co_await io::asio::post(co_await io::asio::this_coro::executor,
                            io::asio::use_awaitable); // the others get their turn
    while (link_.window.bytes() >= link_.setup.queue_bytes) {
        writer_.hand_over();
        co_await link_.room.wait();
    }
    co_return boost::system::in_place_value;
}

io::awaitable<failure> log_reader::run(std::optional<std::int64_t> from) {
    auto ready = assign(from.value_or(io::kafka::from_beginning));
    if (!ready) {
        co_return ready.error();
    }
    for (;;) {
        while (fetch()) {
            auto taken = co_await take_all(batches_[current_batch_]);
            if (!taken) {
                co_return taken.error();
            }
            taken = co_await make_room();
            if (!taken) {
                co_return taken.error();
            }
        }
        note_rate();
        writer_.hand_over();
        auto waited = co_await source_.wait();
        if (!waited) {
            co_return retry_after(fmt::format("reading topic {}", topic_), waited.error());
        }
    }
}

io::awaitable<log_reader::voided> log_reader::take_all(io::kafka::fetched_batch& batch) {
    for (batch_at_ = 0; batch_at_ < batch.size(); ++batch_at_) {
        auto taken = take(batch[batch_at_]);
        if (taken && asks_) {
            taken = co_await answer(*std::exchange(asks_, std::nullopt));
        }
        if (!taken) {
            co_return taken;
        }
        if (moved_) {
            co_return boost::system::in_place_value;
        }
    }
    if (!batch.ends().empty()) {
        hear_end();
    }
    for (auto const& failed : batch.failures()) {
        auto mended = co_await after_failure(failed);
        if (!mended) {
            co_return mended;
        }
    }
    co_return boost::system::in_place_value;
}

// An offset that is not there any more, or not yet, is where another log begins: the chain tells whether it goes on.
io::awaitable<log_reader::voided> log_reader::after_failure(
    io::kafka::partition_event const& failed) {
    if (failed.failed.code == io::kafka::errc::out_of_range && failed.topic == topic_) {
        spdlog::warn("topic {} does not have offset {}: read from its beginning", topic_,
                     failed.offset);
        co_return assign(io::kafka::from_beginning);
    }
    bool const rows_gone =
        failed.topic != topic_ && failed.failed.code == io::kafka::errc::no_topic;
    if (failed.failed.classify() == io::kafka::retry_class::transient || rows_gone) {
        co_return boost::system::
            in_place_value; // librdkafka goes on trying; who waits for rows, see take_index()
    }
    co_return retry_after(fmt::format("reading topic {}", failed.topic), failed.failed);
}

std::string_view log_reader::padded(std::string_view bytes, std::string& room) {
    room.assign(bytes);
    room.append(event::record_padding, '\0');
    return std::string_view{room}.substr(0, bytes.size());
}

std::optional<std::string_view> log_reader::old_key() {
    auto const found =
        std::ranges::find(headers_, "__debezium.oldkey", &event::record_header::name);
    return found == headers_.end() ? std::nullopt : std::optional{padded(found->value, key_room_)};
}

// What covers a position and cannot be read: nothing behind it may be applied.
failure log_reader::unreadable(letter_cause cause, std::string why) {
    letters_.put(*reading_, cause, why);
    return {
        next_step::paused,
        fmt::format("topic {}, offset {}: {}: it was written by another version, or not by "
                    "tandem; nothing behind it is applied; look at it in topic {}.dead-letters, "
                    "delete the records up to it or the topic (with --confirm applied nothing is "
                    "lost), then start tandem again",
                    reading_->topic(), reading_->offset(), why, topic_)};
}

// A note that covers nothing is none of the stream's; of the others the stream cannot do without.
log_reader::step log_reader::bad_note(event::record_headers const& headers, std::string why) {
    if (chain_.take(headers) == stream_chain::verdict::next) {
        return unreadable(letter_cause::bad_note, std::move(why));
    }
    letters_.put(*reading_, letter_cause::bad_note, std::move(why));
    return std::nullopt;
}

void log_reader::fill_headers(io::kafka::fetched_record const& record) {
    record.headers(raw_);
    headers_.clear();
    for (auto const& each : raw_) {
        headers_.push_back({each.name, each.value.value_or(std::string_view{})});
    }
}

// What the record says of itself, if it is one of the stream's.
std::optional<event::record_headers> log_reader::read_headers(
    io::kafka::fetched_record const& record) {
    fill_headers(record);
    auto const read = event::decode_headers(headers_);
    if (!read) {
        letters_.put(record, letter_cause::bad_headers, read.error().message());
        return std::nullopt;
    }
    if (read->stream != link_.setup.source.name) {
        letters_.put(record, letter_cause::other_stream,
                     fmt::format("its stream is {}", read->stream));
        return std::nullopt;
    }
    if (read->origin == link_.setup.target.name) { // R16
        link_.stats.count.echoes_dropped.fetch_add(1, std::memory_order_relaxed);
        letters_.say(record, "it is our own");
        return std::nullopt;
    }
    return *read;
}

// What takes more than what is here: a writer's start, which is checked against the database, and an index, whose rows
// are to come.
io::awaitable<log_reader::voided> log_reader::answer(question asked) {
    if (auto const* started = std::get_if<event::start_note>(&asked.note)) {
        auto done = co_await start(asked.headers, *started);
        co_return done;
    }
    auto taken =
        co_await take_index(asked.headers, std::get<event::index_note>(std::move(asked.note)));
    co_return taken;
}

// For every record: what it needs the database or other records for is left in asks_.
log_reader::voided log_reader::take(io::kafka::fetched_record const& record) {
    if (record.topic() != topic_) { // rows, fetched before their partition had its own queue
        return boost::system::in_place_value;
    }
    next_offset_ = record.offset() + 1;
    auto const read = read_headers(record);
    if (!read) {
        return boost::system::in_place_value;
    }
    offset_ = record.offset();
    reading_ = &record;
    step stepped;
    std::optional<event::stream_note> note;
    bool const passed = read->epoch == passed_over_ || judging_; // but for what a newer writer says
    if (!read->note.empty()) {
        auto decoded = event::decode_note(read->note);
        if (!decoded && !passed) {
            stepped = bad_note(*read, fmt::format("its note: {}", decoded.error().message()));
            return stepped ? voided{*stepped} : voided{boost::system::in_place_value};
        }
        if (decoded) {
            note = std::move(*decoded);
        }
    }
    if (note && std::holds_alternative<event::start_note>(*note)) {
        asks_.emplace(*read, std::move(*note));
        return boost::system::in_place_value;
    }
    if (passed) {
        return boost::system::in_place_value;
    }
    if (note && std::holds_alternative<event::relation_note>(*note)) {
        if (read->epoch == chain_.epoch()) {
            changes_.describe(std::get<event::relation_note>(*note).shape);
        }
        return boost::system::in_place_value;
    }
    if (read->epoch == given_up_) {
        return boost::system::in_place_value;
    }
    auto const verdict = chain_.of(*read);
    if (verdict == stream_chain::verdict::gap) {
        return look_for(chain_.last(), read->previous);
    }
    if (verdict == stream_chain::verdict::unannounced && segment_ < 0 && !from_beginning_) {
        return assign(io::kafka::from_beginning);
    }
    if (note && std::holds_alternative<event::index_note>(*note) &&
        (verdict == stream_chain::verdict::next ||
         (verdict == stream_chain::verdict::duplicate && expect_last_applied_))) {
        if (segment_ < 0) { // where its rows are its segment's head says
            return look_for(chain_.last(), read->position);
        }
        asks_.emplace(*read, std::move(*note));
        return boost::system::in_place_value;
    }
    stepped = take_covering(*read, note, record, verdict);
    return stepped ? voided{*stepped} : voided{boost::system::in_place_value};
}

log_reader::step log_reader::take_covering(event::record_headers const& headers,
                                           std::optional<event::stream_note> const& note,
                                           io::kafka::fetched_record const& record,
                                           stream_chain::verdict verdict) {
    switch (verdict) {
    case stream_chain::verdict::next:
        chain_.reach(headers.position);
        return next(headers, record.value(), note);
    case stream_chain::verdict::duplicate:
        return known_again(headers, record.value(), note);
    case stream_chain::verdict::unannounced:
        if (chain_.epoch() <
            0) { // the log lost what the first segment began with: its writer sends all of it again
            letters_.say(record, "the start of its writer is not in the topic any more");
            return std::nullopt;
        }
        letters_.put(record, letter_cause::unannounced,
                     fmt::format("the start of its writer (epoch {}) was not seen", headers.epoch));
        return std::nullopt;
    case stream_chain::verdict::outdated:
    case stream_chain::verdict::gap: // taken care of
        break;
    }
    return std::nullopt;
}

// What lies between may stand further back: another log can have taken the place of the one that was read.
log_reader::voided log_reader::look_for(event::stream_position from, event::stream_position to) {
    if (!from_beginning_) {
        return assign(io::kafka::from_beginning);
    }
    if (missing_.empty()) {
        missing_ = interval(from, to);
        auto const why =
            fmt::format("changes between {} are not in topic {} any more: node {} is asked to "
                        "send them again",
                        missing_, topic_, link_.setup.source.name);
        spdlog::warn("{} -> {}: {}", link_.setup.source.name, link_.setup.target.name, why);
        link_.stats.set_state(direction_state::retrying, why);
    }
    return boost::system::in_place_value;
}

// The transaction of a record; none: it does not say.
std::optional<event::commit_note> log_reader::made_by(
    std::optional<std::string_view> value, std::optional<event::stream_note> const& note) {
    if (note && std::holds_alternative<event::commit_note>(*note)) {
        return std::get<event::commit_note>(*note);
    }
    if (auto const* of = note ? std::get_if<event::truncate_note>(&*note) : nullptr) {
        return event::commit_note{of->transaction, of->commit_time};
    }
    if (auto const* of = note ? std::get_if<event::oversize_note>(&*note) : nullptr) {
        return event::commit_note{of->transaction, of->commit_time};
    }
    if (auto const* of = note ? std::get_if<event::ddl_note>(&*note) : nullptr) {
        return event::commit_note{of->transaction, of->commit_time};
    }
    if (!value) {
        return std::nullopt;
    }
    rows_.clear();
    auto const made = changes_.change_of(padded(*value, value_room_), old_key(), rows_);
    return made && *made
               ? std::optional{event::commit_note{(*made)->transaction, (*made)->commit_time}}
               : std::nullopt;
}

log_reader::step log_reader::next(event::record_headers const& headers,
                                  std::optional<std::string_view> value,
                                  std::optional<event::stream_note> const& note) {
    if (note && std::holds_alternative<event::truncate_note>(*note)) {
        return truncated(headers, std::get<event::truncate_note>(*note));
    }
    if (note && std::holds_alternative<event::oversize_note>(*note)) {
        return oversize(headers, std::get<event::oversize_note>(*note));
    }
    if (note && std::holds_alternative<event::ddl_note>(*note)) {
        return ddl(headers, std::get<event::ddl_note>(*note));
    }
    if (!value) { // a position
        if (inside_) {
            return end(headers);
        }
        link_.fenced =
            true; // the sender tells positions sparingly, or because somebody waits for one
        return writer_.keepalive(headers.position.at);
    }
    rows_.clear();
    auto const made = changes_.change_of(padded(*value, value_room_), old_key(), rows_);
    if (!made) {
        return unreadable(letter_cause::bad_value, made.error().what);
    }
    if (!*made) {
        return unreadable(letter_cause::bad_value, "a truncate that covers a position");
    }
    return change_made(headers, **made);
}

log_reader::step log_reader::change_made(event::record_headers const& headers,
                                         recorded_change const& made) {
    if (auto stepped = begin(headers, made.transaction, made.commit_time)) {
        return stepped;
    }
    row_bytes_ += made.what.new_row.raw().size() + made.what.old_row.raw().size();
    if (auto stepped = writer_.row(made.what, made.shape, nullptr)) {
        return stepped;
    }
    return headers.position.ends_transaction() ? end(headers) : std::nullopt;
}

log_reader::step log_reader::truncated(event::record_headers const& headers,
                                       event::truncate_note const& note) {
    truncation what;
    for (auto const& [schema, table] : note.tables) {
        auto shape = changes_.shape_of(schema, table);
        if (shape == nullptr) {
            return unreadable(
                letter_cause::bad_note,
                fmt::format("table {}.{} was not described before its truncate", schema, table));
        }
        what.relations.push_back(std::move(shape));
    }
    if (auto stepped = begin(headers, note.transaction, note.commit_time)) {
        return stepped;
    }
    if (auto stepped = writer_.truncate(std::move(what))) {
        return stepped;
    }
    return headers.position.ends_transaction() ? end(headers) : std::nullopt;
}

log_reader::step log_reader::ddl(event::record_headers const& headers,
                                 event::ddl_note const& note) {
    if (auto stepped = begin(headers, note.transaction, note.commit_time)) {
        return stepped;
    }
    if (auto stepped = writer_.ddl(note.told)) {
        return stepped;
    }
    return headers.position.ends_transaction() ? end(headers) : std::nullopt;
}

log_reader::step log_reader::oversize(event::record_headers const& headers,
                                      event::oversize_note const& note) {
    rows_.clear();
    auto made = changes_.change_of(note, rows_);
    if (!made) {
        return unreadable(letter_cause::bad_note, made.error().what);
    }
    made->what.oversized = &*made->without_values;
    return change_made(headers, *made);
}

log_reader::step log_reader::begin(event::record_headers const& headers, xid transaction,
                                   pg_time commit_time) {
    if (inside_) {
        return std::nullopt;
    }
    if (expect_last_applied_) {
        return failure{
            next_step::gap,
            fmt::format("the source's history is not the one that was followed: the "
                        "transaction that ended at {} is not in it; the source was "
                        "restored behind us; compare both nodes with `tandem verify`, then "
                        "set the direction up anew",
                        to_string(link_.progress.facts.applied))};
    }
    inside_ = true;
    current_ = {transaction, commit_time, headers.position.at, segment_};
    lsn const known_end = headers.position.ends_transaction() ? headers.position.at : lsn{};
    return writer_.begin({headers.position.at, commit_time, transaction}, known_end, segment_);
}

log_reader::step log_reader::end(event::record_headers const& headers) {
    inside_ = false;
    lsn const at = headers.position.at;
    return writer_.commit({current_.final_lsn, at, current_.commit_time});
}

} // namespace tandem::engine
