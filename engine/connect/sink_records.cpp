#include "engine/connect/sink_records.hpp"

#include "codecs/event/decode.hpp"
#include "codecs/event/padding.hpp"
#include "engine/connect/converter_settings.hpp"
#include "engine/connect/plugins.hpp"
#include "engine/connect/source_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

constexpr std::string_view json_converter_class = "org.apache.kafka.connect.json.JsonConverter";

// By the connector, else by the worker.
outcome<std::unique_ptr<converter>> converter_of(task_setup const& setup, std::string_view name) {
    auto const& from = setup.config.contains(name) ? setup.config : setup.worker;
    bool const of_header = name.starts_with("header.");
    auto const* const of = find_plugin(text_in(from, name, of_header ? "" : json_converter_class),
                                       plugin_kind::converter);
    if (!of_header && of != nullptr && of->class_name == json_converter_class) {
        return std::unique_ptr<converter>{};
    }
    return make_converter(from, name);
}

std::string_view text_of(std::optional<value> const& what) noexcept {
    return what && what->kind() == value_kind::string ? what->text() : std::string_view{};
}

// Fields that transformations add to a row begin so (add.fields.prefix).
bool is_added(std::string_view name) noexcept {
    return name.starts_with("__");
}

template <class Each> // (std::string_view name, schema const*, value const&)
void for_each_field(value const& in, schema const* of, Each const& each) {
    if (in.kind() == value_kind::structure) {
        auto const& fields = in.shape().fields;
        for (std::size_t at = 0; at < fields.size(); ++at) {
            each(fields[at].name, fields[at].of.get(), in.field(at));
        }
    } else if (in.kind() == value_kind::map) {
        for (auto const& entry : in.entries()) {
            if (entry.key.kind() == value_kind::string) {
                each(entry.key.text(), of == nullptr ? nullptr : of->element.get(), entry.mapped);
            }
        }
    }
}

bool has_fields(value const& what) noexcept {
    return what.kind() == value_kind::structure || what.kind() == value_kind::map;
}

std::string named(sink_table const& of) {
    return fmt::format("{}.{}", of.schema, of.name);
}

} // namespace

outcome<data> sink_records::side::read(std::optional<std::string_view> bytes, arena& memory) {
    if (!bytes) {
        return other ? other->read(bytes, memory) : outcome<data>{data{}};
    }
    room.assign(*bytes);
    room.append(event::record_padding, '\0');
    auto const padded = std::string_view{room}.substr(0, bytes->size());
    if (other) {
        return other->read(padded, memory);
    }
    return has_schema(padded) ? with_schema.read(padded, memory) : without.read(padded, memory);
}

bool sink_records::side::has_schema(std::optional<std::string_view> bytes) const noexcept {
    return bytes && (with_schema.knows_beginning(*bytes) || event::has_schema(*bytes));
}

bool sink_records::has_schema(std::optional<std::string_view> key,
                              std::optional<std::string_view> value) const noexcept {
    return value_.has_schema(value) || key_.has_schema(key);
}

outcome<std::unique_ptr<sink_records>> sink_records::of(task_setup const& setup,
                                                        sink_settings const& settings) {
    std::unique_ptr<sink_records> made{new sink_records{settings}};
    auto chain = transformation_chain::of(setup.config);
    if (!chain) {
        return chain.error();
    }
    made->chain_ = std::move(*chain);
    for (auto const& [name, into] : {std::pair{"key.converter", &made->key_.other},
                                     std::pair{"value.converter", &made->value_.other},
                                     std::pair{"header.converter", &made->header_}}) {
        auto one = converter_of(setup, name);
        if (!one) {
            return one.error();
        }
        *into = std::move(*one);
    }
    made->changes_ =
        !made->chain_.empty() || made->key_.other || made->value_.other || settings.by_fields();
    return made;
}

std::optional<sink_records::cell> sink_records::find(cell const& in, std::string_view name) {
    std::optional<cell> found;
    if (in.what.kind() == value_kind::structure) {
        auto const& fields = in.what.shape().fields;
        if (auto const at = in.what.shape().index_of(name)) {
            found = cell{fields[*at].of.get(), in.what.field(*at), fields[*at].name};
        }
        return found;
    }
    for_each_field(in.what, in.of,
                   [&](std::string_view field, schema const* of, value const& what) {
                       if (field == name) {
                           found = cell{of, what, field};
                       }
                   });
    return found;
}

outcome<void> sink_records::convert(fetched_form const& from) {
    memory_.clear();
    record_ = {};
    record_.topic = from.topic;
    record_.partition = from.partition;
    record_.offset = from.offset;
    record_.timestamp_ms = from.timestamp_ms;
    stage_ = "KEY_CONVERTER";
    auto key = key_.read(from.key, memory_);
    if (!key) {
        return problem{key.error().kind, "its key: " + key.error().what};
    }
    record_.key = std::move(*key);
    stage_ = "VALUE_CONVERTER";
    auto read = value_.read(from.value, memory_);
    if (!read) {
        return read.error();
    }
    record_.value = std::move(*read);
    bool const needs_headers = !chain_.empty() || settings_.keys == key_source::record_header;
    for (auto const& each :
         needs_headers ? from.headers : std::span<fetched_form::header const>{}) {
        if (each.name == position_header) { // tandem's own, by no converter
            continue;
        }
        auto* const room =
            memory_.reserve((each.value ? each.value->size() : 0) + event::record_padding);
        std::optional<std::string_view> bytes;
        if (each.value) {
            std::ranges::copy(*each.value, room);
            std::fill_n(room + each.value->size(), event::record_padding, '\0');
            bytes = memory_.commit(each.value->size() + event::record_padding)
                        .substr(0, each.value->size());
        }
        auto header = header_->read(bytes, memory_);
        if (!header) {
            return problem{header.error().kind,
                           fmt::format("its header {}: {}", each.name, header.error().what)};
        }
        record_.headers.push_back({each.name, std::move(*header)});
    }
    return {};
}

// False: it says nothing of a row.
bool sink_records::read_envelope(cell const& envelope) {
    auto const string_at = [&](cell const& in, std::string_view name) {
        auto const found = find(in, name);
        return found ? text_of(found->what) : std::string_view{};
    };
    if (auto const source = find(envelope, "source")) {
        row_.schema = string_at(*source, "schema");
        row_.table = string_at(*source, "table");
    }
    after_ = find(envelope, "after").value_or(cell{});
    before_ = find(envelope, "before").value_or(cell{});
    auto const op = string_at(envelope, "op");
    row_.is_update = op == "u";
    row_.is_new = row_.is_new || op == "c" || op == "r";
    row_.what = op == "d"   ? sink_row::kind::remove
                : op == "t" ? sink_row::kind::truncate
                            : sink_row::kind::put;
    return op == "d" || op == "t" || (has_fields(after_.what) && (row_.is_new || row_.is_update));
}

outcome<sink_row const*> sink_records::read(fetched_form const& from) {
    if (auto const converted = convert(from); !converted) {
        return converted.error();
    }
    stage_ = "TRANSFORMATION";
    auto const stays = chain_.apply(record_, memory_);
    if (!stays) {
        return stays.error();
    }
    if (!*stays) {
        return nullptr;
    }
    stage_ = "TASK_PUT";
    row_ = {};
    row_.topic = record_.topic;
    row_.is_new =
        std::ranges::find(from.headers, "__debezium.oldkey", // of a row whose key was changed
                          &fetched_form::header::name) != from.headers.end();
    after_ = before_ = {};
    cell const all{record_.value.of.get(), record_.value.what, {}};
    if (all.what.is_null()) {
        row_.what = sink_row::kind::remove;
        row_.is_tombstone = true;
        return record_.key.what.is_null() ? nullptr : &row_;
    }
    if (!has_fields(all.what)) {
        return data_problem(
            fmt::format("its value is {}, and not a row's fields", java_class(all.what)));
    }
    auto const op = find(all, "op");
    auto const source = find(all, "source");
    bool const is_envelope =
        op && op->what.kind() == value_kind::string && source && has_fields(source->what);
    if (is_envelope) {
        return read_envelope(all) ? &row_ : nullptr;
    }
    after_ = all;
    auto const deleted = find(all, "__deleted"); // of ExtractNewRecordState, when it rewrites
    if (deleted && text_of(deleted->what) == "true") {
        row_.what = sink_row::kind::remove;
    }
    return &row_;
}

std::optional<sink_records::cell> sink_records::find_column(cell const& in,
                                                            std::string_view column) const {
    if (auto found = find(in, column); found || settings_.quotes) {
        return found;
    }
    std::optional<cell> found;
    for_each_field(in.what, in.of,
                   [&](std::string_view field, schema const* of, value const& what) {
                       if (settings_.column_name(field) == column) {
                           found = cell{of, what, field};
                       }
                   });
    return found;
}

bool sink_records::is_written(std::string_view field) const {
    return settings_.fields.takes(record_.topic, field);
}

// Where the record lies, as the key of a row.
std::optional<sink_records::cell> sink_records::place_cell(std::string_view column) const {
    static auto const text = plain_schema(schema_type::string);
    static auto const number = plain_schema(schema_type::int32);
    static auto const large = plain_schema(schema_type::int64);
    auto const& names = settings_.key_fields;
    if (column == names[0]) {
        return cell{text.get(), value::of_string(record_.topic), {}};
    }
    if (column == names[1]) {
        return cell{
            number.get(), value::of_integer(value_kind::int32, record_.partition.value_or(0)), {}};
    }
    return cell{large.get(), value::of_integer(value_kind::int64, record_.offset.value_or(0)), {}};
}

// Of the record's key, which may be the bare value of a key of one column, or of the row.
std::optional<sink_records::cell> sink_records::key_cell(std::string_view column,
                                                         bool single) const {
    if (settings_.keys == key_source::kafka) {
        return place_cell(column);
    }
    if (settings_.keys == key_source::record_header) {
        auto const found = std::ranges::find_if(record_.headers, [&](auto const& each) {
            return settings_.column_name(each.name) == column || each.name == column;
        });
        return found == record_.headers.end()
                   ? std::nullopt
                   : std::optional{cell{found->what.of.get(), found->what.what, found->name}};
    }
    cell const key{record_.key.of.get(), record_.key.what, {}};
    if (has_fields(key.what)) {
        if (auto const found = find_column(key, column)) {
            return found;
        }
    } else if (single && !key.what.is_null()) {
        return key;
    }
    auto const before = find_column(before_, column);
    return before ? before : find_column(after_, column);
}

void sink_records::add_key_columns(std::vector<wanted_column>& into) const {
    auto const add = [&](std::string_view field, schema const* of) {
        into.push_back({settings_.column_name(field), of, true});
    };
    auto const& wanted = settings_.key_fields;
    auto const is_wanted = [&wanted](std::string_view field) {
        return wanted.empty() || std::ranges::find(wanted, field) != wanted.end();
    };
    switch (settings_.keys) {
    case key_source::none:
        return;
    case key_source::kafka:
        for (auto const& each : wanted) {
            add(each, place_cell(each)->of);
        }
        return;
    case key_source::record_header:
        for (auto const& each : record_.headers) {
            if (is_wanted(each.name)) {
                add(each.name, each.what.of.get());
            }
        }
        return;
    case key_source::record_value:
        for_each_field(after_.what, after_.of, [&](auto name, schema const* of, value const&) {
            if (is_wanted(name)) {
                add(name, of);
            }
        });
        return;
    case key_source::record_key:
        break;
    }
    cell const key{record_.key.of.get(), record_.key.what, {}};
    if (has_fields(key.what)) {
        for_each_field(key.what, key.of, [&](auto name, schema const* of, value const&) {
            if (is_wanted(name)) {
                add(name, of);
            }
        });
    } else if (!key.what.is_null() && !wanted.empty()) {
        add(wanted.front(), key.of);
    }
}

std::vector<wanted_column> sink_records::missing_columns(sink_table const* to) const {
    std::vector<wanted_column> wanted;
    add_key_columns(wanted);
    auto const keys = wanted.size();
    for_each_field(after_.what, after_.of,
                   [&](std::string_view name, schema const* of, value const&) {
                       auto column = settings_.column_name(name);
                       bool const is_key =
                           std::ranges::find(wanted.begin(),
                                             wanted.begin() + static_cast<std::ptrdiff_t>(keys),
                                             column, &wanted_column::name) !=
                           wanted.begin() + static_cast<std::ptrdiff_t>(keys);
                       if (!is_key && is_written(name)) {
                           wanted.push_back({std::move(column), of, false});
                       }
                   });
    if (to != nullptr) {
        std::erase_if(wanted, [to](wanted_column const& each) { return to->find(each.name); });
    }
    return wanted;
}

outcome<void> sink_records::check_fields(sink_table const& to) const {
    std::string unknown;
    for_each_field(after_.what, after_.of, [&](std::string_view name, schema const*, value const&) {
        if (to.find(name) == nullptr && to.find(settings_.column_name(name)) == nullptr &&
            is_written(name) && !is_added(name) && unknown.empty()) {
            unknown = name;
        }
    });
    if (!unknown.empty()) {
        return problem{
            problem_kind::connect,
            fmt::format("table {} has no column {}: add it, or leave the field out (ReplaceField)",
                        named(to), unknown)};
    }
    return {};
}

sink_records::row_plan const& sink_records::plan_for(sink_table const& to) {
    auto const* const row = &after_.what.shape();
    auto const found = std::ranges::find_if(plans_, [&](row_plan const& one) {
        return one.row == row && one.table == to.number && one.topic == record_.topic;
    });
    if (found != plans_.end()) {
        std::ranges::rotate(plans_.begin(), found, found + 1);
        return plans_.front();
    }
    row_plan made;
    made.row = row;
    made.owner = record_.value.of;
    made.table = to.number;
    made.topic = record_.topic;
    for (auto const& column : to.columns) {
        auto const from = find_column(after_, column.name);
        auto const at = from ? row->index_of(from->field) : std::nullopt;
        made.fields.push_back(at);
        made.written.push_back(!at || is_written(from->field));
    }
    made.all_known = check_fields(to);
    if (plans_.size() == plans_most) {
        plans_.pop_back();
    }
    plans_.insert(plans_.begin(), std::move(made));
    return plans_.front();
}

outcome<void> sink_records::values_for(sink_table const& to, arena& memory, sink_values& made) {
    made.removed = row_.what == sink_row::kind::remove;
    made.whole = true;
    made.is_update = row_.is_update;
    made.columns.assign(to.columns.size(), {});
    auto const* const plan =
        after_.what.kind() == value_kind::structure && record_.value.of ? &plan_for(to) : nullptr;
    if (!made.removed) {
        auto const known = plan != nullptr ? plan->all_known : check_fields(to);
        if (!known) {
            return known.error();
        }
    }
    auto const in_row = [&](std::size_t at) -> std::optional<cell> {
        if (plan == nullptr) {
            return find_column(after_, to.columns[at].name);
        }
        auto const index = plan->fields[at];
        if (!index) {
            return std::nullopt;
        }
        auto const& field = plan->row->fields[*index];
        return cell{field.of.get(), after_.what.field(*index), field.name};
    };
    bool const single = std::ranges::count(to.columns, true, &sink_table::column::key) == 1;
    bool const elsewhere =
        settings_.keys == key_source::kafka || settings_.keys == key_source::record_header;
    for (std::size_t at = 0; at < to.columns.size(); ++at) {
        auto const& column = to.columns[at];
        if (made.removed && !column.key) {
            continue;
        }
        auto from = made.removed || (column.key && elsewhere) ? std::nullopt : in_row(at);
        if (!from && column.key) {
            from = key_cell(column.name, single);
        }
        if (!column.key && from &&
            !(plan != nullptr ? plan->written[at] : is_written(from->field))) {
            continue;
        }
        if (column.key && (!from || from->what.is_null())) {
            return data_problem(fmt::format("neither its key nor its row has column {} of the key "
                                            "of table {}",
                                            column.name, named(to)));
        }
        if (!from) { // what a new row does not have gets its default
            made.whole = made.whole && !row_.is_update;
            continue;
        }
        if (auto const put = value_for(to, at, *from, memory, made); !put) {
            return put.error();
        }
    }
    if (!made.whole && row_.is_new) {
        return data_problem(fmt::format(
            "a row of table {} that is to be made has values that were not sent with it: give the "
            "table REPLICA IDENTITY FULL at the source, or copy the row by hand",
            named(to)));
    }
    return {};
}

outcome<void> sink_records::value_for(sink_table const& to, std::size_t at, cell const& from,
                                      arena& memory, sink_values& made) {
    auto const& column = to.columns[at];
    auto const read = text_.of(from.of, from.what, column.type, out_);
    if (!read) {
        return problem{read.error().kind, fmt::format("column {} of table {}: {}", column.name,
                                                      named(to), read.error().what)};
    }
    if (*read == sink_cell::unsent && column.key) {
        return data_problem(
            fmt::format("column {} of the key of table {} was not sent", column.name, named(to)));
    }
    if (*read == sink_cell::unsent) {
        made.whole = false;
    } else if (*read == sink_cell::null) {
        made.columns[at].is = sink_field::state::null;
    } else {
        made.columns[at] = {sink_field::state::text, memory.keep(out_)};
    }
    return {};
}

} // namespace tandem::connect
