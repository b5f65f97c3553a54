#include "engine/core/shown_change.hpp"

#include "codecs/event/json_string.hpp"
#include "codecs/values/shown_value.hpp"

#include <fmt/format.h>

#include <iterator>
#include <optional>

namespace tandem::engine {
namespace {

using pgoutput::column_kind;
using pgoutput::column_view;

std::string_view op_name(change_kind kind) noexcept {
    switch (kind) {
    case change_kind::insert:
        return "insert";
    case change_kind::update:
        return "update";
    case change_kind::remove:
        return "delete";
    case change_kind::truncate:
        return "truncate";
    case change_kind::ddl:
        return "ddl";
    }
    return "?";
}

// Whole characters only.
std::string_view cut(std::string_view text) noexcept {
    if (text.size() <= shown_bytes_most) {
        return text;
    }
    std::size_t end = shown_bytes_most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end);
}

std::string value_text(oid type, column_view value) {
    if (value.kind == column_kind::null) {
        return "null";
    }
    std::string text;
    if (value.kind == column_kind::text) {
        text = cut(value.bytes);
    } else {
        auto const form = values::send_form_of(type);
        // Of a long value a part will do; what has no form of its own is short or text.
        bool const cuts = form == values::send_form::same || form == values::send_form::jsonb ||
                          form == values::send_form::bytea;
        auto const bytes = cuts ? value.bytes.substr(0, shown_bytes_most + 1) : value.bytes;
        if (!values::append_shown(form, bytes, text)) {
            return event::json_string(fmt::format("({} bytes)", value.bytes.size()));
        }
        text = cut(text);
    }
    if (text.size() < value.bytes.size() && value.bytes.size() > shown_bytes_most) {
        text += fmt::format("… ({} bytes)", value.bytes.size());
    }
    return event::json_string(text);
}

struct row_reader {
    explicit row_reader(pgoutput::tuple_view of) noexcept : at{of}, left{of.column_count()} {}

    std::optional<column_view> next() noexcept {
        if (left == 0) {
            return std::nullopt;
        }
        --left;
        auto const value = at.next();
        return value.kind == column_kind::unchanged ? std::nullopt : std::optional{value};
    }

    pgoutput::tuple_view::cursor at;
    std::size_t left;
};

bool same(column_view left, column_view right) noexcept {
    return left.kind == right.kind && left.bytes == right.bytes;
}

class row_writer {
public:
    row_writer(change const& what, change_witness const& by) noexcept : what_{what}, by_{by} {}

    void write() {
        row_reader old_row{what_.old_row};
        row_reader new_row{what_.new_row};
        bool const whole_old = what_.old_kind == pgoutput::old_row_kind::full;
        for (auto const& column : what_.shape->columns) {
            auto old_value = old_row.next();
            auto const new_value = new_row.next();
            if (!whole_old && !column.key) {
                old_value.reset(); // the old key comes with nulls for all else
            }
            if (column.key) {
                note_key(column, new_value ? new_value : old_value);
            }
            bool const unchanged = old_value && new_value && same(*old_value, *new_value);
            if ((old_value || new_value) && !unchanged) {
                note_column(column, old_value, new_value);
            }
        }
    }
    std::string key;
    std::string columns;
    std::size_t more = 0;

private:
    [[nodiscard]] bool hidden(pgoutput::column_shape const& column) const {
        return by_.hides != nullptr && *by_.hides &&
               (*by_.hides)(what_.shape->schema, what_.shape->name, column.name);
    }
    [[nodiscard]] std::string text_of(pgoutput::column_shape const& column,
                                      column_view value) const {
        return hidden(column) ? "\"•••\"" : value_text(column.type, value);
    }
    void note_key(pgoutput::column_shape const& column, std::optional<column_view> const& value) {
        if (value && key.size() < shown_bytes_most * 4) {
            fmt::format_to(std::back_inserter(key), "{}{}:{}", key.empty() ? "" : ",",
                           event::json_string(column.name), text_of(column, *value));
        }
    }
    void note_column(pgoutput::column_shape const& column, std::optional<column_view> const& old,
                     std::optional<column_view> const& now) {
        if (++count_ > shown_columns_most) {
            ++more;
            return;
        }
        fmt::format_to(std::back_inserter(columns), "{}{{\"name\":{}", count_ == 1 ? "" : ",",
                       event::json_string(column.name));
        if (old) {
            columns += ",\"old\":" + text_of(column, *old);
        }
        if (now) {
            columns += ",\"new\":" + text_of(column, *now);
        }
        columns += '}';
    }

    change const& what_;
    change_witness const& by_;
    std::size_t count_ = 0;
};

std::string tables_text(change const& what) {
    std::string names;
    for (auto const& each : what.truncated->relations) {
        names += (names.empty() ? "" : ", ") + each->name;
    }
    return std::string{cut(names)};
}

} // namespace

std::string shown_change(change const& what, change_witness const& by) {
    std::string schema;
    std::string table;
    row_writer row{what, by};
    if (what.shape != nullptr) {
        schema = what.shape->schema;
        table = what.shape->name;
        row.write();
    } else if (what.truncated != nullptr) {
        schema = what.truncated->relations.empty() ? "" : what.truncated->relations.front()->schema;
        table = tables_text(what);
    } else if (what.ddl != nullptr) {
        table = "DDL";
    }
    return fmt::format(
        R"({{"at":{},"committed":{},"direction":"{}:{}","verdict":"{}","op":"{}","schema":{},"table":{},"xid":{},)"
        R"("position":"{}","key":{{{}}},"columns":[{}],"more":{}}})",
        by.at_us, by.transaction->commit_time.unix_us(), by.source, by.target, by.verdict,
        op_name(what.kind), event::json_string(schema), event::json_string(table),
        by.transaction->id.value, to_string(by.transaction->final_lsn), row.key, row.columns,
        row.more);
}

} // namespace tandem::engine
