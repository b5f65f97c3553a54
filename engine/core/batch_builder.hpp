#pragma once
// Gathers source transactions into the statements of one peer transaction (R8).
//
// Changes of one key coalesce to its last state, with unchanged (TOAST) columns folded into earlier
// values of the same transaction. Between two transactions the source's row may have become the
// target's: its values are not in the stream, so what leaves columns out stands in a group behind
// the table's own, and finds the row as it was then. A key update or TRUNCATE closes the table's
// groups: what follows opens new ones, so that the steps, carried out in order, end in the same rows
// as the changes one by one.
// Nothing is copied but composite keys: rows stay views into the window's batches, which must live
// until the steps have been encoded. Single-threaded; reused from batch to batch without allocating.

#include "engine/core/change.hpp"
#include "engine/core/table_plan.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

// One state of a row that the batch has seen; `older` leads to the values of columns it left out.
struct row_version {
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    pgoutput::tuple_view row;
    std::uint32_t older = none;
};

enum class row_outcome : std::uint8_t {
    insert, // came into being in this batch: complete
    update, // existed before, or went and came back: complete
    patch,  // existed before: some columns are unknown and stay as they are
    remove,
    nothing, // a later change has taken its place
};

struct row_slot {
    std::string_view key; // see match_key_bytes()
    std::uint64_t hash = 0;
    std::uint32_t version = row_version::none; // newest; none for remove
    pg_time v;                                 // of the last change
    pg_time commit_time;                       // the same
    std::uint32_t transaction = 0;             // which of the batch made the last change
    row_outcome outcome = row_outcome::insert;
};

// All coalesced rows of one table between two barriers.
struct row_group {
    table_plan const* plan = nullptr;
    std::vector<row_slot> slots;
    std::vector<std::uint32_t> index; // open addressing: slot number + 1, size a power of two
    std::uint32_t behind =
        0; // number + 1 of the group with what left out columns of these; 0: none
};

enum class step_kind : std::uint8_t { rows, move_key, truncate, park };

struct batch_step {
    step_kind kind = step_kind::rows;
    std::uint32_t group = 0;          // rows
    table_plan const* plan = nullptr; // rows, move_key, park
    change const* what = nullptr;     // move_key, truncate, park
    transaction_header transaction;   // move_key, truncate, park
    std::uint32_t truncation = 0;     // truncate: see truncated()
    bool as_described = false;        // park: under the name that the source calls the table by
};

class batch_builder {
public:
    // Without coalescing every change is a step of its own, in source order.
    explicit batch_builder(bool coalesce = true) noexcept : coalesce_{coalesce} {}

    void begin(transaction_header const& header);
    // `plan` belongs to what.shape and outlives the batch. Not for truncate.
    void add(change const& what, table_plan const& plan);
    // Plans of the truncated relations that the target has.
    void add_truncate(change const& what, std::vector<table_plan const*> const& plans);
    // A change that goes to tandem.parked instead of its table.
    void add_parked(change const& what, table_plan const& plan, bool as_described = false);
    void commit(lsn end);

    [[nodiscard]] bool empty() const noexcept { return changes_ == 0; }
    [[nodiscard]] bool inside_transaction() const noexcept { return inside_; }
    [[nodiscard]] std::uint32_t changes() const noexcept { return changes_; }
    [[nodiscard]] std::uint32_t transactions() const noexcept { return transactions_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    // Of the last complete transaction; zero end when there is none.
    [[nodiscard]] lsn end_lsn() const noexcept { return end_lsn_; }
    [[nodiscard]] transaction_header const& last() const noexcept { return last_; }
    // Of the transaction begun last.
    [[nodiscard]] transaction_header const& current() const noexcept { return current_; }
    // The final LSN of the first one begun.
    [[nodiscard]] lsn first_lsn() const noexcept { return first_lsn_; }
    // What the writer of the first one begun had seen.
    [[nodiscard]] lsn seen() const noexcept { return seen_; }
    // The least v and the greatest commit time of all transactions begun (R12).
    [[nodiscard]] pg_time earliest() const noexcept { return earliest_; }
    [[nodiscard]] pg_time newest() const noexcept { return newest_; }

    [[nodiscard]] std::vector<batch_step> const& steps() const noexcept { return steps_; }
    [[nodiscard]] row_group const& group(std::uint32_t number) const { return *groups_[number]; }
    [[nodiscard]] std::vector<row_version> const& versions() const noexcept { return versions_; }

    [[nodiscard]] std::vector<table_plan const*> const& truncated(std::uint32_t number) const {
        return truncations_[number];
    }

    // Forgets the rows, which were sent, but stays inside the transaction: it goes on in the next
    // statements of the same peer transaction.
    void clear_rows();
    // Ready for the next batch; keeps its memory.
    void clear();

private:
    row_group& group_of(table_plan const& plan);
    row_group& new_group(table_plan const& plan);
    void close(std::uint32_t plan) noexcept;
    void take_turn(table_plan const& plan);
    row_slot& slot_of(row_group& group, std::string_view key, bool& fresh);
    static row_slot* find(row_group& group, std::string_view key) noexcept;
    void grow_index(row_group& group);
    std::string_view key_of(pgoutput::tuple_view row, table_plan const& plan);
    void put(change const& what, table_plan const& plan);
    void put_update(row_slot& slot, bool fresh, change const& what);
    void put_patch(row_group& group, row_slot& slot, bool fresh, change const& what);
    void changed(row_slot& slot, table_plan const& plan) const noexcept;
    [[nodiscard]] bool folds_into(row_slot const& slot, pgoutput::tuple_view row) const;
    void move_key(change const& what, table_plan const& plan);
    std::uint32_t add_version(pgoutput::tuple_view row, std::uint32_t older);

    std::vector<batch_step> steps_;
    std::vector<std::unique_ptr<row_group>>
        groups_; // reused; the first used_groups_ are this batch's
    std::uint32_t used_groups_ = 0;
    std::vector<std::uint32_t> open_group_; // by plan number: group + 1, 0 for none
    // Plans by their numbers, which no two have in an applier's life; 0: none.
    std::uint32_t last_plan_ = 0; // number + 1, of the row added last
    boost::unordered_flat_map<std::uint32_t, std::uint32_t> plan_of_; // number + 1, by relation
    std::vector<row_version> versions_;
    std::vector<std::vector<table_plan const*>> truncations_;
    std::vector<std::unique_ptr<char[]>> key_bytes_; // composite keys, in chunks
    std::size_t key_chunk_ = 0;
    std::size_t key_used_ = 0;

    transaction_header current_;
    transaction_header last_;
    lsn first_lsn_;
    lsn seen_;
    lsn end_lsn_;
    pg_time earliest_;
    pg_time newest_;
    std::size_t bytes_ = 0;
    std::uint32_t changes_ = 0;
    std::uint32_t transactions_ = 0;
    bool inside_ = false;
    bool coalesce_ = true;
};

// The match key's columns of a row: one column's bytes as they are, several with their lengths in
// front. Writes into `scratch` only for several. Equal bytes mean equal keys within one stream.
// `row` must have all key columns set.
[[nodiscard]] std::string_view match_key_bytes(pgoutput::tuple_view row, table_plan const& plan,
                                               std::string& scratch);

// The value of the n-th column of plan.key in what match_key_bytes() made of so many.
[[nodiscard]] std::string_view key_part(std::string_view key, std::size_t columns,
                                        std::size_t nth) noexcept;
[[nodiscard]] inline std::string_view key_part(std::string_view key, table_plan const& plan,
                                               std::size_t nth) noexcept {
    return key_part(key, plan.key.size(), nth);
}

// True when a column of the row was left out as unchanged.
[[nodiscard]] bool has_unchanged(pgoutput::tuple_view row) noexcept;

// match_key_bytes() of the row that an insert or update leaves.
[[nodiscard]] std::string_view key_after(change const& what, table_plan const& plan,
                                         std::string& scratch);

// True for an update whose match key differs between old and new row.
[[nodiscard]] bool moves_key(change const& what, table_plan const& plan);

} // namespace tandem::engine
