#include "engine/flow/statement_sender.hpp"

#include "codecs/sql/quote.hpp"
#include "codecs/sql/schema.hpp"
#include "engine/core/copy_encoder.hpp"
#include "engine/core/failpoint.hpp"
#include "engine/core/parked_keys.hpp"
#include "engine/flow/incarnation.hpp"
#include "engine/flow/statement_values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <optional>
#include <span>
#include <utility>

namespace tandem::engine {
namespace {

// Its answer names the transaction.
constexpr char const* head_sql =
    "SELECT txid_current(), tandem.begin_apply($1, 0, $2, $3, $4, $5, $6, $7, $8)";

sql::apply_table table_for(table_plan const& plan, std::string_view columns) {
    sql::apply_table table{plan.schema, plan.name, {}, plan.form};
    for (std::size_t at = 0; at < columns.size(); ++at) {
        if (columns[at] == '1') {
            auto const& column = plan.columns[at];
            table.columns.push_back(
                {column.name, column.type_name, column.key, column.identity_always, column.equals});
        }
    }
    return table;
}

// Those that stay as they are and could be set.
std::vector<std::string> kept_columns(table_plan const& plan, std::string_view columns) {
    std::vector<std::string> kept;
    for (std::size_t at = 0; at < columns.size(); ++at) {
        auto const& column = plan.columns[at];
        if (columns[at] == '0' && !column.key && !column.skip && !column.identity_always) {
            kept.push_back(column.name);
        }
    }
    return kept;
}

// All that the updates left out are columns whose values this node alone knows (table_plan::kept).
bool only_computed(table_plan const& plan, std::string_view columns) {
    for (std::size_t at = 0; at < columns.size(); ++at) {
        if (columns[at] == '0' && !plan.columns[at].key && !plan.kept[at]) {
            return false;
        }
    }
    return true;
}

} // namespace

park_reason const& queued_behind() {
    static park_reason const reason{
        sql::sqlstate::queued, "queued behind an earlier parked change of its key", false, {}};
    return reason;
}

statement_sender::statement_sender(io::pg::pipeline_session& pipeline, sql::apply_rules rules,
                                   std::string target_node)
    : pipeline_{pipeline},
      rules_{std::move(rules)},
      target_node_{std::move(target_node)},
      encoder_{rules_.binary} {}

void statement_sender::unseen(std::vector<inversion> const& these) {
    std::vector<std::string> times;
    std::vector<std::uint32_t> ids;
    for (inversion const& each : these) {
        times.push_back(fmt::format("\"{}\"", to_string(each.at)));
        ids.push_back(each.id);
    }
    unseen_ = fmt::format("{{{}}}", fmt::join(times, ","));
    unseen_by_ = fmt::format("{{{}}}", fmt::join(ids, ","));
}

statement_sender::sent statement_sender::checked(io::pg::result<void> const& done) {
    if (!done) {
        return retry_after(target_node_, "sending a batch", done.error());
    }
    return boost::system::in_place_value;
}

statement_sender::sent statement_sender::text(std::string_view sql) {
    return checked(pipeline_.send_query(sql));
}

statement_sender::sent statement_sender::sync() {
    return checked(pipeline_.sync());
}

statement_sender::sent statement_sender::begin(apply_head const& values) {
    if (auto done = text("BEGIN"); !done) {
        return done;
    }
    return head(values);
}

statement_sender::sent statement_sender::head(apply_head const& values) {
    auto const epoch = std::to_string(values.epoch);
    auto const previous = to_string(values.previous);
    auto const applied = to_string(values.applied);
    auto const transaction = std::to_string(values.transaction.value);
    auto const commit_time = to_string(values.commit_time);
    auto const barrier = to_string(values.barrier);
    auto const log_offset = std::to_string(values.log_offset);
    std::array const all{text_param(values.stream),
                         text_param(epoch),
                         text_param(previous),
                         text_param(applied),
                         text_param(transaction),
                         text_param(commit_time),
                         text_param(barrier),
                         values.log_offset < 0 ? io::pg::param{} : text_param(log_offset)};
    auto done = send(
        "head", [] { return std::string{head_sql}; }, all);
    if (done && values.source != nullptr) {
        done = text(identity_sql(values.stream, values.epoch, *values.source));
    }
    return done;
}

statement_sender::sent statement_sender::steps(batch_builder const& batch,
                                               std::string const& stream, park_reason const& reason,
                                               statement_form form) {
    went_plain_ = false;
    if (failpoint("lost_batch") && ++next_name_ % 5 == 0) {
        return boost::system::in_place_value;
    }
    if (auto done = note_gone(batch); !done) {
        return done;
    }
    for (auto const& step : batch.steps()) {
        sent done = boost::system::in_place_value;
        switch (step.kind) {
        case step_kind::rows: {
            row_encoder::sink const sink = [&](encoded_rows const& group) {
                if (done) {
                    done = rows(group, form);
                }
            };
            auto const encoded = encoder_.encode(batch, batch.group(step.group), sink);
            if (encoded == encode_outcome::unexpected_format) {
                return failure{next_step::retry_text, "a value came as text in a binary stream"};
            }
            if (encoded == encode_outcome::too_large) {
                return failure{next_step::retry,
                               fmt::format("table {}: more than 1 GB in one statement; lower "
                                           "--batch-bytes",
                                           table_name(*step.plan))};
            }
            break;
        }
        case step_kind::move_key:
            done = move_key(step, form);
            break;
        case step_kind::truncate:
            done = truncate(batch, step);
            break;
        case step_kind::park:
            done = park(step, stream, reason, form == statement_form::touch);
            break;
        }
        if (!done) {
            return done;
        }
    }
    return boost::system::in_place_value;
}

statement_sender::sent statement_sender::rows(encoded_rows const& group, statement_form form) {
    bool const trusted = form == statement_form::trusting && group.outcome == row_outcome::insert &&
                         trust_.plain(table_name(*group.plan));
    went_plain_ = went_plain_ || trusted;
    values_.clear();
    for (auto& array : trusted ? group.arrays.first(group.columns_given()) : group.arrays) {
        values_.push_back(array_param(array));
    }
    if (trusted) {
        return send(
            fmt::format("{} plain {}", group.plan->number, group.columns),
            [&] { return sql::plain_insert(table_for(*group.plan, group.columns), rules_); },
            values_);
    }
    auto const earliest = to_string(group.earliest);
    auto const newest = to_string(group.newest);
    values_.push_back(text_param(earliest));
    values_.push_back(text_param(newest));
    auto const kept = group.outcome == row_outcome::patch ? kept_columns(*group.plan, group.columns)
                                                          : std::vector<std::string>{};
    auto const seen = to_string(seen_before_);
    auto rules = rules_of(group.plan->conflicts);
    if (form == statement_form::touch) {
        rules.touches = true;
        rules.completes = false;
    }
    if (!group.plan->kept.empty() &&
        only_computed(*group.plan,
                      group.columns)) { // those are this node's own, whatever the row is
        rules.completes = false;
    }
    if (sql::left_out_matters(kept, rules)) {
        values_.push_back(text_param(seen));
    }
    add_unseen(rules.conflicts);
    auto const text_of = [&] {
        auto const table = table_for(*group.plan, group.columns);
        switch (group.outcome) {
        case row_outcome::insert:
            return sql::insert_rows(table, rules);
        case row_outcome::update:
            return sql::update_rows(table, rules);
        case row_outcome::patch:
            return sql::patch_rows(table, kept, rules);
        case row_outcome::remove:
        case row_outcome::nothing:
            break;
        }
        return sql::remove_rows(table, rules);
    };
    auto const key = fmt::format("{} {} {}{}", group.plan->number, static_cast<int>(group.outcome),
                                 group.columns, rules.touches ? " touch" : "");
    auto done = send(key, text_of, values_);
    return done && group.outcome == row_outcome::patch && !rules.touches
               ? log_deleted(key, *group.plan, group.columns, {}, kept, group.arrays.size())
               : done;
}

sql::apply_rules statement_sender::rules_of(sql::conflict_rules const& conflicts) const {
    auto made = rules_;
    made.conflicts = conflicts;
    // What a writer had seen is what it changed.
    made.completes = made.completes && conflicts.versions != sql::row_versions::seen;
    return made;
}

void statement_sender::add_unseen(sql::conflict_rules const& conflicts) {
    if (sql::takes_unseen(conflicts)) {
        values_.push_back(text_param(unseen_));
        values_.push_back(text_param(unseen_by_));
    }
}

// Behind a statement with left-out columns, with its arrays and scalars.
statement_sender::sent statement_sender::log_deleted(std::string const& key, table_plan const& plan,
                                                     std::string_view columns,
                                                     std::vector<sql::apply_column> const& old_key,
                                                     std::vector<std::string> const& kept,
                                                     std::size_t arrays) {
    values_.resize(arrays + 2);
    return send(
        key + " deleted",
        [&] {
            return sql::log_deleted_meanwhile(table_for(plan, columns), old_key, kept,
                                              rules_of(plan.conflicts));
        },
        values_);
}

table_plan const* statement_sender::copies_to(batch_builder const& batch) const {
    auto const* plan = copyable(batch);
    return plan != nullptr && trust_.trusts(table_name(*plan)) ? plan : nullptr;
}

io::awaitable<outcome_of<std::optional<io::pg::error>>> statement_sender::copy(
    batch_builder const& batch, apply_head const& values, std::int64_t& transaction) {
    auto const& plan = *copyable(batch);
    static_cast<void>(trust_.plain(table_name(plan))); // counts
    auto const format = encode_copy(batch, rules_.binary, copied_);
    if (!format) {
        co_return failure{next_step::retry_text, "a value came as text in a binary stream"};
    }
    auto const text = fmt::format(
        "BEGIN; SELECT txid_current(), tandem.begin_apply({}, 0, {}, {}, {}, {}, {}, {}, {}); {}{}; COMMIT",
        sql::literal(values.stream), values.epoch, sql::literal(to_string(values.previous)),
        sql::literal(to_string(values.applied)), values.transaction.value,
        sql::literal(to_string(values.commit_time)), sql::literal(to_string(values.barrier)),
        values.log_offset < 0 ? "NULL" : std::to_string(values.log_offset),
        values.source == nullptr ? std::string{}
                                 : identity_sql(values.stream, values.epoch, *values.source) + "; ",
        sql::copy_rows(table_for(plan, complete_columns(plan)), *format == copy_format::binary));
    if (auto asked = checked(pipeline_.ask_copy(text)); !asked) {
        co_return asked.error();
    }
    io::pg::rows said;
    auto started = co_await pipeline_.copy_wanted(said);
    if (!started && started.error().code == io::pg::errc::server_error) {
        co_return started.error();
    }
    auto done = checked(started);
    if (done) {
        transaction = said.integer(0, 0);
        done = checked(pipeline_.put_copy(copied_));
    }
    if (!done) {
        co_return done.error();
    }
    co_return std::nullopt;
}

namespace {

// A row whose key changed: what its statement is given and named by.
struct moved_row {
    std::vector<values::array_builder> arrays;
    std::vector<std::string> kept; // columns that were left out
    std::string columns;
    std::vector<sql::apply_column> old_key;
    bool fits = true;

    void add(pgoutput::column_view column, oid type) {
        auto& array = arrays.emplace_back();
        array.start(type);
        fits = fits && (column.kind == pgoutput::column_kind::null ? array.append_null()
                                                                   : array.append(column.bytes));
    }
    void add(pg_time time) {
        auto& array = arrays.emplace_back();
        array.start(oid{1184});
        fits = fits && array.append_fixed(time.us);
    }
};

moved_row moved(batch_step const& step, bool binary, bool with_times) {
    constexpr oid text_type{25};
    auto const& plan = *step.plan;
    moved_row made;
    made.columns = complete_columns(plan);
    bool const whole = step.what->old_kind == pgoutput::old_row_kind::full;
    pgoutput::tuple_view::cursor after{step.what->new_row};
    pgoutput::tuple_view::cursor older{step.what->old_row};
    for (std::size_t at = 0; at < made.columns.size(); ++at) {
        auto const was = older.next();
        auto column = after.next();
        if (whole && column.kind == pgoutput::column_kind::unchanged) {
            column = was;
        }
        if (column.kind == pgoutput::column_kind::unchanged) {
            made.columns[at] = '0';
            if (!plan.columns[at].skip) {
                made.kept.push_back(plan.columns[at].name);
            }
        } else if (made.columns[at] == '1') {
            made.add(column, binary ? plan.columns[at].type : text_type);
        }
    }
    pgoutput::tuple_view::cursor before{step.what->old_row};
    for (auto const& column : plan.columns) {
        auto const was = before.next();
        if (column.key) {
            made.add(was, binary ? column.type : text_type);
            made.old_key.push_back(
                {column.name, column.type_name, true, column.identity_always, column.equals});
        }
    }
    made.add(step.transaction.v(plan.conflicts.versions));
    if (with_times) {
        made.add(step.transaction.commit_time);
    }
    return made;
}

} // namespace

statement_sender::sent statement_sender::move_key(batch_step const& step, statement_form form) {
    auto const& plan = *step.plan;
    auto row = moved(step, rules_.binary, sql::takes_times(plan.conflicts));
    auto const rules = rules_of(plan.conflicts);
    if (!row.fits) {
        return failure{next_step::retry, "a row of more than 1 GB"};
    }
    values_.clear();
    for (auto& array : row.arrays) {
        values_.push_back(array_param(array));
    }
    bool const apart = form == statement_form::apart;
    auto const bound = to_string(step.transaction.v(plan.conflicts.versions));
    values_.push_back(text_param(bound)); // both
    values_.push_back(text_param(bound));
    auto const seen = to_string(seen_before_);
    if (sql::left_out_matters(row.kept, rules)) {
        values_.push_back(text_param(seen));
    }
    add_unseen(rules.conflicts);
    auto const text_of = [&] {
        auto const table = table_for(plan, row.columns);
        return apart ? sql::move_apart(table, row.old_key, row.kept, rules)
                     : sql::move_keys(table, row.old_key, row.kept, rules);
    };
    auto const key = fmt::format("{} move{} {}", plan.number, apart ? " apart" : "", row.columns);
    auto done = send(key, text_of, values_);
    return done && !row.kept.empty() && !apart
               ? log_deleted(key, plan, row.columns, row.old_key, row.kept, row.arrays.size())
               : done;
}

statement_sender::sent statement_sender::truncate(batch_builder const& batch,
                                                  batch_step const& step) {
    std::vector<sql::truncated_table> tables;
    for (auto const* plan : batch.truncated(step.truncation)) {
        tables.push_back({plan->schema, plan->name, plan->conflicts,
                          to_string(step.transaction.v(plan->conflicts.versions)), plan->form});
    }
    if (tables.empty()) {
        return boost::system::in_place_value;
    }
    sql::truncation_terms const terms{to_string(step.transaction.commit_time), unseen_, unseen_by_};
    return text(sql::truncate(tables, rules_, terms));
}

} // namespace tandem::engine
