#pragma once
// Writes the window's transactions to the target: batches in flight behind the head statement (R3),
// source order after a data error, parking of what still fails (R8).

#include "codecs/sql/parked_statements.hpp"
#include "codecs/sql/unique_statements.hpp"
#include "engine/admin/parked_rows.hpp"
#include "engine/core/batch_builder.hpp"
#include "engine/core/key_set.hpp"
#include "engine/core/keys_again.hpp"
#include "engine/core/parked_changes.hpp"
#include "engine/core/parked_keys.hpp"
#include "engine/core/parked_lanes.hpp"
#include "engine/core/retry_policy.hpp"
#include "engine/core/unique_collision.hpp"
#include "engine/ddl/decide.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "engine/flow/left_out.hpp"
#include "engine/flow/own_ddl.hpp"
#include "engine/flow/plans.hpp"
#include "engine/flow/statement_sender.hpp"
#include "io/pg/pipeline_session.hpp"
#include "io/runtime/awaitable.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

// One per start of a stream. run() and results() are two members of the direction's group: the first
// sends and decides, the second takes what the server answers.
class applier {
public:
    // `careful_at`: the transaction with this final LSN failed while it was too long to be kept; it
    // is carried out in source order from its start.
    applier(direction_link& link, io::pg::pipeline_session& pipeline, plans& tables,
            parked_keys& parked, sql::apply_rules rules, std::optional<lsn> careful_at);

    [[nodiscard]] io::awaitable<failure> run();
    [[nodiscard]] io::awaitable<failure> results();

    // Set when run() or results() ended because a long transaction must be redone in source order.
    [[nodiscard]] std::optional<lsn> careful_next() const noexcept { return careful_next_; }
    // What was sent last is rolled back, or has no end yet.
    [[nodiscard]] bool unfinished() const noexcept {
        return link_.progress_locked || broken_.has_value() || !flights_.empty() || retrying_;
    }

private:
    // A piece of work on its way: a whole peer transaction, or a part of a long one.
    struct flight {
        change_window::cursor start;
        change_window::cursor end;
        transaction_header last;
        lsn end_lsn; // zero: the peer transaction stays open behind it
        std::uint32_t changes = 0;
        std::uint32_t parked = 0; // of the changes
        std::uint32_t transactions = 0;
        bool plain = false;   // by plain INSERT, where an existing row is no data error
        std::string copied;   // the table it went to by COPY
        bool of_long = false; // continues a transaction whose start is gone from the window
        long long affected = 0;
        std::optional<io::pg::error> failed;
        std::vector<key_set> written; // keys of its rows, where they are to be verified (R9)
        std::int64_t transaction = 0; // of the target; zero: not told (yet)
        bool savepoints = false;      // inside it, which have numbers of their own
        std::chrono::steady_clock::time_point sent_at{};
        lsn seen{}; // see transaction_header
    };
    struct pending_change {
        change const* what = nullptr;
        table_plan const* plan = nullptr;
        std::vector<table_plan const*> truncated;
        bool touch = false; // see sql::apply_rules
    };
    enum class listed : std::uint8_t {
        done,
        again
    }; // again: rolled back, from the transaction's start

    using voided = outcome_of<void>;

    [[nodiscard]] io::awaitable<voided> feed();
    // False when something must be looked up first: add() then does both.
    [[nodiscard]] bool try_add(change const& what);
    [[nodiscard]] io::awaitable<voided> add(change_window::step step);
    [[nodiscard]] bool changes_what_is_parked(pending_change const& found) const;
    std::uint32_t add_truncate(batch_builder& to, change const& what,
                               std::vector<table_plan const*> const& tables,
                               park_reason const* failed);
    [[nodiscard]] io::awaitable<outcome_of<table_plan const*>> plan_of(
        pgoutput::relation_ptr shape);
    [[nodiscard]] io::awaitable<outcome_of<pending_change>> resolve(change_window::step step);
    [[nodiscard]] bool full() const noexcept;
    [[nodiscard]] bool may_begin() const noexcept;
    [[nodiscard]] bool held_up() const noexcept;
    [[nodiscard]] bool careful_now() const noexcept;
    [[nodiscard]] bool worth_sending() const noexcept;
    [[nodiscard]] io::awaitable<bool> gather_more();
    [[nodiscard]] bool goes_by_copy() const;
    [[nodiscard]] io::awaitable<voided> send_batch(bool by_copy);
    [[nodiscard]] io::awaitable<voided> send_copy();
    [[nodiscard]] io::awaitable<voided> send();
    [[nodiscard]] flight new_flight(bool commits) const;
    void sent(flight made);
    [[nodiscard]] io::awaitable<voided> take_results(flight& of);
    [[nodiscard]] voided queue_statements(bool commits);
    void settle(flight& done);
    // engine/flow/applier_witness.cpp
    void witness(flight const& done);
    void witness_tables(flight const& done);
    void show_changes(flight const& done, std::int64_t now_us);
    [[nodiscard]] std::string_view verdict_on(change const& what) const;
    // engine/flow/applier_verify.cpp
    [[nodiscard]] bool verifies() const noexcept { return link_.target_deletes != nullptr; }
    [[nodiscard]] io::awaitable<outcome_of<bool>> tend();
    [[nodiscard]] io::awaitable<outcome_of<bool>> tend_buried();
    [[nodiscard]] io::awaitable<outcome_of<bool>> tend_verification();
    [[nodiscard]] outcome_of<std::vector<key_set>> keys_written();
    void note_written(flight& done);
    [[nodiscard]] bool must_verify();
    [[nodiscard]] bool too_much_unverified();
    [[nodiscard]] io::awaitable<voided> verify();
    void say_unverified(key_shape const& of, io::pg::error const& why) const;
    void closed_one();
    [[nodiscard]] io::awaitable<voided> pass_again();
    [[nodiscard]] bool all_again() const noexcept;
    void close_again();
    // engine/flow/applier_recovery.cpp
    [[nodiscard]] io::awaitable<voided> recover();
    [[nodiscard]] io::awaitable<voided> roll_back();
    void say_retrying(std::string const& reason);
    [[nodiscard]] io::awaitable<void> pause(std::chrono::milliseconds time);
    [[nodiscard]] io::awaitable<voided> pass_barrier(pg_time earliest, pg_time newest);
    [[nodiscard]] apply_head head_for(transaction_header const& last, lsn applied, pg_time barrier);

    void say_seen(lsn position, lsn seen);
    void say_unseen(lsn seen);
    [[nodiscard]] bool judged_alike(lsn one, lsn other) const;
    [[nodiscard]] bool joins(transaction_header const& header) const;
    static void judge(parked_change& parked);
    // engine/flow/applier_left_out.cpp
    [[nodiscard]] io::awaitable<outcome_of<bool>> complete_between(change_window::cursor from,
                                                                   change_window::cursor until);
    [[nodiscard]] io::awaitable<voided> look_up(std::vector<left_out_change>& wanted);
    [[nodiscard]] std::size_t looked_up_at_once() const noexcept;
    [[nodiscard]] bool past_completed(change_window::cursor at) const noexcept;
    void forget_completed();
    [[nodiscard]] io::awaitable<voided> complete(transaction_header const& header,
                                                 std::vector<pending_change>& list);

    // engine/flow/applier_careful.cpp
    struct careful_progress {
        explicit careful_progress(bool binary) noexcept : written{binary} {}

        lsn end; // of the transaction, once it is known
        std::uint32_t changes = 0;
        std::uint32_t parked = 0;
        bool released = false;                     // parts of it are gone from the window
        std::int64_t transaction = 0;              // of the target
        key_sets written;                          // see flight
        std::optional<ddl::touched_table> touched; // whose updates write some columns only
        bool was_so = false;                       // the last DDL found nothing to do
        std::vector<std::int64_t> carried;         // the source's DDL, by its log
        std::deque<change> partial;                // these, as long as the list
        arena partial_rows;
    };
    [[nodiscard]] io::awaitable<voided> careful_transaction();
    [[nodiscard]] bool may_look_again(lsn transaction);
    [[nodiscard]] io::awaitable<outcome_of<listed>> careful_body(transaction_header const& header,
                                                                 careful_progress& at);
    [[nodiscard]] io::awaitable<outcome_of<listed>> careful_flush(transaction_header const& header,
                                                                  std::vector<pending_change>& list,
                                                                  careful_progress& at);
    [[nodiscard]] io::awaitable<outcome_of<listed>> careful_list(transaction_header const& header,
                                                                 std::vector<pending_change>& list,
                                                                 careful_progress& progress);
    [[nodiscard]] outcome_of<std::map<std::size_t, park_reason>> park_hopeless(
        std::vector<pending_change> const& list);
    [[nodiscard]] outcome_of<std::uint32_t> send_list(transaction_header const& header,
                                                      std::vector<pending_change> const& list,
                                                      std::map<std::size_t, park_reason> const& bad,
                                                      std::vector<std::size_t>& ends);
    [[nodiscard]] static bool note_keys(key_sets& to, transaction_header const& header,
                                        std::vector<pending_change> const& list,
                                        std::map<std::size_t, park_reason> const& bad);
    [[nodiscard]] io::awaitable<outcome_of<listed>> back_to_savepoint();
    [[nodiscard]] io::awaitable<outcome_of<listed>> careful_begin(transaction_header const& header,
                                                                  careful_progress& at);
    [[nodiscard]] io::awaitable<outcome_of<listed>> careful_commit(transaction_header const& header,
                                                                   lsn end);
    [[nodiscard]] io::awaitable<outcome_of<listed>> after_error(io::pg::error error,
                                                                std::string doing);
    // Takes results up to the sync: the first error, and how many results came before it. `number`: the last one that
    // came as a row.
    [[nodiscard]] io::awaitable<outcome_of<std::optional<io::pg::error>>> drain(
        std::size_t* failed_at, std::int64_t* number = nullptr);
    // engine/flow/applier_ddl.cpp, applier_ddl_carry.cpp
    [[nodiscard]] io::awaitable<outcome_of<listed>> careful_ddl(transaction_header const& header,
                                                                std::vector<pending_change>& list,
                                                                change const& what,
                                                                careful_progress& at);
    [[nodiscard]] io::awaitable<outcome_of<listed>> refuse_ddl(transaction_header const& header,
                                                               change const& what,
                                                               ddl::message const& told,
                                                               park_reason const& reason);
    [[nodiscard]] io::awaitable<outcome_of<ddl_outcome>> carry_out(
        ddl::message const& told, std::span<ddl::message const> later);
    [[nodiscard]] io::awaitable<voided> send_again(ddl::object_change const& change,
                                                   ddl_outcome& into);
    [[nodiscard]] io::awaitable<voided> carry_out_one(ddl::message const& told,
                                                      ddl::object_change const& change,
                                                      ddl_outcome& into);
    [[nodiscard]] io::awaitable<outcome_of<ddl::surroundings>> look_around(
        ddl::object_change const& change);
    // False: there is nothing to carry out, or nothing that could be; `into` says why.
    [[nodiscard]] io::awaitable<outcome_of<bool>> look_where_it_is(ddl::object_change& change,
                                                                   ddl::surroundings& around,
                                                                   ddl_outcome& into);
    [[nodiscard]] io::awaitable<outcome_of<bool>> look_for_object(ddl::object_change const& change,
                                                                  bool is_here, ddl_outcome& into);
    [[nodiscard]] io::awaitable<outcome_of<io::pg::rows>> ask(std::string sql);
    struct answer {
        io::pg::rows data;
        std::optional<io::pg::error> failed;
    };
    [[nodiscard]] io::awaitable<outcome_of<answer>> run_alone(std::string_view sql);
    [[nodiscard]] io::awaitable<outcome_of<answer>> run_ddl(std::string const& statement,
                                                            ddl::message const& told);
    [[nodiscard]] io::awaitable<outcome_of<answer>> run_cascade(std::string const& statement,
                                                                ddl::message const& told,
                                                                io::pg::error refused);
    void read_inside();
    [[nodiscard]] io::awaitable<outcome_of<listed>> note_seen(transaction_header const& header,
                                                              ddl::message const& told);
    [[nodiscard]] io::awaitable<voided> tell_seen(std::vector<std::int64_t> ids);
    [[nodiscard]] io::awaitable<outcome_of<listed>> note_ddl(transaction_header const& header,
                                                             ddl::message const& told,
                                                             std::string const& text,
                                                             ddl_outcome made);
    // engine/flow/applier_index.cpp
    [[nodiscard]] io::awaitable<outcome_of<listed>> index_first(transaction_header const& header,
                                                                ddl::message const& told);
    [[nodiscard]] io::awaitable<voided> index_outside(ddl::message const& told);
    [[nodiscard]] io::awaitable<voided> index_parked();
    [[nodiscard]] io::awaitable<outcome_of<bool>> index_alone(ddl::object_change const& change,
                                                              std::string const& statement);
    [[nodiscard]] io::awaitable<voided> drop_remnants(ddl::object_change const& change);
    // engine/flow/applier_evolution.cpp
    [[nodiscard]] bool lacks_columns(pending_change const& one) const;
    [[nodiscard]] io::awaitable<outcome_of<listed>> evolve(transaction_header const& header,
                                                           std::vector<pending_change>& list,
                                                           pending_change const& one,
                                                           careful_progress& at);
    [[nodiscard]] io::awaitable<outcome_of<bool>> add_columns(
        pgoutput::relation_shape const& shape);
    [[nodiscard]] io::awaitable<outcome_of<listed>> touch(
        std::optional<ddl::touched_table> const& begun, careful_progress& at);
    static void keep_to_touched(pending_change& one, careful_progress& at);
    static void leave_computed(pending_change& one, careful_progress& at);
    static void write_only(std::vector<bool> const& columns, pending_change& one,
                           careful_progress& at);
    // engine/flow/applier_parked.cpp
    enum class retried : std::uint8_t { applied, refused, later };
    using server_answer = outcome_of<std::optional<io::pg::error>>;
    [[nodiscard]] io::awaitable<outcome_of<bool>> tend_parked();
    [[nodiscard]] bool requests_due() const noexcept;
    void take_back_batch();
    [[nodiscard]] io::awaitable<voided> read_what_is_left();
    [[nodiscard]] io::awaitable<voided> carry_out_requests();
    [[nodiscard]] io::awaitable<outcome_of<bool>> carry_out_drop(
        std::vector<parked_row> const& rows);
    [[nodiscard]] io::awaitable<outcome_of<bool>> take_pauses();
    [[nodiscard]] io::awaitable<outcome_of<bool>> retry_lanes(std::vector<parked_row> const& rows);
    [[nodiscard]] io::awaitable<outcome_of<retried>> retry_lane(std::vector<parked_row> const& rows,
                                                                parked_lane const& lane,
                                                                bool keeps);
    [[nodiscard]] io::awaitable<outcome_of<retried>> apply_parked(
        std::vector<std::int64_t> const& ids, sql::parked_failure& why);
    [[nodiscard]] io::awaitable<server_answer> apply_parked_part(std::span<std::int64_t const> ids,
                                                                 pg_time& newest,
                                                                 sql::parked_failure& why);
    [[nodiscard]] io::awaitable<server_answer> parked_results(io::pg::rows const& from, int first,
                                                              std::vector<std::size_t> const& ends,
                                                              sql::parked_failure& why);
    [[nodiscard]] io::awaitable<server_answer> apply_parked_ddl(
        io::pg::rows const& from, int row, std::vector<ddl::object_change>& ended,
        sql::parked_failure& why);
    [[nodiscard]] io::awaitable<voided> send_parked(parked_values const& from,
                                                    transaction_header const& header,
                                                    sql::parked_failure& why);
    [[nodiscard]] voided begin_request();
    [[nodiscard]] voided give_version(pg_time newest);
    [[nodiscard]] io::awaitable<server_answer> results_of(voided queued);
    [[nodiscard]] io::awaitable<server_answer> commit_request(voided queued);
    [[nodiscard]] io::awaitable<outcome_of<retried>> refused();
    [[nodiscard]] io::awaitable<outcome_of<bool>> hindered(io::pg::error error, std::string doing);

    // engine/flow/applier_unique.cpp
    void collided(bool parked_more);
    [[nodiscard]] bool collisions_due() const noexcept;
    [[nodiscard]] io::awaitable<voided> resolve_collisions();
    [[nodiscard]] io::awaitable<outcome_of<retried>> resolve_lane(
        std::vector<parked_row> const& rows, parked_lane const& lane);
    [[nodiscard]] io::awaitable<outcome_of<bool>> clear_the_way(parked_change const& last,
                                                                key_shape const& table);
    [[nodiscard]] io::awaitable<outcome_of<retried>> give_up_buried(
        key_shape const& table, std::vector<std::int64_t> const& ids, std::int64_t last);
    [[nodiscard]] io::awaitable<outcome_of<std::vector<sql::unique_index>>> unique_indexes_of(
        sql::apply_table const& table);
    [[nodiscard]] io::awaitable<outcome_of<std::vector<colliding_row>>> rows_in_the_way(
        parked_change const& last, sql::apply_table const& table);
    [[nodiscard]] io::awaitable<outcome_of<bool>> delete_losers(
        parked_change const& last, key_shape const& table, std::vector<colliding_row> const& rows);
    [[nodiscard]] io::awaitable<outcome_of<retried>> apply_together(
        std::vector<parked_change> const& changes, std::vector<std::int64_t> const& ids);
    [[nodiscard]] io::awaitable<outcome_of<bool>> gather(std::vector<parked_change> const& changes,
                                                         std::deque<restored_change>& restored,
                                                         arena& values, batch_builder& into);
    [[nodiscard]] voided queue_together(batch_builder const& together, key_sets& written,
                                        std::vector<std::int64_t> const& ids,
                                        std::int64_t transaction);
    void note_retried(key_sets& written, std::int64_t transaction);

    [[nodiscard]] static std::string tables_of(pending_change const& one);
    static void park(parked_keys& in, pending_change const& bad, park_reason const& reason);
    void say_parked(pending_change const& bad, park_reason const& reason) const;

    direction_link& link_;
    io::pg::pipeline_session& pipeline_;
    plans& tables_;
    parked_keys& parked_;
    sql::apply_rules rules_;
    statement_sender sender_;
    left_out_columns left_out_;
    batch_builder batch_;
    io::event sent_;
    io::asio::steady_timer timer_;
    backoff backoff_;
    parked_changes restored_;
    backoff requests_backoff_;
    std::chrono::steady_clock::time_point requests_wait_; // not before
    backoff collisions_backoff_;
    bool collisions_ = true; // something parked waits for a value of a unique index, or may
    std::chrono::steady_clock::time_point collisions_wait_; // not before
    std::deque<flight> flights_;
    std::optional<flight> broken_; // the first that failed since the last recovery
    change_window::cursor batch_start_;
    change_window::cursor careful_until_;
    change_window::cursor upserts_until_; // no plain INSERT before
    // Updates before that place with the columns that they left out, until they are sent.
    boost::unordered_flat_map<change const*, change const*> completed_;
    change_window::cursor completed_until_;
    lsn chained_;                         // position after everything sent
    lsn indexed_outside_;                 // the transaction whose indexes were tried that way
    std::vector<std::string> indexed_by_; // the statements
    std::vector<std::int64_t> resumed_;   // DDL that waited, by its node's log
    bool open_ = false;                   // a long transaction is open on the target
    bool retrying_ = false;               // the state says so
    lsn looked_again_at_; // final_lsn of the transaction whose tables were looked at again
    int looks_ = 0;
    std::optional<lsn> careful_at_;
    std::uint64_t uncommitted_rows_ = 0; // of the long transaction under way
    std::uint64_t uncommitted_parked_ = 0;
    std::optional<lsn> careful_next_;
    key_sets keys_; // of one batch
    keys_again again_keys_;
    bool again_;                // what was applied before may still come
    bool buried_alone_ = false; // one of them is refused
    std::vector<key_set> uncommitted_keys_;
    std::int64_t uncommitted_transaction_ = 0;
    struct table_tally {
        table_counters* table = nullptr;
        std::array<std::uint64_t, 4> changes{};
        std::int64_t newest_us = 0;
    };
    std::vector<table_tally> uncommitted_tables_;
    std::chrono::steady_clock::time_point shown_since_; // a second's budget of shown changes
    std::size_t shown_ = 0;
    bool closed_ = false;                               // what comes next does not join the batch
    std::chrono::steady_clock::time_point verify_wait_; // not before
    std::chrono::steady_clock::time_point too_much_since_; // ... is unverified
    std::optional<std::chrono::steady_clock::time_point>
        waiting_since_; // of the batch's first change
};

} // namespace tandem::engine
