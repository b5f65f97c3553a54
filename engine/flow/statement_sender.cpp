#include "engine/flow/statement_sender.hpp"

#include "codecs/base/arena.hpp"
#include "codecs/event/stream_notes.hpp"
#include "codecs/sql/quote.hpp"
#include "codecs/sql/schema.hpp"
#include "codecs/sql/tombstone_statements.hpp"
#include "codecs/values/ascii_text.hpp"
#include "engine/core/copy_encoder.hpp"
#include "engine/core/failpoint.hpp"
#include "engine/core/parked_keys.hpp"
#include "engine/flow/incarnation.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <span>
#include <utility>

namespace tandem::engine {
namespace {

// Its answer names the transaction.
constexpr char const* head_sql =
    "SELECT txid_current(), tandem.begin_apply($1, 0, $2, $3, $4, $5, $6, $7, $8)";

constexpr char const* park_sql =
    "INSERT INTO tandem.parked (stream, position, idx, xid, committed_at, schema_name, table_name, "
    "key, whole_table, op, row, old_key, escaped, sqlstate, error, detail, shape) VALUES ($1, $2, $3, $4, $5, $6, $7, "
    "CASE WHEN $8::text[] IS NULL THEN NULL ELSE jsonb_object($8::text[], $9::text[]) END, "
    "$10, $11, "
    "CASE WHEN $12::text[] IS NULL THEN NULL ELSE jsonb_object($12::text[], $13::text[]) END, "
    "CASE WHEN $14::text[] IS NULL THEN NULL ELSE jsonb_object($14::text[], $15::text[]) END, "
    "$16, $17, $18, $19, $20)";

io::pg::param text_param(std::string const& value) {
    return {value.c_str(), 0, false};
}

io::pg::param array_param(values::array_builder& array) {
    auto const bytes = array.finish();
    return {bytes.data(), static_cast<int>(bytes.size()), true};
}

char const* name_of(change_kind kind) noexcept {
    switch (kind) {
    case change_kind::insert:
        return "insert";
    case change_kind::update:
        return "update";
    case change_kind::remove:
        return "delete";
    case change_kind::truncate:
        return "truncate";
    }
    return "unknown";
}

sql::apply_table table_for(table_plan const& plan, std::string_view columns) {
    sql::apply_table table{plan.schema, plan.name, {}};
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

bool is_ascii(pgoutput::tuple_view row) noexcept {
    pgoutput::tuple_view::cursor columns{row};
    for (std::uint32_t left = row.column_count(); left > 0; --left) {
        if (!values::is_ascii(columns.next().bytes)) {
            return false;
        }
    }
    return true;
}

// A row's columns as two text arrays: names and values. Only in a text stream.
struct named_values {
    values::array_builder names;
    values::array_builder values;
    bool set = false;

    // What `row` left out as unchanged stands in `before`, if anywhere.
    void fill(pgoutput::tuple_view row, table_plan const& plan, bool keys_only, bool in_ascii,
              pgoutput::tuple_view before = {}) {
        constexpr oid text_type{25};
        names.start(text_type);
        values.start(text_type);
        pgoutput::tuple_view::cursor columns{row};
        pgoutput::tuple_view::cursor older{before};
        for (std::size_t at = 0; at < row.column_count() && at < plan.shape->columns.size(); ++at) {
            auto column = columns.next();
            if (at < before.column_count()) {
                auto const was = older.next();
                column = column.kind == pgoutput::column_kind::unchanged ? was : column;
            }
            bool const key = plan.usable ? plan.columns[at].key : plan.shape->columns[at].key;
            bool const wanted = !keys_only || key;
            if (!wanted || column.kind == pgoutput::column_kind::unchanged) {
                continue;
            }
            set = names.append(plan.shape->columns[at].name) &&
                  (column.kind == pgoutput::column_kind::null ? values.append_null()
                   : in_ascii ? values.append(values::to_ascii(column.bytes))
                              : values.append(column.bytes));
        }
    }
    [[nodiscard]] io::pg::param name_param() { return set ? array_param(names) : io::pg::param{}; }
    [[nodiscard]] io::pg::param value_param() {
        return set ? array_param(values) : io::pg::param{};
    }
};

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
                                               bool plain) {
    went_plain_ = false;
    if (failpoint("lost_batch") && ++next_name_ % 5 == 0) {
        return boost::system::in_place_value;
    }
    for (auto const& step : batch.steps()) {
        sent done = boost::system::in_place_value;
        switch (step.kind) {
        case step_kind::rows: {
            row_encoder::sink const sink = [&](encoded_rows const& group) {
                if (done) {
                    done = rows(group, plain);
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
            done = move_key(step);
            break;
        case step_kind::truncate:
            done = truncate(batch, step);
            break;
        case step_kind::park:
            done = park(step, stream, reason);
            break;
        }
        if (!done) {
            return done;
        }
    }
    return boost::system::in_place_value;
}

statement_sender::sent statement_sender::rows(encoded_rows const& group, bool plain) {
    bool const trusted =
        plain && group.outcome == row_outcome::insert && trust_.plain(table_name(*group.plan));
    went_plain_ = went_plain_ || trusted;
    values_.clear();
    for (auto& array : trusted ? group.arrays.first(group.arrays.size() - 1) : group.arrays) {
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
    auto const text_of = [&] {
        auto const table = table_for(*group.plan, group.columns);
        switch (group.outcome) {
        case row_outcome::insert:
            return sql::insert_rows(table, rules_);
        case row_outcome::update:
            return sql::update_rows(table, rules_);
        case row_outcome::patch:
            return sql::patch_rows(table, kept_columns(*group.plan, group.columns), rules_);
        case row_outcome::remove:
            break;
        }
        return sql::remove_rows(table, rules_);
    };
    auto const key =
        fmt::format("{} {} {}", group.plan->number, static_cast<int>(group.outcome), group.columns);
    return send(key, text_of, values_);
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

statement_sender::sent statement_sender::remove_buried(key_set& keys, std::int64_t first,
                                                       std::int64_t next) {
    auto const& table = keys.shape().table;
    auto rules = rules_;
    rules.binary = keys.binary(); // of an earlier start
    auto key = fmt::format("buried {} {}", keys.binary(), keys.shape().name);
    for (auto const& column : table.columns) {
        key += fmt::format(" {} {}", column.name, column.type_name);
    }
    auto const from = std::to_string(first);
    auto const to = std::to_string(next);
    values_.clear();
    for (auto& array : keys.arrays()) {
        values_.push_back(array_param(array));
    }
    values_.push_back(text_param(from));
    values_.push_back(text_param(to));
    return send(
        key, [&] { return sql::remove_buried(table, rules); }, values_);
}

statement_sender::sent statement_sender::move_key(batch_step const& step) {
    constexpr oid text_type{25};
    auto const& plan = *step.plan;
    std::vector<values::array_builder> arrays;
    std::vector<std::string> kept;
    std::string columns = complete_columns(plan);
    bool fits = true;
    auto const add = [&](pgoutput::column_view column, oid type) {
        auto& array = arrays.emplace_back();
        array.start(rules_.binary ? type : text_type);
        fits = fits && (column.kind == pgoutput::column_kind::null ? array.append_null()
                                                                   : array.append(column.bytes));
    };
    pgoutput::tuple_view::cursor after{step.what->new_row};
    for (std::size_t at = 0; at < columns.size(); ++at) {
        auto const column = after.next();
        if (column.kind == pgoutput::column_kind::unchanged) {
            columns[at] = '0';
            if (!plan.columns[at].skip) {
                kept.push_back(plan.columns[at].name);
            }
        } else if (columns[at] == '1') {
            add(column, plan.columns[at].type);
        }
    }
    pgoutput::tuple_view::cursor before{step.what->old_row};
    std::vector<sql::apply_column> old_key;
    for (std::size_t at = 0; at < plan.columns.size(); ++at) {
        auto const column = before.next();
        if (plan.columns[at].key) {
            add(column, plan.columns[at].type);
            old_key.push_back({plan.columns[at].name, plan.columns[at].type_name, true,
                               plan.columns[at].identity_always, plan.columns[at].equals});
        }
    }
    auto& times = arrays.emplace_back();
    times.start(oid{1184});
    if (!fits || !times.append_fixed(step.transaction.commit_time.us)) {
        return failure{next_step::retry, "a row of more than 1 GB"};
    }
    values_.clear();
    for (auto& array : arrays) {
        values_.push_back(array_param(array));
    }
    auto const commit_time = to_string(step.transaction.commit_time);
    values_.push_back(text_param(commit_time)); // both bounds
    values_.push_back(text_param(commit_time));
    auto const text_of = [&] {
        return sql::move_keys(table_for(plan, columns), old_key, kept, rules_);
    };
    return send(fmt::format("{} move {}", plan.number, columns), text_of, values_);
}

statement_sender::sent statement_sender::truncate(batch_builder const& batch,
                                                  batch_step const& step) {
    std::vector<sql::truncated_table> tables;
    for (auto const* plan : batch.truncated(step.truncation)) {
        tables.push_back({plan->schema, plan->name});
    }
    if (tables.empty()) {
        return boost::system::in_place_value;
    }
    return text(sql::truncate(tables, rules_, to_string(step.transaction.commit_time)));
}

statement_sender::sent statement_sender::park(batch_step const& step, std::string const& stream,
                                              park_reason const& reason) {
    auto const& what = *step.what;
    auto const& plan = *step.plan;
    named_values key;
    named_values row;
    named_values old_key;
    // The reason can be just that the database has no such character: the row must be kept all the same.
    bool const in_ascii =
        !rules_.target_is_utf8 && !(is_ascii(what.new_row) && is_ascii(what.old_row));
    key.fill(identifying_row(what), plan, true, in_ascii);
    bool const before_known = what.old_kind == pgoutput::old_row_kind::full;
    if (what.oversized == nullptr || moves_key(what, plan)) { // else it has nothing but the key
        row.fill(what.new_row, plan, what.oversized != nullptr, in_ascii,
                 before_known ? what.old_row : pgoutput::tuple_view{});
    }
    if (what.old_kind != pgoutput::old_row_kind::none) {
        old_key.fill(what.old_row, plan, true, in_ascii);
    }
    auto const position = to_string(step.transaction.final_lsn);
    auto const index = std::to_string(what.index);
    auto const transaction = std::to_string(step.transaction.id.value);
    auto const commit_time = to_string(step.transaction.commit_time);
    bool const whole_table = reason.whole_table || what.kind == change_kind::truncate;
    std::string const whole = whole_table ? "true" : "false";
    std::string const operation = name_of(what.kind);
    std::string const escaped = in_ascii ? "true" : "false";
    arena notes;
    std::string const shape{event::encode_note(*plan.shape, notes)};
    std::array const all{text_param(stream),
                         text_param(position),
                         text_param(index),
                         text_param(transaction),
                         text_param(commit_time),
                         text_param(plan.schema),
                         text_param(plan.name),
                         key.name_param(),
                         key.value_param(),
                         text_param(whole),
                         text_param(operation),
                         row.name_param(),
                         row.value_param(),
                         old_key.name_param(),
                         old_key.value_param(),
                         text_param(escaped),
                         text_param(reason.sqlstate),
                         text_param(reason.text),
                         reason.detail.empty() ? io::pg::param{} : text_param(reason.detail),
                         text_param(shape)};
    return send(
        "park", [] { return std::string{park_sql}; }, all);
}

} // namespace tandem::engine
