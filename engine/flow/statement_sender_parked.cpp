// A change that goes to tandem.parked instead of its table.

#include "codecs/base/arena.hpp"
#include "codecs/event/stream_notes.hpp"
#include "codecs/values/ascii_text.hpp"
#include "engine/core/parked_changes.hpp"
#include "engine/core/parked_keys.hpp"
#include "engine/flow/statement_sender.hpp"
#include "engine/flow/statement_values.hpp"

#include <array>
#include <string>

namespace tandem::engine {
namespace {

constexpr char const* park_sql =
    "INSERT INTO tandem.parked (stream, position, idx, xid, committed_at, schema_name, table_name, "
    "key, whole_table, op, row, old_key, escaped, sqlstate, error, detail, shape, v) VALUES ($1, $2, $3, $4, $5, $6, $7, "
    "CASE WHEN $8::text[] IS NULL THEN NULL ELSE jsonb_object($8::text[], $9::text[]) END, "
    "$10, $11, "
    "CASE WHEN $12::text[] IS NULL THEN NULL ELSE jsonb_object($12::text[], $13::text[]) END, "
    "CASE WHEN $14::text[] IS NULL THEN NULL ELSE jsonb_object($14::text[], $15::text[]) END, "
    "$16, $17, $18, $19, $20, $21)";

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
    case change_kind::ddl: // see refuse_ddl()
        break;
    }
    return "unknown";
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

    // What `row` left out as unchanged stands in `before`, if anywhere. `shape`: what its columns are called.
    void fill(pgoutput::tuple_view row, table_plan const& plan,
              pgoutput::relation_shape const& shape, bool keys_only, bool in_ascii,
              pgoutput::tuple_view before = {}) {
        constexpr oid text_type{25};
        names.start(text_type);
        values.start(text_type);
        pgoutput::tuple_view::cursor columns{row};
        pgoutput::tuple_view::cursor older{before};
        for (std::size_t at = 0; at < row.column_count() && at < shape.columns.size(); ++at) {
            auto column = columns.next();
            if (at < before.column_count()) {
                auto const was = older.next();
                column = column.kind == pgoutput::column_kind::unchanged ? was : column;
            }
            bool const key = plan.usable ? plan.columns[at].key : shape.columns[at].key;
            bool const wanted = !keys_only || key;
            if (!wanted || column.kind == pgoutput::column_kind::unchanged) {
                continue;
            }
            set = names.append(shape.columns[at].name) &&
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

statement_sender::sent statement_sender::park(batch_step const& step, std::string const& stream,
                                              park_reason const& reason, bool touch) {
    auto const& what = *step.what;
    auto const& plan = *step.plan;
    named_values key;
    named_values row;
    named_values old_key;
    // The reason can be just that the database has no such character: the row must be kept all the same.
    bool const in_ascii =
        !rules_.target_is_utf8 && !(is_ascii(what.new_row) && is_ascii(what.old_row));
    // A row is kept as its source described it, with the position that says what that knew; a key is found by what it is called here.
    auto const& there = plan.described != nullptr ? *plan.described : *plan.shape;
    key.fill(identifying_row(what), plan, *plan.shape, true, in_ascii);
    bool const before_known = what.old_kind == pgoutput::old_row_kind::full;
    if (what.oversized == nullptr || moves_key(what, plan)) { // else it has nothing but the key
        row.fill(what.new_row, plan, there, what.oversized != nullptr, in_ascii,
                 before_known ? what.old_row : pgoutput::tuple_view{});
    }
    if (what.old_kind != pgoutput::old_row_kind::none) {
        old_key.fill(what.old_row, plan, there, true, in_ascii);
    }
    auto const position = to_string(step.transaction.final_lsn);
    auto const index = std::to_string(what.index);
    auto const transaction = std::to_string(step.transaction.id.value);
    auto const commit_time = to_string(step.transaction.commit_time);
    auto const v = to_string(step.transaction.v(plan.conflicts.versions));
    bool const told = plan.conflicts.versions == sql::row_versions::seen;
    bool const whole_table = reason.whole_table || what.kind == change_kind::truncate;
    std::string const whole = whole_table ? "true" : "false";
    std::string const operation{touch ? touch_operation : name_of(what.kind)};
    std::string const escaped = in_ascii ? "true" : "false";
    arena notes;
    std::string const shape{event::encode_note(there, notes)};
    std::array const all{text_param(stream),
                         text_param(position),
                         text_param(index),
                         text_param(transaction),
                         text_param(commit_time),
                         text_param(step.as_described ? there.schema : plan.schema),
                         text_param(step.as_described ? there.name : plan.name),
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
                         text_param(shape),
                         told ? text_param(v) : io::pg::param{}};
    return send(
        "park", [] { return std::string{park_sql}; }, all);
}

} // namespace tandem::engine
