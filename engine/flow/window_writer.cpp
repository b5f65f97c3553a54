#include "engine/flow/window_writer.hpp"

#include "engine/core/failpoint.hpp"
#include "engine/core/origin_gate.hpp"
#include "engine/ddl/message.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace tandem::engine {
namespace {

constexpr std::size_t handed_over_bytes = std::size_t{256} << 10; // of a batch, at the latest
constexpr std::size_t copied_most = std::size_t{32}
                                    << 10; // larger messages stay as libpq made them

// Commit times differ from the order of the log by the moments between reading the clock and writing,
// on a stalled server by seconds.
constexpr std::chrono::milliseconds step_back_least{5'000};

constexpr std::size_t recent_most = 64; // transactions whose commit times may be the same

std::int64_t unix_us_now() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void free_message(char* held) {
    PQfreemem(held);
}

void add(counter& to, std::uint64_t by) {
    to.fetch_add(by, std::memory_order_relaxed);
}

} // namespace

window_writer::window_writer(direction_link& link, resume_guard resume)
    : link_{link}, resume_{resume} {}

window_writer::step window_writer::keepalive(lsn wal_end) {
    if (inside_) { // no position: it can lie beyond what the open transaction still brings (R5)
        return std::nullopt;
    }
    if (scans_) {
        link_.decoded = std::max(link_.decoded, wal_end);
        return std::nullopt;
    }
    if (resume_.keepalive(wal_end) == resume_guard::verdict::gap) {
        return failure{next_step::gap, resume_.why()};
    }
    link_.decoded = std::max(link_.decoded, wal_end);
    link_.watermark.keepalive(wal_end);
    return std::nullopt;
}

window_writer::step window_writer::begin(pgoutput::begin const& begun, lsn end,
                                         std::int64_t log_offset) {
    if (scans_) {
        inside_ = true;
        echo_ = false;
        current_ = header_of(begun, log_offset);
        link_.collected.begin(current_);
        return std::nullopt;
    }
    auto const verdict = resume_.begin(begun.final_lsn);
    if (verdict == resume_guard::verdict::gap) {
        return failure{next_step::gap, resume_.why()};
    }
    inside_ = true;
    echo_ = false;
    replayed_ = false;
    duplicate_ = verdict == resume_guard::verdict::applied_before;
    skipped_ = named_to_skip(end);
    may_be_skipped_ = !end && std::ranges::any_of(link_.progress.skips,
                                                  [&](lsn skip) { return begun.final_lsn < skip; });
    has_changes_ = false;
    index_ = 0;
    current_ = header_of(begun, log_offset);
    link_.collected.begin(current_);
    link_.watermark.begun();
    return std::nullopt;
}

transaction_header window_writer::header_of(pgoutput::begin const& begun,
                                            std::int64_t log_offset) const {
    transaction_header made{begun.transaction, begun.commit_time, begun.final_lsn, log_offset};
    if (link_.setup.conflicts.any(sql::row_versions::seen)) {
        made.seen_at = link_.seen.newest().at;
    }
    made.earliest_v = made.v(link_.setup.conflicts.rest.versions);
    for (auto const& each : link_.setup.conflicts.tables) {
        made.earliest_v = std::min(*made.earliest_v, made.v(each.rules.versions));
    }
    made.seen = link_.seen.newest().position;
    return made;
}

void window_writer::origin(std::string_view name) {
    replayed_ = true;
    echo_ = is_echo(name) && !failpoint("origin_filter");
}

void window_writer::marked(std::optional<seen_of_target> told) {
    replayed_ = true;
    echo_ = !has_changes_ && !failpoint("origin_filter");
    if (told) {
        link_.seen.told(current_.final_lsn, *told);
    }
}

window_writer::step window_writer::message(pgoutput::logical_message const& said) {
    if (!inside_ || !said.transactional) {
        return std::nullopt;
    }
    if (said.prefix == ddl_prefix) {
        return ddl_told(said.content, said.position);
    }
    if (said.prefix == fence_prefix) {
        link_.fenced = true;
        return std::nullopt;
    }
    if (has_changes_ || passes_over()) {
        return std::nullopt;
    }
    auto next = current_.trace ? *current_.trace : trace_context{};
    if (next.take(said.prefix, said.content)) {
        current_.trace = std::make_shared<trace_context const>(std::move(next));
    }
    return std::nullopt;
}

// For those who look on.
void window_writer::show_echo() {
    auto const now_us = unix_us_now();
    auto* const tail = link_.stats.tail;
    if (tail == nullptr || !tail->watched(now_us)) {
        return;
    }
    constexpr int shown_most = 10; // a second: one is like the other, and the counter has them all
    if (now_us - echoes_since_us_ >= 1'000'000) {
        echoes_since_us_ = now_us;
        echoes_shown_ = 0;
    }
    if (++echoes_shown_ > shown_most) {
        return;
    }
    tail->add(fmt::format(
        R"({{"at":{},"committed":{},"direction":"{}:{}","verdict":"echo","op":"transaction","schema":"","table":"","xid":{},)"
        R"("position":"{}","key":{{}},"columns":[],"more":0}})",
        now_us, current_.commit_time.unix_us(), link_.stats.source, link_.stats.target,
        current_.id.value, to_string(current_.final_lsn)));
}

window_writer::step window_writer::commit(pgoutput::commit const& committed) {
    inside_ = false;
    watch_order(committed);
    link_.decoded = committed.end_lsn;
    if (scans_) {
        return std::nullopt;
    }
    link_.stats.count.received_lsn.store(committed.end_lsn.value, std::memory_order_relaxed);
    if (duplicate_ && resume_.end(committed.end_lsn, current_.id, current_.commit_time) ==
                          resume_guard::verdict::gap) {
        return failure{next_step::gap, resume_.why()};
    }
    if (echo_) {
        add(link_.stats.count.echoes_stopped, index_ > 0 ? 1 : 0);
        if (index_ > 0) {
            show_echo();
        }
    }
    if (auto stepped = check_clock(committed)) {
        return stepped;
    }
    bool const skip = named_to_skip(committed.end_lsn) && !echo_ && !duplicate_;
    if (skip && (has_changes_ || skipped_)) {
        spdlog::warn("{} -> {}: passed over the transaction at {} ({}), as `tandem skip` asked",
                     link_.setup.source.name, link_.setup.target.name, to_string(committed.end_lsn),
                     has_changes_ ? fmt::format("{} changes", filling_->pieces.back().count)
                                  : "it came in blocks");
    }
    if (duplicate_ && has_changes_) {
        end_piece(committed.end_lsn);
        link_.watermark.skipped(committed.end_lsn);
        return std::nullopt;
    }
    if (!has_changes_ || skip) {
        if (has_changes_) { // held back until here, see hand_over()
            take_back_piece();
        }
        link_.watermark.skipped(committed.end_lsn);
        return std::nullopt;
    }
    if (resume_.applies(committed.end_lsn) == resume_guard::verdict::gap) {
        return failure{next_step::gap, resume_.why()};
    }
    end_piece(committed.end_lsn);
    add(link_.stats.count.captured_transactions, link_.hears_the_source ? 1 : 0);
    link_.watermark.received(committed.end_lsn);
    return std::nullopt;
}

void window_writer::end_piece(lsn end) {
    if (filling_ == nullptr || filling_->pieces.empty()) { // handed over before its commit came
        append_piece();
    }
    auto& piece = filling_->pieces.back();
    piece.end_lsn = end;
    piece.ends = true;
}

// What the source wrote itself and whose commit time does not tell that it was written after what was sent before (R13).
void window_writer::watch_order(pgoutput::commit const& committed) {
    auto& order = link_.memory.order;
    if (!link_.setup.tells_seen || link_.source_deletes == nullptr ||
        committed.end_lsn <= order.watched) {
        return; // one that is sent again was compared with those before it, and is not with those behind it
    }
    order.watched = committed.end_lsn;
    if (!echo_) {
        auto const at = current_.commit_time;
        bool const tied = std::ranges::find(order.recent, at) != order.recent.end();
        if (at <= order.newest) {
            link_.source_deletes->inverted(
                {committed.end_lsn, at, tied || at == order.newest ? current_.id.value : 0});
        }
        order.newest = std::max(order.newest, at);
        order.recent.push_back(at);
        if (order.recent.size() > recent_most) {
            order.recent.pop_front();
        }
    }
    link_.source_deletes->ordered(committed.end_lsn);
}

// R12. What was replayed here carries the clock of where it came from.
window_writer::step window_writer::check_clock(pgoutput::commit const& committed) {
    if (replayed_ || duplicate_ || !link_.setup.conflicts.any_guarded()) {
        return std::nullopt;
    }
    auto const behind_us = link_.memory.source_clock.note(committed.commit_time);
    std::chrono::microseconds const allowed{std::max(link_.setup.max_clock_skew, step_back_least)};
    if (behind_us <= allowed.count()) {
        return std::nullopt;
    }
    return failure{
        next_step::paused,
        fmt::format("the clock of node {} was set back: the transaction that ends at {} was "
                    "committed {:.3f} s before one that stands earlier in the log (more than "
                    "{} s), so last-update-wins may keep the older of two rows; set the "
                    "clock right, compare the nodes (tandem verify), then start tandem again",
                    link_.setup.source.name, to_string(committed.end_lsn),
                    static_cast<double>(behind_us) / 1e6,
                    std::chrono::duration_cast<std::chrono::seconds>(allowed).count())};
}

window_writer::step window_writer::row(change made, pgoutput::relation_ptr const& shape,
                                       io::pg::copy_message* owner) {
    made.index = index_++;
    if (passes_over()) {
        return std::nullopt;
    }
    append_piece();
    keep_shape(shape);
    made.shape = shape.get();
    if (made.oversized != nullptr) {
        made.oversized = &filling_->oversize.emplace_back(*made.oversized);
    }
    if (owner != nullptr && owner->size() > copied_most) {
        filling_->bytes += owner->size();
        filling_->large.emplace_back(owner->release(), &free_message);
    } else {
        // One allocation a block costs less than one a row, which libpq can only give back piece by piece, long after
        // they left the cache.
        auto const before = filling_->rows.capacity();
        made.new_row = kept(made.new_row, filling_->rows);
        made.old_row = kept(made.old_row, filling_->rows);
        filling_->bytes += filling_->rows.capacity() - before;
    }
    append(made);
    add(link_.stats.count.captured_rows, link_.hears_the_source && !duplicate_ ? 1 : 0);
    return std::nullopt;
}

window_writer::step window_writer::truncate(truncation what, lsn position) {
    change made;
    made.position = position;
    made.kind = change_kind::truncate;
    made.index = index_++;
    if (link_.source_deletes != nullptr && !echo_) {
        link_.collected.add(what);
    }
    if (passes_over()) {
        return std::nullopt;
    }
    append_piece();
    filling_->truncations.push_back(std::move(what));
    made.truncated = &filling_->truncations.back();
    append(made);
    add(link_.stats.count.captured_rows, link_.hears_the_source && !duplicate_ ? 1 : 0);
    return std::nullopt;
}

window_writer::step window_writer::ddl_told(std::string_view content, lsn position) {
    bool const ours = !link_.ddl_token.empty() && content.starts_with(link_.ddl_token);
    if (link_.setup.ddl && !ours && !passes_over()) { // anybody may emit a message
        spdlog::warn(
            "{} -> {}: a message of DDL that the event triggers of node {} did not write is "
            "passed over",
            link_.setup.source.name, link_.setup.target.name, link_.setup.source.name);
    }
    if (!link_.setup.ddl || !ours) {
        return std::nullopt;
    }
    for (auto const& each : ddl::apart(content.substr(link_.ddl_token.size()))) {
        if (auto failed = ddl(each, position)) {
            return failed;
        }
    }
    return std::nullopt;
}

window_writer::step window_writer::ddl(std::string_view told, lsn position) {
    change made;
    made.position = position;
    made.kind = change_kind::ddl;
    made.index = index_++;
    if (passes_over()) {
        return std::nullopt;
    }
    if (!duplicate_) {
        crash_point("ddl_captured");
    }
    append_piece();
    made.ddl = &filling_->ddl.emplace_back(told);
    filling_->pieces.back().alters = true;
    filling_->bytes += told.size();
    append(made);
    return std::nullopt;
}

bool window_writer::named_to_skip(lsn end) const noexcept {
    return end && std::ranges::find(link_.progress.skips, end) != link_.progress.skips.end();
}

// Tables often take turns: the last few are looked at.
void window_writer::keep_shape(pgoutput::relation_ptr const& shape) {
    constexpr std::ptrdiff_t few = 8;
    auto& shapes = filling_->shapes;
    auto const first = shapes.end() - std::min(few, std::ssize(shapes));
    if (std::find(first, shapes.end(), shape) == shapes.end()) {
        shapes.push_back(shape);
        filling_->bytes += sizeof(shape);
    }
}

// The open transaction's piece in filling_, made when it is not there yet.
void window_writer::append_piece() {
    if (filling_ == nullptr) {
        filling_ = std::make_unique<change_batch>();
    }
    if (!filling_->pieces.empty() && !filling_->pieces.back().ends) {
        return;
    }
    transaction_piece piece;
    piece.header = current_;
    piece.first = static_cast<std::uint32_t>(filling_->changes.size());
    piece.starts = !has_changes_;
    piece.again = duplicate_;
    filling_->pieces.push_back(piece);
}

// Its memory goes with the batch that it is in: at once when there is nothing else in it.
void window_writer::take_back_piece() {
    filling_->changes.resize(filling_->pieces.back().first);
    filling_->pieces.pop_back();
    if (filling_->pieces.empty()) {
        filling_ = nullptr;
    }
}

void window_writer::append(change made) {
    filling_->bytes += change_overhead;
    filling_->changes.push_back(made);
    ++filling_->pieces.back().count;
    has_changes_ = true;
    if (filling_->bytes >= handed_over_bytes) {
        hand_over();
    }
}

void window_writer::hand_over() {
    if (filling_ == nullptr || filling_->empty() || scans_) {
        return;
    }
    if (inside_ && may_be_skipped_) {
        return;
    }
    auto& latency = link_.hears_the_source ? link_.stats.captured : link_.stats.consumed;
    latency.observe(unix_us_now() - filling_->pieces.back().header.commit_time.unix_us());
    link_.window.push(std::move(filling_));
    filling_ = nullptr;
    link_.tell_queue();
    link_.arrived.notify();
}

} // namespace tandem::engine
