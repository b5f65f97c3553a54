#include "engine/connect/flow/chunk_reader.hpp"

#include "codecs/sql/quote.hpp"
#include "engine/connect/flow/relation_query.hpp"
#include "engine/connect/flow/source_snapshot.hpp"
#include "engine/flow/sessions.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

using namespace std::chrono_literals;
using engine::failure;
using engine::outcome_of;

// More of them than a server can have on their way at a time.
constexpr std::size_t remembered = std::size_t{1} << 16;

constexpr char const* chunk_moment =
    "SELECT txid_current_snapshot()::text, txid_snapshot_xmin(txid_current_snapshot()), "
    "txid_snapshot_xmax(txid_current_snapshot()) % 4294967296, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
constexpr char const* first_not_begun = "SELECT txid_snapshot_xmax(txid_current_snapshot())";
// Behind it, and flushed with it, is what the chunk does not see.
constexpr char const* chunk_place = "SELECT pg_logical_emit_message(true, 'tandem.chunk', '')";

std::vector<std::string> key_texts(io::pg::rows const& from, int row) {
    std::vector<std::string> made;
    made.reserve(static_cast<std::size_t>(from.columns()));
    for (int column = 0; column < from.columns(); ++column) {
        made.emplace_back(from.text(row, column));
    }
    return made;
}

io::awaitable<void> pause_chunks(std::chrono::milliseconds how_long) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    timer.expires_after(how_long);
    co_await timer.async_wait(io::asio::use_awaitable);
}

} // namespace

chunk_reader::chunk_reader(io::asio::any_io_executor const& executor,
                           source_settings const& settings, std::string_view state,
                           io::event& arrived)
    : settings_{settings}, arrived_{arrived}, wake_{executor}, snapshot_{state} {
    state_.text = snapshot_.state();
}

std::optional<signal> chunk_reader::understood(outcome<signal> read) const {
    if (!read) {
        spdlog::warn("connector {}: a signal is passed over: {}", settings_.node.name,
                     read.error().what);
        return std::nullopt;
    }
    if (read->what == signal::kind::log) {
        spdlog::info("connector {}: signal {}: {}", settings_.node.name, read->id, read->message);
        return std::nullopt;
    }
    if (read->what == signal::kind::watermark) {
        return std::nullopt;
    }
    return std::move(*read);
}

void chunk_reader::take_row(std::string id, std::string_view type, std::string_view data,
                            lsn before) {
    if (auto what = understood(read_signal(std::move(id), type, data))) {
        signals_.push_back({std::move(what), -1});
        held_.push_back({before, 0});
        wake_.notify();
    }
}

void chunk_reader::take_record(bool ours, std::string_view value, std::int64_t next) {
    signals_.push_back({ours ? understood(read_signal_record(value)) : std::nullopt, next});
    wake_.notify();
}

void chunk_reader::passed(xid transaction) {
    if (ring_.empty()) {
        ring_.resize(remembered);
    }
    ring_[passed_++ % remembered] = transaction;
}

void chunk_reader::changed(engine::change const& what) {
    if (window_.is_of(*what.shape)) {
        window_.changed(*what.shape, what.old_row);
        window_.changed(*what.shape, what.new_row);
    }
}

void chunk_reader::truncated(pgoutput::relation_shape const& shape) {
    if (window_.is_of(shape)) {
        window_.truncated();
    }
}

std::optional<lsn> chunk_reader::waits_for() const noexcept {
    return ready_ ? std::optional{ready_->passes} : std::nullopt;
}

std::optional<chunk_reader::chunk> chunk_reader::take_chunk() {
    if (!ready_ || window_.spoiled()) {
        ready_.reset();
        (void)window_.close();
        wake_.notify();
        return std::nullopt;
    }
    ready_->rows = window_.close();
    return ready_;
}

void chunk_reader::chunk_written() {
    ready_.reset();
    snapshot_.chunk_done(read_, std::move(last_key_), whole_, news_);
    changed_state();
    wake_.notify();
}

std::vector<snapshot_news> chunk_reader::take_news() {
    return std::exchange(news_, {});
}

void chunk_reader::changed_state() {
    ++state_.number;
    state_.text = snapshot_.state();
    arrived_.notify();
}

std::optional<lsn> chunk_reader::held(std::uint64_t number) const noexcept {
    for (auto const& each : held_) { // in the order they came
        if (each.number == 0 || each.number > number) {
            return each.before;
        }
    }
    return std::nullopt;
}

void chunk_reader::saved(std::uint64_t number) {
    saved_ = std::max(saved_, number);
    std::erase_if(
        held_, [&](held_signal const& each) { return each.number != 0 && each.number <= number; });
}

io::awaitable<failure> chunk_reader::run() {
    for (;;) {
        bool const idle = signals_.empty() && (!snapshot_.running() || ready_);
        if (idle) {
            co_await wake_.wait();
            continue;
        }
        auto ready = co_await open();
        if (!ready) {
            co_return ready.error();
        }
        if (!signals_.empty()) {
            auto taken = co_await take_signals();
            if (!taken) {
                co_return taken.error();
            }
            continue;
        }
        auto read = co_await read_chunk();
        if (!read) {
            co_return read.error();
        }
    }
}

io::awaitable<outcome_of<io::pg::rows>> chunk_reader::ask(std::string doing,
                                                          std::string statement) {
    auto found = co_await link_->execute(std::move(statement));
    if (!found) {
        co_return engine::retry_after(settings_.node.name, doing, found.error());
    }
    co_return std::move(*found);
}

io::awaitable<chunk_reader::voided> chunk_reader::open() {
    if (link_) {
        co_return boost::system::in_place_value;
    }
    engine::session_request request;
    request.node = settings_.node;
    request.application_name = "tandem connector " + settings_.node.name;
    auto const executor = co_await io::asio::this_coro::executor;
    auto opened = co_await engine::open_session(executor, std::move(request));
    if (!opened) {
        co_return opened.error();
    }
    link_ = std::move(*opened);
    catalog_ = std::make_unique<source_catalog>(settings_, *link_);
    // What was sent by an earlier start is over when nothing runs any more that ran now.
    auto const now = co_await ask("asking for its transactions", first_not_begun);
    if (!now) {
        co_return now.error();
    }
    first_seen_ = static_cast<std::uint64_t>(now->integer(0, 0));
    co_return boost::system::in_place_value;
}

io::awaitable<chunk_reader::voided> chunk_reader::take_signals() {
    auto const all = co_await ask("asking for its tables", published_query(settings_.publication));
    if (!all) {
        co_return all.error();
    }
    std::vector<snapshot_table> tables;
    for (int row = 0; row < all->size(); ++row) {
        if (settings_.tables.takes(all->text(row, 0), all->text(row, 1))) {
            tables.push_back(
                {std::string{all->text(row, 0)}, std::string{all->text(row, 1)}, {}, {}});
        }
    }
    while (!signals_.empty()) {
        auto const one = std::move(signals_.front());
        signals_.pop_front();
        if (one.next >= 0) {
            snapshot_.signals_from(one.next);
        }
        if (!one.what) {
            continue;
        }
        auto const before = snapshot_.state();
        snapshot_.take(*one.what, tables, news_);
        spdlog::info("connector {}: signal {}{}", settings_.node.name, one.what->id,
                     snapshot_.state() == before ? ": nothing to do" : "");
    }
    changed_state();
    for (auto& each : held_) {
        each.number = each.number == 0 ? state_.number : each.number;
    }
    // What is read may be of a table that is not to be read any more.
    if (ready_ && (!snapshot_.running() || ready_->shape->name != snapshot_.table().name ||
                   ready_->shape->schema != snapshot_.table().schema)) {
        ready_.reset();
        (void)window_.close();
    }
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<bool>> chunk_reader::begin_table() {
    auto const of = snapshot_.table();
    auto question = relation_query(of.schema, of.name);
    auto const found = co_await ask("asking for a table's columns", std::move(question));
    if (!found) {
        co_return found.error();
    }
    auto shape = relation_of(*found, of.schema, of.name);
    if (!shape_ || *shape_ != *shape) { // the writer knows it by its address
        shape_ = std::move(shape);
    }
    auto const facts = co_await catalog_->facts(of.schema, of.name);
    if (!facts) {
        co_return facts.error();
    }
    order_ = facts->key;
    if (!of.surrogate_key.empty()) {
        order_ = {of.surrogate_key};
    }
    auto const has = [&](std::string const& name) {
        return std::ranges::find(shape_->columns, name, &pgoutput::column_shape::name) !=
               shape_->columns.end();
    };
    if (order_.empty() || !std::ranges::all_of(order_, has)) {
        auto const* const why = order_.empty() ? "NO_PRIMARY_KEY" : "UNKNOWN_SCHEMA";
        spdlog::warn("connector {}: the snapshot of table {} is passed over: {}",
                     settings_.node.name, of.display(),
                     order_.empty() ? "it has no primary key, and no surrogate-key was named"
                                    : "it has no such column as its surrogate-key");
        snapshot_.skip_table(why, news_);
        changed_state();
        co_return false;
    }
    auto const key = facts->key.empty() ? order_ : facts->key;
    window_.open(of.schema, of.name, key);
    if (snapshot_.most().empty()) {
        auto most = most_query(of, order_);
        auto const greatest = co_await ask("asking for a table's greatest key", std::move(most));
        if (!greatest) {
            co_return greatest.error();
        }
        if (greatest->empty() || greatest->null(0, 0)) {
            (void)window_.close();
            snapshot_.skip_table("EMPTY", news_);
            changed_state();
            co_return false;
        }
        snapshot_.begin_table(key_texts(*greatest, 0));
    }
    co_return true;
}

bool chunk_reader::all_seen(seen_transactions const& by, std::uint64_t until) const {
    auto const first = until > remembered ? until - remembered : 0;
    for (auto at = first; at < until; ++at) {
        if (!by.sees(ring_[at % remembered])) {
            return false;
        }
    }
    return true;
}

// What the stream brings from here on is told to the window; what it brought before has to be in the chunk.
io::awaitable<chunk_reader::voided> chunk_reader::read_chunk() {
    auto const brought = passed_;
    auto const begun = co_await begin_table();
    if (!begun) {
        co_return begun.error();
    }
    if (!*begun) {
        co_return boost::system::in_place_value;
    }
    auto const of = snapshot_.table();
    std::string begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    auto const opened = co_await ask("reading a chunk", std::move(begin));
    if (!opened) {
        co_return opened.error();
    }
    auto const now = co_await ask("reading a chunk", chunk_moment);
    if (!now) {
        co_return now.error();
    }
    auto const seen = seen_transactions::parse(now->text(0, 0));
    bool const over =
        first_seen_ == 0 || static_cast<std::uint64_t>(now->integer(0, 1)) >= first_seen_;
    if (!over && !std::exchange(waits_for_others_, true)) {
        spdlog::info(
            "connector {}: the snapshot waits until transactions have ended that ran when it began",
            settings_.node.name);
    }
    bool const good = seen && over && all_seen(*seen, brought);
    outcome_of<bool> filled = false;
    if (good) {
        filled = co_await fill(of);
    }
    if (!filled) {
        co_return filled.error();
    }
    auto const ended = co_await ask("reading a chunk", "COMMIT");
    if (!ended) {
        co_return ended.error();
    }
    if (!*filled) {
        (void)window_.close();
        co_await pause_chunks(20ms);
        co_return boost::system::in_place_value;
    }
    first_seen_ = 0;
    auto const behind = co_await ask("marking a chunk's place", chunk_place);
    if (!behind) {
        co_return behind.error();
    }
    chunk made;
    made.shape = shape_;
    made.passes = lsn::parse(behind->text(0, 0)).value_or(lsn{});
    made.transaction = {static_cast<std::uint32_t>(now->integer(0, 2))};
    made.at = pg_time::from_unix_us(now->integer(0, 3));
    if (signals_.empty()) { // else it may be of no use any more
        ready_ = std::move(made);
        arrived_.notify();
    } else {
        (void)window_.close();
    }
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<bool>> chunk_reader::fill(snapshot_table of) {
    std::vector<std::string> columns;
    for (auto const& each : shape_->columns) {
        columns.push_back(each.name);
    }
    auto query = chunk_query(of, order_, columns, snapshot_.reached(), snapshot_.most(),
                             settings_.chunk_rows);
    auto const rows = co_await ask("reading a chunk", std::move(query));
    if (!rows) {
        co_return rows.error();
    }
    std::string room;
    for (int row = 0; row < rows->size(); ++row) {
        window_.add(*shape_, tuple_of(*rows, row, room));
    }
    window_.filled();
    read_ = static_cast<std::uint64_t>(rows->size());
    whole_ = read_ == settings_.chunk_rows;
    last_key_.clear();
    for (auto const& column : order_) {
        auto const at = std::ranges::find(shape_->columns, column, &pgoutput::column_shape::name) -
                        shape_->columns.begin();
        if (read_ > 0) {
            last_key_.emplace_back(rows->text(rows->size() - 1, static_cast<int>(at)));
        }
    }
    co_return true;
}

} // namespace tandem::connect
