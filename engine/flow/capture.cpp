#include "engine/flow/capture.hpp"

#include "codecs/base/big_endian.hpp"
#include "codecs/replication/frame.hpp"
#include "engine/admin/spool_check.hpp"
#include "engine/core/origin_gate.hpp"
#include "engine/core/relation_drift.hpp"
#include "engine/core/table_plan.hpp"
#include "engine/ddl/message.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <chrono>
#include <utility>

namespace tandem::engine {
namespace {

constexpr std::size_t turn_bytes = std::size_t{1} << 20; // then the others get their turn
constexpr std::chrono::milliseconds urge_interval{50};
constexpr char const* scanned_text =
    "reads again what it had passed over: the other direction waited for deletes behind a full queue";
constexpr std::size_t deletes_most = std::size_t{8} << 20; // that are not stored yet

void add(counter& to, std::uint64_t by) {
    to.fetch_add(by, std::memory_order_relaxed);
}

} // namespace

capture::capture(direction_link& link, io::pg::replication_stream& stream, resume_guard resume,
                 connect::row_transforms* transforms)
    : link_{link},
      stream_{stream},
      writer_{link, resume},
      transforms_{transforms},
      streamed_{link.setup.spool_folder, link.stats.count.spool_bytes} {}

io::awaitable<failure> capture::run() {
    auto const executor = co_await io::asio::this_coro::executor;
    std::size_t turn = 0;
    for (;;) {
        step failed;
        std::size_t size = 0;
        auto const got = take_next(size, failed);
        if (failed) {
            co_return *failed;
        }
        if (got == next::message) {
            turn += size;
            if (turn < turn_bytes && !writer_.scans() &&
                link_.window.bytes() < link_.setup.queue_bytes &&
                link_.collected.bytes() < deletes_most) {
                continue;
            }
        }
        writer_.hand_over();
        turn = 0;
        link_.stats.count.heard_us.store(static_cast<std::uint64_t>(heard_.unix_us()),
                                         std::memory_order_relaxed);
        if (got == next::ended) {
            co_return retry_after(link_.setup.source.name, "the replication stream", stream_.why());
        }
        if (got == next::message) {
            co_await io::asio::post(executor, io::asio::use_awaitable);
        }
        co_await make_room();
        if (writer_.scans() && scanned()) {
            co_return failure{next_step::again, scanned_text};
        }
        if (got == next::message) {
            continue;
        }
        auto waited = co_await stream_.wait(writer_.inside());
        link_.rushing = stream_.fast();
        if (!waited) {
            co_return retry_after(link_.setup.source.name, "the replication stream",
                                  waited.error());
        }
    }
}

io::awaitable<void> capture::make_room() {
    while (link_.window.bytes() >= link_.setup.queue_bytes && !writer_.scans()) {
        if (urged()) {
            writer_.scan();
            break;
        }
        co_await link_.room.wait_until(std::chrono::steady_clock::now() + urge_interval);
    }
    auto const read_all = [this] {
        return writer_.scans() && link_.decoded >= link_.source_deletes->urged();
    };
    while (link_.collected.bytes() >= deletes_most || (read_all() && !scanned())) {
        co_await link_.deletes_stored.wait_until(std::chrono::steady_clock::now() + urge_interval);
    }
}

// Who applies to this node stands still until its deletes are known up to there.
bool capture::urged() const noexcept {
    return link_.source_deletes != nullptr &&
           link_.source_deletes->urged() > link_.source_deletes->stored();
}

bool capture::scanned() const noexcept {
    return link_.source_deletes->stored() >= link_.source_deletes->urged();
}

capture::next capture::take_next(std::size_t& size, step& failed) {
    if (replay_) {
        failed = replay_next(size);
        return next::message;
    }
    io::pg::copy_message message;
    auto const got = stream_.try_next(message);
    if (got == next::message) {
        size = message.size();
        failed = take(std::move(message));
    }
    return got;
}

capture::step capture::take(io::pg::copy_message message) {
    auto const frame = replication::decode_frame(message.view());
    if (!frame) {
        return broken(frame.error().message());
    }
    if (auto const* alive = std::get_if<replication::keepalive>(&*frame)) {
        return keepalive(*alive);
    }
    auto const& data = std::get<replication::xlog_data>(*frame);
    at_ = data.start;
    heard_ = data.sent_at;
    add(link_.stats.count.captured_bytes, data.payload.size());
    if (data.wal_end > lsn{link_.stats.count.server_wal_end.load(std::memory_order_relaxed)}) {
        link_.stats.count.server_wal_end.store(data.wal_end.value, std::memory_order_relaxed);
    }
    xid const block = decoder_.streamed(); // that a stop ends
    auto const read = decoder_.next(data.payload);
    if (!read) {
        return broken(read.error().message());
    }
    if (decoder_.in_block() || block != xid{}) {
        return in_block(*read, data.payload, decoder_.in_block() ? decoder_.streamed() : block);
    }
    return decoded(*read, decoder_, &message);
}

capture::step capture::keepalive(replication::keepalive const& alive) {
    link_.stats.count.server_wal_end.store(alive.wal_end.value, std::memory_order_relaxed);
    heard_ = alive.sent_at;
    link_.status_wanted = link_.status_wanted || alive.reply_requested;
    return decoder_.inside() ? std::nullopt : writer_.keepalive(alive.wal_end);
}

capture::step capture::row(change made, pgoutput::relation_ptr const& shape,
                           io::pg::copy_message* owner) {
    if (shape->id == marks_) {
        writer_.marked(told_by(made.new_row, *shape));
        return std::nullopt;
    }
    if (shape->id == ddl_queue_) {
        return ddl_row(made, *shape);
    }
    writer_.note(made, shape);
    if (transforms_ == nullptr || writer_.passes_over()) {
        return writer_.row(made, shape, owner);
    }
    auto const through = transforms_->apply(writer_.transaction(), made, shape);
    using verdict = connect::row_transforms::verdict;
    switch (through.what) {
    case verdict::as_it_is:
        return writer_.row(made, shape, owner);
    case verdict::changed:
        return writer_.row(through.made, through.shape, nullptr);
    case verdict::left_out:
        break;
    }
    writer_.count_unread(1);
    return std::nullopt;
}

capture::step capture::decoded(pgoutput::message const& message, pgoutput::decoder const& in,
                               io::pg::copy_message* owner) {
    if (auto const* insert = std::get_if<pgoutput::insert>(&message)) {
        change made;
        made.position = owner != nullptr ? at_ : lsn{}; // one in blocks has none that is kept
        made.kind = change_kind::insert;
        made.new_row = insert->new_row;
        return row(made, in.shape(), owner);
    }
    if (auto const* update = std::get_if<pgoutput::update>(&message)) {
        change made;
        made.position = owner != nullptr ? at_ : lsn{}; // one in blocks has none that is kept
        made.kind = change_kind::update;
        made.old_kind = update->old_kind;
        made.old_row = update->old_row;
        made.new_row = update->new_row;
        return row(made, in.shape(), owner);
    }
    if (auto const* remove = std::get_if<pgoutput::remove>(&message)) {
        change made;
        made.position = owner != nullptr ? at_ : lsn{}; // one in blocks has none that is kept
        made.kind = change_kind::remove;
        made.old_kind = remove->old_kind;
        made.old_row = remove->old_row;
        return row(made, in.shape(), owner);
    }
    if (auto const* begun = std::get_if<pgoutput::begin>(&message)) {
        return writer_.begin(*begun);
    }
    if (auto const* committed = std::get_if<pgoutput::commit>(&message)) {
        return writer_.commit(*committed);
    }
    if (auto const* described = std::get_if<pgoutput::relation>(&message)) {
        return relation(*described, in);
    }
    if (auto const* truncated = std::get_if<pgoutput::truncate>(&message)) {
        truncation what;
        for (std::uint32_t at = 0; at < truncated->relation_count; ++at) {
            what.relations.push_back(*in.find(truncated->relation_id(at)));
        }
        return writer_.truncate(std::move(what), owner != nullptr ? at_ : lsn{});
    }
    if (auto const* origin = std::get_if<pgoutput::origin>(&message)) {
        writer_.origin(origin->name);
        return std::nullopt;
    }
    if (auto const* ended = std::get_if<pgoutput::stream_commit>(&message)) {
        return stream_ends(*ended);
    }
    if (auto const* aborted = std::get_if<pgoutput::stream_abort>(&message)) {
        streamed_.abort(*aborted);
        if (aborted->transaction == aborted->subtransaction) {
            told_in_blocks_.erase(aborted->transaction.value);
        }
        return std::nullopt;
    }
    if (auto const* said = std::get_if<pgoutput::logical_message>(&message)) {
        if (said->prefix == ddl_prefix) {
            follow_schemas(said->content);
        }
        return writer_.message(*said);
    }
    if (std::holds_alternative<pgoutput::type>(message)) {
        return std::nullopt; // it carries no rows
    }
    return broken("a message of a two-phase transaction, which was not asked for");
}

capture::step capture::relation(pgoutput::relation const& described, pgoutput::decoder const& in) {
    auto const* shape = in.find(described.id);
    if (shape != nullptr && is_mark((*shape)->schema, (*shape)->name)) {
        marks_ = described.id;
        return std::nullopt;
    }
    if (shape != nullptr && is_ddl_queue((*shape)->schema, (*shape)->name)) {
        ddl_queue_ = described.id;
        return std::nullopt;
    }
    if (shape != nullptr && !link_.tells_ddl) {
        report_drift(*shape);
    }
    if (link_.binary && shape != nullptr && !binary_safe(**shape)) {
        return failure{next_step::retry_text,
                       fmt::format("table {}.{} has types whose binary form differs between "
                                   "servers: values travel as text",
                                   (*shape)->schema, (*shape)->name)};
    }
    return std::nullopt;
}

// Nobody told of it: people have to know that the peer's table did not follow.
void capture::report_drift(pgoutput::relation_ptr const& shape) {
    auto& known = described_[shape->id.value];
    if (known != nullptr) {
        for (auto const& each : relation_drift(*known, *shape)) {
            auto const text =
                fmt::format("node {} was altered: {}; node {} stays as it is: alter it as well",
                            link_.setup.source.name, each, link_.setup.target.name);
            if (link_.stats.add_warning(text)) {
                spdlog::warn("{} -> {}: {}", link_.setup.source.name, link_.setup.target.name,
                             text);
            }
        }
    }
    known = shape;
}

// Before PostgreSQL 14 event triggers tell by rows, which are gone again at once.
capture::step capture::ddl_row(change const& made, pgoutput::relation_shape const& shape) {
    if (made.kind != change_kind::insert) {
        return std::nullopt;
    }
    pgoutput::tuple_view::cursor values{made.new_row};
    for (auto const& column : shape.columns) {
        auto const value = values.next().bytes;
        if (column.name == "told") {
            follow_schemas(value);
            return writer_.ddl_told(value, made.position);
        }
    }
    return broken("a row of tandem.ddl_queue without what it tells");
}

// PostgreSQL describes no table anew when its schema gets another name.
void capture::follow_schemas(std::string_view told) {
    auto const& token = link_.ddl_token;
    if (token.empty() || !told.starts_with(token) || told.find("ALTER SCHEMA") == told.npos) {
        return;
    }
    auto const read = ddl::read_message(told.substr(token.size()));
    if (!read) {
        return; // whoever carries it out says so
    }
    for (auto const& change : read->changes) {
        auto const renamed = ddl::renamed_schema(change);
        if (!renamed) {
            continue;
        }
        decoder_.rename_schema(renamed->first, renamed->second);
        if (replay_) {
            replay_->decoder().rename_schema(renamed->first, renamed->second);
        }
    }
}

// What a row of tandem.progress says of how far the target's stream was applied here; none: it is of another stream's.
std::optional<seen_of_target> capture::told_by(pgoutput::tuple_view row,
                                               pgoutput::relation_shape const& shape) const {
    if (!link_.setup.tells_seen || row.column_count() < shape.columns.size()) {
        return std::nullopt;
    }
    std::string_view stream;
    std::string_view applied;
    std::string_view newest;
    pgoutput::tuple_view::cursor values{row};
    for (auto const& column : shape.columns) {
        auto const value = values.next().bytes;
        if (column.name == "stream") {
            stream = value;
        } else if (column.name == "applied_lsn") {
            applied = value;
        } else if (column.name == "newest_us") {
            newest = value;
        }
    }
    if (stream != link_.setup.target.name || newest.empty()) {
        return std::nullopt;
    }
    if (link_.binary) {
        return seen_of_target{lsn{load_big_endian<std::uint64_t>(applied.data())},
                              pg_time::from_unix_us(static_cast<std::int64_t>(
                                  load_big_endian<std::uint64_t>(newest.data())))};
    }
    std::int64_t us = 0;
    std::from_chars(newest.data(), newest.data() + newest.size(), us);
    return seen_of_target{lsn::parse(applied).value_or(lsn{}), pg_time::from_unix_us(us)};
}

// --- transactions in blocks

capture::step capture::in_block(pgoutput::message const& message, std::string_view bytes,
                                xid transaction) {
    if (auto const* described = std::get_if<pgoutput::relation>(&message)) {
        if (auto stepped = relation(*described, decoder_)) {
            return stepped;
        }
    }
    if (auto const* update = std::get_if<pgoutput::update>(&message);
        update != nullptr && decoder_.shape() != nullptr && decoder_.shape()->id == marks_) {
        if (auto const told = told_by(update->new_row, *decoder_.shape())) {
            told_in_blocks_[transaction.value] = *told;
        }
    }
    auto const kept = streamed_.keep(transaction, message, bytes);
    return kept ? step{} : no_spool(kept.error());
}

// Only now it has a place in the order of commits, and its changes are let out.
capture::step capture::stream_ends(pgoutput::stream_commit const& committed) {
    auto whole = streamed_.take(committed.transaction);
    auto stepped = writer_.begin(
        {committed.commit_lsn, committed.commit_time, committed.transaction}, committed.end_lsn);
    if (stepped) {
        return stepped;
    }
    if (!whole.origin.empty()) {
        writer_.origin(whole.origin);
    }
    if (auto told = told_in_blocks_.extract(committed.transaction.value); !told.empty()) {
        writer_.marked(told.mapped());
    }
    replay_end_ = {committed.commit_lsn, committed.end_lsn, committed.commit_time};
    if (writer_.unread()) {
        writer_.count_unread(whole.changes);
        return writer_.commit(replay_end_);
    }
    replay_.emplace(std::move(whole), decoder_);
    return std::nullopt;
}

capture::step capture::replay_next(std::size_t& size) {
    auto const item = replay_->next();
    if (!item) {
        return no_spool(item.error());
    }
    if (item->end) {
        replay_.reset();
        return writer_.commit(replay_end_);
    }
    size = item->size;
    if (!item->message) {
        return std::nullopt;
    }
    if (std::holds_alternative<pgoutput::stream_start>(*item->message) ||
        std::holds_alternative<pgoutput::stream_stop>(*item->message) ||
        std::holds_alternative<pgoutput::origin>(*item->message)) {
        return std::nullopt; // said at its beginning
    }
    return decoded(*item->message, replay_->decoder(), nullptr);
}

failure capture::broken(std::string const& what) const {
    return {next_step::retry,
            fmt::format("node {}: the stream at {} is not what pgoutput sends: {}",
                        link_.setup.source.name, to_string(at_), what)};
}

failure capture::no_spool(boost::system::error_code const& why) const {
    return {next_step::retry_whole,
            fmt::format(
                "a large transaction of node {} cannot be kept in {} while it is open ({}): "
                "large transactions come from the server when they have committed; {}; then "
                "start tandem again",
                link_.setup.source.name, link_.setup.spool_folder, why.message(), spool_cure(why))};
}

} // namespace tandem::engine
