#pragma once
// Sends the steps of a batch as prepared statements through a pipeline.

#include "codecs/sql/apply_statements.hpp"
#include "engine/core/batch_builder.hpp"
#include "engine/core/insert_trust.hpp"
#include "engine/core/key_set.hpp"
#include "engine/core/row_encoder.hpp"
#include "engine/flow/failure.hpp"
#include "engine/flow/progress.hpp"
#include "io/pg/pipeline_session.hpp"
#include "io/runtime/awaitable.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

// The head statement's values (R3).
struct apply_head {
    std::string stream;
    std::int64_t epoch = 0;
    lsn previous; // where the stream is now
    lsn applied;  // where it will be; `previous` while a long transaction stays open
    xid transaction;
    pg_time commit_time;                     // of `transaction`
    pg_time barrier;                         // the target's clock must be past this (R12)
    std::int64_t log_offset = -1;            // of `transaction`; -1: stays as it is
    source_identity const* source = nullptr; // stored as well; borrowed for the call, null: none
};

// Why a change is parked.
struct park_reason {
    std::string sqlstate;
    std::string text;
    bool whole_table = false;
    std::string detail; // may quote the row
};
// Of a change that waits behind a parked one.
[[nodiscard]] park_reason const& queued_behind();

enum class statement_form : std::uint8_t {
    trusting, // new rows may go by plain INSERT, see insert_trust
    usual,
    apart, // after a collision: a key update is a DELETE and an INSERT
    touch, // see sql::apply_rules
};

// Everything here queues in the pipeline; nothing suspends. A statement that was prepared in a
// transaction that failed may or may not exist: call forget() after every failure, with the server's
// DEALLOCATE ALL. Borrows the pipeline.
class statement_sender {
public:
    using sent = outcome_of<void>;

    statement_sender(io::pg::pipeline_session& pipeline, sql::apply_rules rules,
                     std::string target_node);

    [[nodiscard]] sent begin(apply_head const& head); // BEGIN and the head
    [[nodiscard]] sent head(apply_head const& head);  // the head again, at a long transaction's end
    [[nodiscard]] sent steps(batch_builder const& batch, std::string const& stream,
                             park_reason const& reason, statement_form form);
    // The table to which the batch may go by COPY; none if it holds anything but its new rows.
    [[nodiscard]] table_plan const* copies_to(batch_builder const& batch) const;
    // A whole peer transaction by COPY; nothing may be in flight. `transaction`: the target's. The value is what the server
    // said against it, if anything.
    [[nodiscard]] io::awaitable<outcome_of<std::optional<io::pg::error>>> copy(
        batch_builder const& batch, apply_head const& head, std::int64_t& transaction);
    // Takes out what newer deletes beat, of what was written in those transactions of the target (R9).
    [[nodiscard]] sent remove_buried(key_set& keys, std::int64_t first, std::int64_t next);
    // Some of the last steps() did.
    [[nodiscard]] bool went_plain() const noexcept { return went_plain_; }
    // For what is sent from here on: see sql::left_out_matters().
    void seen_before(pg_time time) { seen_before_ = time; }
    // The same: see sql::takes_unseen().
    void unseen(std::vector<inversion> const& these);
    void collided(std::string const& table) { trust_.collided(table); }
    [[nodiscard]] sent text(std::string_view sql); // BEGIN, SAVEPOINT ...
    // COMMIT, and before it what refers to keys that this transaction took away.
    [[nodiscard]] sent commit();
    [[nodiscard]] sent sync();
    void forget() { prepared_.clear(); }
    // The transaction was rolled back.
    void rolled_back() { gone_.clear(); }
    // Looks for what refers to these keys as well, at the commit.
    void look_behind(key_set& keys);
    // Of a table whose conflicts are decided so.
    [[nodiscard]] sql::apply_rules rules_of(sql::conflict_rules const& conflicts) const;

private:
    [[nodiscard]] sent rows(encoded_rows const& rows, statement_form form);
    void add_unseen(sql::conflict_rules const& conflicts);
    [[nodiscard]] sent move_key(batch_step const& step, statement_form form);
    [[nodiscard]] sent log_deleted(std::string const& key, table_plan const& plan,
                                   std::string_view columns,
                                   std::vector<sql::apply_column> const& old_key,
                                   std::vector<std::string> const& kept, std::size_t arrays);
    [[nodiscard]] sent truncate(batch_builder const& batch, batch_step const& step);
    [[nodiscard]] sent note_gone(batch_builder const& batch);
    [[nodiscard]] sent with_keys(std::string const& what, key_set& keys,
                                 std::string (*text_of)(sql::apply_table const&,
                                                        sql::apply_rules const&));
    [[nodiscard]] sent log_orphans(key_set& keys);
    [[nodiscard]] sent park(batch_step const& step, std::string const& stream,
                            park_reason const& reason, bool touch);
    // Sends the statement of that key, preparing it with text() when it is new to the session.
    template <class Text>
    [[nodiscard]] sent send(std::string const& key, Text const& text_of,
                            std::span<io::pg::param const> values);
    [[nodiscard]] sent checked(io::pg::result<void> const& done);

    io::pg::pipeline_session& pipeline_;
    sql::apply_rules rules_; // of no table; see rules_of()
    std::string target_node_;
    row_encoder encoder_;
    insert_trust trust_;
    bool went_plain_ = false;
    pg_time seen_before_;
    std::string unseen_ = "{}"; // arrays
    std::string unseen_by_ = "{}";
    std::vector<key_set>
        gone_;           // keys that the open transaction takes from tables that others refer to
    std::string copied_; // the data of a COPY
    std::map<std::string, std::string> prepared_; // statement key -> name
    std::vector<io::pg::param> values_;
    std::uint64_t next_name_ = 0;
};

template <class Text>
statement_sender::sent statement_sender::send(std::string const& key, Text const& text_of,
                                              std::span<io::pg::param const> values) {
    auto at = prepared_.find(key);
    if (at == prepared_.end()) {
        at = prepared_.emplace(key, fmt::format("s{}", next_name_++)).first;
        auto const sql = text_of();
        if (sql.empty()) { // nothing to carry out
            prepared_.erase(at);
            return boost::system::in_place_value;
        }
        if (auto done = checked(pipeline_.send_prepare(at->second, sql, {})); !done) {
            return done;
        }
    }
    return checked(pipeline_.send_prepared(at->second, values));
}

} // namespace tandem::engine
