#include "codecs/event/envelope.hpp"

#include "codecs/base/assert.hpp"
#include "codecs/event/json_string.hpp"
#include "codecs/event/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace tandem::event {
namespace {

constexpr std::size_t digits_most = 20; // of a 64-bit number
constexpr std::string_view no_block = R"(,"transaction":null)";
constexpr std::string_view total_order = R"(","total_order":)";
constexpr std::string_view collection_order = R"(,"data_collection_order":)";

char* append_number(char* out, std::uint64_t value) noexcept {
    return std::to_chars(out, out + digits_most, value).ptr;
}

} // namespace

event_time::event_time(std::int64_t unix_ns)
    : text_{fmt::format(R"(,"ts_ms":{})", unix_ns / 1'000'000)} {
    millis_size_ = text_.size();
    text_ += fmt::format(R"(,"ts_us":{},"ts_ns":{}}})", unix_ns / 1'000, unix_ns);
}

transaction_part::transaction_part(event_source const& source, xid transaction, pg_time commit_time,
                                   lsn previous_commit, std::string_view origin, lsn origin_lsn,
                                   std::string_view snapshot)
    : values_{source.values},
      head_{fmt::format(
          R"(,"source":{{"version":{},"connector":"postgresql","name":{},"ts_ms":{},"snapshot":"{}","db":{},)"
          R"("sequence":"[)",
          json_string(source.values == value_form::exact ? source.version + std::string{exact_mark}
                                                         : source.version),
          json_string(source.server), commit_time.unix_us() / 1'000, snapshot,
          json_string(source.database))},
      times_{fmt::format(R"(\"]","ts_us":{},"ts_ns":{})", commit_time.unix_us(),
                         commit_time.unix_us() * 1'000)},
      transaction_{fmt::format(R"(,"txId":{},"lsn":)", transaction.value)},
      block_{fmt::format(R"(,"transaction":{{"id":"{}:)", transaction.value)} {
    // A reader would take it for exact.
    TANDEM_ASSERT(values_ == value_form::exact || !source.version.ends_with(exact_mark));
    head_ += previous_commit ? fmt::format(R"(\"{}\",\")", previous_commit.value) : R"(null,\")";
    origin_ = origin.empty() ? R"(,"xmin":null,"origin":null,"origin_lsn":null})"
                             : fmt::format(R"(,"xmin":null,"origin":{},"origin_lsn":{}}})",
                                           json_string(origin), origin_lsn.value);
}

transaction_part transaction_part::outside(event_source const& source, pg_time now, lsn position) {
    transaction_part made{source, xid{}, now, position};
    made.transaction_ = R"(,"txId":null,"lsn":)";
    made.block_.clear();
    return made;
}

std::size_t transaction_part::source_room(std::string_view table) const noexcept {
    return head_.size() + times_.size() + table.size() + transaction_.size() + origin_.size() +
           2 * digits_most;
}

char* transaction_part::append_source(char* out, std::string_view table,
                                      lsn position) const noexcept {
    out = append_number(append(out, head_), position.value);
    out = append(append(append(out, times_), table), transaction_);
    return append(append_number(out, position.value), origin_);
}

std::size_t transaction_part::block_room() const noexcept {
    return no_block.size() + block_.size() + total_order.size() + collection_order.size() +
           3 * digits_most + 1;
}

char* transaction_part::append_block(char* out, event_order order, lsn position) const noexcept {
    if (order.total == 0 || block_.empty()) {
        return append(out, no_block);
    }
    out = append_number(append(out, block_), position.value);
    out = append_number(append(out, total_order), order.total);
    out = append_number(append(out, collection_order), order.of_collection);
    *out++ = '}';
    return out;
}

relation_events::relation_events(pgoutput::relation_shape const& shape, row_plan plan,
                                 record_schemas schemas, key_order order)
    : plan_{std::move(plan)},
      order_{std::move(order)},
      open_{std::move(schemas)},
      table_{fmt::format(R"(,"schema":{},"table":{})", json_string(shape.schema),
                         json_string(shape.name))},
      collection_{shape.schema + '.' + shape.name} {
    for (std::string* const each : {&open_.key, &open_.value}) {
        *each += each->empty() ? "" : R"(,"payload":)";
    }
}

pgoutput::tuple_view relation_events::complete(change const& made, arena& into) const {
    if (made.old_row.empty() || made.new_row.empty()) {
        return made.new_row;
    }
    bool const exact_alone = plan_.values == value_form::exact && open_.after.empty();
    auto const part = static_cast<std::uint8_t>(made.old_is_key ? row_part::identity
                                                : exact_alone   ? row_part::key
                                                                : row_part::all);
    auto const is_missing = [part](column_plan const& plan, pgoutput::column_view column) {
        return column.kind == pgoutput::column_kind::unchanged && (plan.parts & part) != 0;
    };
    pgoutput::tuple_view::cursor sent{made.new_row};
    bool const whole = std::ranges::none_of(
        plan_.columns, [&](column_plan const& each) { return is_missing(each, sent.next()); });
    if (whole) {
        return made.new_row;
    }
    constexpr std::size_t head = 5; // of a value: its tag and length
    char* const start = into.reserve(made.new_row.raw().size() + made.old_row.raw().size());
    char* out = start;
    pgoutput::tuple_view::cursor before{made.old_row};
    pgoutput::tuple_view::cursor after{made.new_row};
    for (column_plan const& each : plan_.columns) {
        auto const was = before.next();
        auto const is = after.next();
        auto const column = is_missing(each, is) ? was : is;
        if (column.kind == pgoutput::column_kind::text ||
            column.kind == pgoutput::column_kind::binary) {
            out = append(out, {column.bytes.data() - head, column.bytes.size() + head});
        } else {
            *out++ = static_cast<char>(column.kind);
        }
    }
    return {made.new_row.column_count(), into.commit(static_cast<std::size_t>(out - start))};
}

// Without the fields of columns that were not sent.
char* relation_events::append_value_schema(char* out, pgoutput::tuple_view new_row) const noexcept {
    std::string_view const whole = open_.value;
    if (new_row.empty() || open_.after.empty()) {
        return append(out, whole);
    }
    auto const& last = open_.after.back();
    out = append(out, whole.substr(0, open_.after.front().at));
    bool first = true;
    pgoutput::tuple_view::cursor columns{new_row};
    for (auto const& field : open_.after) {
        if (columns.next().kind != pgoutput::column_kind::unchanged) {
            out = append(out, std::exchange(first, false) ? "" : ",");
            out = append(out, whole.substr(field.at, field.size));
        }
    }
    return append(out, whole.substr(last.at + last.size));
}

result<std::string_view> relation_events::value(change const& made,
                                                transaction_part const& transaction,
                                                event_time const& now, arena& into) const {
    constexpr std::string_view before = R"({"before":)";
    constexpr std::string_view after = R"(,"after":)";
    constexpr std::string_view op = R"(,"op":")";
    TANDEM_ASSERT(plan_.values ==
                  transaction.values()); // or the event would name a form it is not written in
    std::size_t const fixed = open_.value.size() + before.size() + after.size() +
                              transaction.source_room(table_) + transaction.block_room() +
                              op.size() + 2 + now.all().size() + 1 + slack;
    char* const start = into.reserve(fixed + plan_.room(made.old_row) + plan_.room(made.new_row));
    auto const row = [this](char* out, pgoutput::tuple_view given, row_part part) -> result<char*> {
        return given.empty() ? append(out, "null") : write_row(plan_, given, part, out);
    };
    auto out = row(append(append_value_schema(start, made.new_row), before), made.old_row,
                   made.old_is_key ? plan_.of_key_row : row_part::all);
    if (out) {
        out = row(append(*out, after), made.new_row, row_part::all);
    }
    if (!out) {
        return out.error();
    }
    char* at = transaction.append_source(*out, table_, made.position);
    at = append(transaction.append_block(at, made.order, made.position), op);
    *at++ = static_cast<char>(made.op);
    *at++ = '"';
    at = append(at, now.all());
    if (!open_.value.empty()) {
        *at++ = '}';
    }
    return into.commit(static_cast<std::size_t>(at - start));
}

bool relation_events::key_differs(pgoutput::tuple_view old_row,
                                  pgoutput::tuple_view new_row) const noexcept {
    if (old_row.empty() || new_row.empty()) {
        return false;
    }
    pgoutput::tuple_view::cursor before{old_row};
    pgoutput::tuple_view::cursor after{new_row};
    for (column_plan const& column : plan_.columns) {
        auto const was = before.next();
        auto const is = after.next();
        // A value that was not sent again did not change.
        bool const same = is.kind == pgoutput::column_kind::unchanged ||
                          (was.kind == is.kind && was.bytes == is.bytes);
        if ((column.parts & static_cast<std::uint8_t>(row_part::key)) != 0 && !same) {
            return true;
        }
    }
    return false;
}

namespace {

// Those columns of the row, in that order.
pgoutput::tuple_view picked(pgoutput::tuple_view row, std::vector<std::uint16_t> const& columns,
                            arena& into) {
    std::size_t room = 0;
    auto const column_at = [row](std::uint16_t number) {
        pgoutput::tuple_view::cursor each{row};
        for (std::uint16_t at = 0; at < number; ++at) {
            static_cast<void>(each.next());
        }
        return each.next();
    };
    constexpr std::size_t head = 5; // of a value: its tag and length
    for (auto const number : columns) {
        room += head + column_at(number).bytes.size();
    }
    char* const start = into.reserve(room);
    char* out = start;
    for (auto const number : columns) {
        auto const column = column_at(number);
        *out++ = static_cast<char>(column.kind);
        if (column.kind == pgoutput::column_kind::text ||
            column.kind == pgoutput::column_kind::binary) {
            store_big_endian(out, static_cast<std::uint32_t>(column.bytes.size()));
            out = append(out + 4, column.bytes);
        }
    }
    return {static_cast<std::uint16_t>(columns.size()),
            into.commit(static_cast<std::size_t>(out - start))};
}

} // namespace

result<std::string_view> relation_events::key(pgoutput::tuple_view row, arena& into) const {
    bool const in_order = order_.columns.empty();
    auto const& plan = in_order ? plan_ : order_.plan;
    auto const from = in_order ? row : picked(row, order_.columns, into);
    char* const start = into.reserve(open_.key.size() + plan.room(from) + 1);
    auto const end = write_row(plan, from, row_part::key, append(start, open_.key));
    if (!end) {
        return end.error();
    }
    char* at = *end;
    if (!open_.key.empty()) {
        *at++ = '}';
    }
    return into.commit(static_cast<std::size_t>(at - start));
}

std::string_view relation_events::key_alone(std::string_view key) const noexcept {
    if (open_.key.empty() || key.size() <= open_.key.size()) { // empty: it could not be made
        return key;
    }
    key.remove_prefix(open_.key.size());
    key.remove_suffix(1);
    return key;
}

} // namespace tandem::event
