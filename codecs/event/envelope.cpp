#include "codecs/event/envelope.hpp"

#include "codecs/event/json_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace tandem::event {
namespace {

constexpr std::size_t digits_most = 20; // of a 64-bit number

std::string quoted(std::string_view text) {
    std::string room(text.size() * escaped_most + 2 + slack, '\0');
    char const* const end = append_string(room.data(), text);
    room.resize(static_cast<std::size_t>(end - room.data()));
    return room;
}

char* append_number(char* out, std::uint64_t value) noexcept {
    return std::to_chars(out, out + digits_most, value).ptr;
}

} // namespace

event_time::event_time(std::int64_t unix_ns)
    : text_{fmt::format(R"(,"ts_ms":{},"ts_us":{},"ts_ns":{}}})", unix_ns / 1'000'000,
                        unix_ns / 1'000, unix_ns)} {}

transaction_part::transaction_part(event_source const& source, xid transaction, pg_time commit_time,
                                   lsn previous_commit, std::string_view origin, lsn origin_lsn)
    : head_{fmt::format(
          R"(,"source":{{"version":{},"connector":"postgresql","name":{},"ts_ms":{},"snapshot":"false","db":{},)"
          R"("sequence":"[)",
          quoted(source.version), quoted(source.server), commit_time.unix_us() / 1'000,
          quoted(source.database))},
      times_{fmt::format(R"(]","ts_us":{},"ts_ns":{})", commit_time.unix_us(),
                         commit_time.unix_us() * 1'000)},
      transaction_{fmt::format(R"(,"txId":{},"lsn":)", transaction.value)} {
    head_ += previous_commit ? fmt::format(R"(\"{}\",\")", previous_commit.value) : R"(null,\")";
    times_.insert(0, R"(\")");
    origin_ = origin.empty() ? R"(,"xmin":null,"origin":null,"origin_lsn":null})"
                             : fmt::format(R"(,"xmin":null,"origin":{},"origin_lsn":{}}})",
                                           quoted(origin), origin_lsn.value);
    origin_ += R"(,"transaction":null,"op":")";
}

relation_events::relation_events(pgoutput::relation_shape const& shape, row_plan plan,
                                 record_schemas schemas)
    : plan_{std::move(plan)},
      open_{std::move(schemas)},
      table_{fmt::format(R"(,"schema":{},"table":{})", quoted(shape.schema), quoted(shape.name))} {
    for (std::string* const each : {&open_.key, &open_.value}) {
        *each += each->empty() ? "" : R"(,"payload":)";
    }
}

result<std::string_view> relation_events::value(change const& made,
                                                transaction_part const& transaction,
                                                event_time const& now, arena& into) const {
    constexpr std::string_view before = R"({"before":)";
    constexpr std::string_view after = R"(,"after":)";
    std::size_t const fixed = before.size() + after.size() + transaction.head_.size() +
                              transaction.times_.size() + table_.size() +
                              transaction.transaction_.size() + transaction.origin_.size() +
                              now.text_.size() + open_.value.size() + 1 + 2 * digits_most + slack;
    char* const start = into.reserve(fixed + plan_.room(made.old_row) + plan_.room(made.new_row));
    auto const row = [this](char* out, pgoutput::tuple_view given, row_part part) -> result<char*> {
        return given.empty() ? append(out, "null") : write_row(plan_, given, part, out);
    };
    auto out = row(append(append(start, open_.value), before), made.old_row,
                   made.old_is_key ? plan_.of_key_row : row_part::all);
    if (out) {
        out = row(append(*out, after), made.new_row, row_part::all);
    }
    if (!out) {
        return out.error();
    }
    char* at = append_number(append(*out, transaction.head_), made.position.value);
    at = append(append(append(at, transaction.times_), table_), transaction.transaction_);
    at = append(append_number(at, made.position.value), transaction.origin_);
    *at++ = static_cast<char>(made.op);
    *at++ = '"';
    at = append(at, now.text_);
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

result<std::string_view> relation_events::key(pgoutput::tuple_view row, arena& into) const {
    char* const start = into.reserve(open_.key.size() + plan_.room(row) + 1);
    auto const end = write_row(plan_, row, row_part::key, append(start, open_.key));
    if (!end) {
        return end.error();
    }
    char* at = *end;
    if (!open_.key.empty()) {
        *at++ = '}';
    }
    return into.commit(static_cast<std::size_t>(at - start));
}

} // namespace tandem::event
