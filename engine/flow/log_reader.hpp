#pragma once
// Reads a stream's topic into the window: the chain of R7, the writer's history (R6), echoes (R16).

#include "codecs/base/arena.hpp"
#include "codecs/event/headers.hpp"
#include "codecs/event/stream_notes.hpp"
#include "engine/core/dead_letter.hpp"
#include "engine/core/record_changes.hpp"
#include "engine/core/stream_chain.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "engine/flow/kafka_setup.hpp"
#include "engine/flow/row_log.hpp"
#include "engine/flow/window_writer.hpp"
#include "io/kafka/consumer.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"
#include "io/runtime/rate_gauge.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

class dead_letters;

// One per start of a stream.
class log_reader {
public:
    // `notes`: a connection to the target of its own, for what the writer's starts say.
    // `asks`: by what name this reader asks where the stream begins; for a stream that has not begun here.
    log_reader(direction_link& link, io::kafka::consumer& source, io::pg::connection& notes,
               dead_letters& letters, std::string topic, std::string asks);

    // From where the target's progress says; from the log's beginning where that is not there.
    [[nodiscard]] io::awaitable<failure> run(std::optional<std::int64_t> from);

    // From the next record on, as if for the first time; when nothing has come for long.
    [[nodiscard]] outcome_of<void> ask_again();

    // Of the writer whose start was seen last; empty: none yet.
    [[nodiscard]] std::string const& writer() const noexcept { return run_; }
    // Whether it is to be told where the stream begins.
    [[nodiscard]] bool asks() const noexcept { return link_.progress.facts.open(); }
    // Why the log as it is cannot be followed, when nobody has mended it for a while.
    [[nodiscard]] std::optional<failure> overdue() const;
    // What is missing, when the writer has to send it again; empty: nothing.
    [[nodiscard]] std::string const& missing() const noexcept { return missing_; }
    // Its history is the one that was followed, as far as what has come can tell (R6): until then nothing is confirmed.
    [[nodiscard]] bool follows() const noexcept { return !expect_last_applied_; }
    // The end of the log was reached, at least once.
    [[nodiscard]] bool at_end() const noexcept { return at_end_ && !run_.empty(); }
    // The end of the log was heard of within the last few seconds: an idle reader asks again (ask_again()).
    [[nodiscard]] bool lately_at_end() const noexcept {
        return std::chrono::steady_clock::now() - end_heard_ < std::chrono::seconds{10};
    }
    // Of the record that comes next; -1: none came since the last assignment.
    [[nodiscard]] std::int64_t next_offset() const noexcept { return next_offset_; }
    // Batches of rows that came from partitions of their own.
    [[nodiscard]] std::uint64_t rows_fetched() const noexcept { return rows_fetched_; }
    // It does not fetch: what it has read is still to be applied.
    [[nodiscard]] bool held_up() const noexcept {
        return link_.window.bytes() >= link_.setup.queue_bytes;
    }

private:
    using step = window_writer::step;
    using voided = outcome_of<void>;

    [[nodiscard]] voided assign(std::int64_t offset);
    [[nodiscard]] voided ask_for(std::int64_t offset);
    void hear_end();
    void pass_over(std::int64_t epoch, failure why);
    void follows_again();
    [[nodiscard]] bool is_ours(event::start_note const& note) const;
    [[nodiscard]] failure unanswered() const;
    [[nodiscard]] failure other_stream(event::start_note const& note) const;
    [[nodiscard]] std::optional<failure> other_policy(event::start_note const& note) const;
    [[nodiscard]] voided judge(event::record_headers const& headers, event::start_note const& note);
    [[nodiscard]] bool fetch();
    [[nodiscard]] bool fetch_into(io::kafka::fetched_batch& batch);
    [[nodiscard]] io::awaitable<voided> make_room();
    void note_rate();
    [[nodiscard]] io::awaitable<voided> take_all(io::kafka::fetched_batch& batch);
    void fill_headers(io::kafka::fetched_record const& record);
    [[nodiscard]] std::optional<event::record_headers> read_headers(
        io::kafka::fetched_record const& record);
    struct question {
        event::record_headers headers;
        event::stream_note note;
    };
    [[nodiscard]] voided take(io::kafka::fetched_record const& record);
    [[nodiscard]] io::awaitable<voided> answer(question asked);
    step take_covering(event::record_headers const& headers,
                       std::optional<event::stream_note> const& note,
                       io::kafka::fetched_record const& record, stream_chain::verdict verdict);
    [[nodiscard]] voided look_for(event::stream_position from, event::stream_position to);
    [[nodiscard]] io::awaitable<voided> after_failure(io::kafka::partition_event const& failed);
    [[nodiscard]] io::awaitable<voided> start(event::record_headers const& headers,
                                              event::start_note const& note);
    [[nodiscard]] io::awaitable<voided> begin_stream(event::start_note const& note);
    [[nodiscard]] std::optional<failure> other_history(event::start_note const& note) const;
    void know_source(event::start_note const& note);
    // Rows in partitions of their own: log_reader_rows.cpp.
    enum class row_found : std::uint8_t { row, nothing_yet, gap, lost_place };
    [[nodiscard]] voided follow(event::start_note const& note);
    step open_index(event::record_headers const& headers, event::index_note const& note);
    [[nodiscard]] io::awaitable<voided> take_index(event::record_headers headers,
                                                   event::index_note note);
    [[nodiscard]] row_found look_into(std::size_t number);
    struct row_scan {
        row_log* next = nullptr;        // has the row that comes first, of those that have one
        row_log const* waits = nullptr; // has none yet
        row_log const* ended = nullptr; // waits, at its end
        std::optional<voided> over;     // nothing more can be taken of this index
    };
    [[nodiscard]] row_scan scan_rows();
    [[nodiscard]] std::optional<voided> over_ahead(row_log const& waits, std::int64_t epoch);
    step take_row(row_log& from);
    void look_ahead();
    [[nodiscard]] io::kafka::partition_event const* failed_ahead() const;
    [[nodiscard]] bool successor_waits();
    [[nodiscard]] bool starts_successor(io::kafka::fetched_record const& record);
    step next(event::record_headers const& headers, std::optional<std::string_view> value,
              std::optional<event::stream_note> const& note);
    step change_made(event::record_headers const& headers, recorded_change const& made);
    step truncated(event::record_headers const& headers, event::truncate_note const& note);
    step ddl(event::record_headers const& headers, event::ddl_note const& note);
    step oversize(event::record_headers const& headers, event::oversize_note const& note);
    step begin(event::record_headers const& headers, xid transaction, pg_time commit_time);
    step end(event::record_headers const& headers);
    step known_again(event::record_headers const& headers, std::optional<std::string_view> value,
                     std::optional<event::stream_note> const& note);
    [[nodiscard]] std::optional<event::commit_note> made_by(
        std::optional<std::string_view> value, std::optional<event::stream_note> const& note);
    [[nodiscard]] failure unreadable(letter_cause cause, std::string why);
    [[nodiscard]] step bad_note(event::record_headers const& headers, std::string why);
    [[nodiscard]] std::string_view padded(std::string_view bytes, std::string& room);
    [[nodiscard]] std::optional<std::string_view> old_key();

    direction_link& link_;
    io::kafka::consumer& source_;
    io::pg::connection& notes_;
    dead_letters& letters_;
    std::string topic_;
    std::array<io::kafka::fetched_batch, 2>
        batches_; // the one being taken, and one that was looked into
    std::size_t current_batch_ = 0;
    std::size_t batch_at_ = 0;                            // of the record being taken
    std::int64_t fetch_next_ = io::kafka::from_beginning; // behind both
    bool moved_ = false; // to another place: what is left of the batches is not of it
    std::vector<std::unique_ptr<row_log>> row_logs_; // by the numbers of start_note::rows
    std::string followed_run_;                       // whose they are
    std::uint64_t rows_fetched_ = 0;
    std::int64_t given_up_ = -1; // the epoch of a writer whose successor tells the rest
    // What the last writer's start says keeps the reader from following it; a newer one may be another. `step`: what is
    // to become of it when none comes, retry: nothing.
    struct doubt {
        failure why;
        bool told = false;
        std::optional<std::chrono::steady_clock::time_point>
            at_end; // since when the log ends behind it
    };
    std::optional<doubt> doubt_;
    std::int64_t passed_over_ = -1; // the epoch of a writer of another stream
    // A start with another policy was met there: whether it is the last one is looked for ahead.
    struct judgement {
        std::int64_t offset = 0;
        std::int64_t epoch = 0;
    };
    std::optional<judgement> judging_;
    std::int64_t policy_from_ = -1; // the epoch from which policies count
    std::string asks_as_;
    window_writer writer_;
    stream_chain chain_;
    record_changes changes_;
    arena rows_; // of one record
    std::string value_room_;
    std::string key_room_;
    std::vector<io::kafka::header> raw_;
    std::vector<event::record_header> headers_;
    std::string run_;
    std::string missing_;
    std::int64_t segment_ = -1;                          // offset of the head of the one being read
    std::int64_t offset_ = 0;                            // of the record being read
    io::kafka::fetched_record const* reading_ = nullptr; // that record, within take()
    std::int64_t next_offset_ = -1;
    std::optional<question> asks_; // of the record that was taken last
    transaction_header current_;
    bool inside_ = false;
    bool expect_last_applied_ = false; // R6
    bool from_beginning_ = false;
    bool at_end_ = false;
    io::rate_gauge rate_;
    std::size_t row_bytes_ = 0; // since it was told of them
    std::chrono::steady_clock::time_point end_heard_{};
};

} // namespace tandem::engine
