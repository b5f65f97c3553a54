#include "codecs/event/stream_notes.hpp"

#include "codecs/event/json_text.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace tandem::event {
namespace {

namespace json = simdjson::dom; // notes are few

constexpr std::size_t columns_most = 1'664;  // of PostgreSQL's rows
constexpr std::size_t topic_name_most = 249; // of Kafka's

// --- writing

void append_quoted(std::string& out, std::string_view text) {
    std::string room(text.size() * escaped_most + 2 + slack, '\0');
    out.append(room.data(), append_string(room.data(), text));
}

// --- reading; the first error sticks

class note_reader {
public:
    [[nodiscard]] event_errc error() const noexcept { return error_; }

    static bool has(json::object const& from, char const* name) {
        return from.at_key(name).error() == simdjson::SUCCESS;
    }
    template <class T>
    T get(json::object const& from, char const* name) {
        json::element found;
        if (from.at_key(name).get(found) != simdjson::SUCCESS) {
            fail(event_errc::missing_field);
            return {};
        }
        return value<T>(found);
    }
    template <class T>
    T get(json::array const& from, std::size_t at) {
        json::element found;
        if (from.at(at).get(found) != simdjson::SUCCESS) {
            fail(event_errc::missing_field);
            return {};
        }
        return value<T>(found);
    }
    template <class T>
    T value(json::element const& from) {
        T read{};
        auto const code = from.get(read);
        if (code != simdjson::SUCCESS) {
            fail(code == simdjson::NUMBER_OUT_OF_RANGE ? event_errc::bad_number
                                                       : event_errc::wrong_type);
        }
        return read;
    }
    template <class T, class From, class Place>
    T whole(From const& from, Place at) {
        auto const number = get<std::int64_t>(from, at);
        if (!std::in_range<T>(number)) {
            fail(event_errc::bad_number);
            return {};
        }
        return static_cast<T>(number);
    }
    // The elements of a list, until one is wrong. A list of simdjson that was not read is none to look into.
    template <class Take>
    void each(json::object const& from, char const* name, Take take) {
        auto const all = get<json::array>(from, name);
        if (error_ != event_errc::ok) {
            return;
        }
        for (json::element const one : all) {
            take(one);
            if (error_ != event_errc::ok) {
                return;
            }
        }
    }
    std::string text(json::object const& from, char const* name) {
        return std::string{get<std::string_view>(from, name)};
    }
    lsn position(json::object const& from, char const* name) {
        auto const read = lsn::parse(get<std::string_view>(from, name));
        expect(read.has_value(), event_errc::bad_number);
        return read.value_or(lsn{});
    }
    void expect(bool met, event_errc otherwise) {
        if (!met) {
            fail(otherwise);
        }
    }

private:
    void fail(event_errc code) noexcept { error_ = error_ == event_errc::ok ? code : error_; }

    event_errc error_ = event_errc::ok;
};

start_note read_start(note_reader& read, json::object const& from) {
    start_note note;
    note.run = read.text(from, "run");
    note.system_id = read.text(from, "system");
    note.timeline = read.whole<int>(from, "timeline");
    read.each(from, "tokens", [&](json::element const& token) {
        note.tokens.emplace_back(read.value<std::string_view>(token));
    });
    note.confirmed = read.position(from, "confirmed");
    note.wal_end = read.position(from, "wal_end");
    if (read.has(from, "began")) {
        note.began = read.position(from, "began");
    }
    if (read.has(from, "policy")) {
        note.policy = read.text(from, "policy");
    }
    if (read.has(from, "database")) {
        note.database = read.text(from, "database");
        note.database_oid = read.whole<std::uint32_t>(from, "database_oid");
    }
    if (read.has(from, "answers")) {
        note.answers = read.text(from, "answers");
    }
    if (read.has(from, "rows")) {
        read.each(from, "rows", [&](json::element const& each) {
            auto const one = read.value<json::array>(each);
            if (read.error() != event_errc::ok) {
                return;
            }
            row_partition made;
            made.topic = std::string{read.get<std::string_view>(one, std::size_t{0})};
            made.partition = read.whole<std::int32_t>(one, std::size_t{1});
            made.offset = read.get<std::int64_t>(one, std::size_t{2});
            read.expect(!made.topic.empty(), event_errc::missing_field);
            read.expect(made.topic.size() <= topic_name_most, event_errc::bad_number);
            read.expect(made.partition >= 0 && made.offset >= 0, event_errc::bad_number);
            note.rows.push_back(std::move(made));
        });
    }
    read.expect(!note.run.empty() && !note.tokens.empty(), event_errc::missing_field);
    return note;
}

// An end is an array: the partition's number, and both parts of a position.
index_note read_index(note_reader& read, json::object const& from) {
    index_note note;
    read.each(from, "rows", [&](json::element const& each) {
        auto const one = read.value<json::array>(each);
        if (read.error() != event_errc::ok) {
            return;
        }
        index_note::end made;
        made.partition = read.whole<std::uint32_t>(one, std::size_t{0});
        auto const at = lsn::parse(read.get<std::string_view>(one, std::size_t{1}));
        made.last = {at.value_or(lsn{}), read.whole<std::uint64_t>(one, std::size_t{2})};
        read.expect(at.has_value(), event_errc::bad_number);
        note.ends.push_back(made);
    });
    read.expect(!note.ends.empty(), event_errc::missing_field);
    return note;
}

// A column is an array: name, type's oid, its modifier, whether it is in the replica identity.
relation_note read_relation(note_reader& read, json::object const& from) {
    relation_note note;
    note.shape.schema = read.text(from, "schema");
    note.shape.name = read.text(from, "table");
    auto const identity = read.get<std::string_view>(from, "identity");
    bool const known = identity.size() == 1 &&
                       std::string_view{"dnfi"}.find(identity[0]) != std::string_view::npos;
    read.expect(known, event_errc::wrong_type);
    note.shape.replica_identity = known ? identity[0] : 'd';
    read.each(from, "columns", [&](json::element const& each) {
        auto const column = read.value<json::array>(each);
        read.expect(note.shape.columns.size() < columns_most, event_errc::too_many_fields);
        if (read.error() != event_errc::ok) {
            return;
        }
        pgoutput::column_shape made;
        made.name = std::string{read.get<std::string_view>(column, std::size_t{0})};
        made.type = oid{read.whole<std::uint32_t>(column, std::size_t{1})};
        made.type_modifier = read.whole<std::int32_t>(column, std::size_t{2});
        made.key = read.get<bool>(column, std::size_t{3});
        note.shape.columns.push_back(std::move(made));
    });
    read.expect(!note.shape.name.empty(), event_errc::missing_field);
    return note;
}

// A column is an array: name, its text or null.
oversize_note::identity read_identity(note_reader& read, json::object const& from,
                                      char const* name) {
    oversize_note::identity made;
    read.each(from, name, [&](json::element const& each) {
        auto const column = read.value<json::array>(each);
        read.expect(made.size() < columns_most, event_errc::too_many_fields);
        if (read.error() != event_errc::ok) {
            return;
        }
        std::string named{read.get<std::string_view>(column, std::size_t{0})};
        auto const text = read.get<json::element>(column, std::size_t{1});
        if (read.error() != event_errc::ok) {
            return;
        }
        made.emplace_back(std::move(named),
                          text.is_null()
                              ? std::optional<std::string>{}
                              : std::optional{std::string{read.value<std::string_view>(text)}});
    });
    return made;
}

commit_note read_commit(note_reader& read, json::object const& from) {
    xid const transaction{read.whole<std::uint32_t>(from, "txId")};
    auto const time_us = read.get<std::int64_t>(from, "ts_us");
    read.expect(time_us > 0, event_errc::bad_number);
    return {transaction, pg_time::from_unix_us(std::max(time_us, std::int64_t{0}))};
}

truncate_note read_truncate(note_reader& read, json::object const& from) {
    auto const [transaction, commit_time] = read_commit(read, from);
    truncate_note note{transaction, commit_time, {}};
    read.each(from, "tables", [&](json::element const& each) {
        auto const table = read.value<json::array>(each);
        if (read.error() != event_errc::ok) {
            return;
        }
        std::string schema{read.get<std::string_view>(table, std::size_t{0})};
        note.tables.emplace_back(std::move(schema),
                                 read.get<std::string_view>(table, std::size_t{1}));
    });
    read.expect(!note.tables.empty(), event_errc::missing_field);
    return note;
}

oversize_note read_oversize(note_reader& read, json::object const& from) {
    oversize_note note;
    auto const [transaction, commit_time] = read_commit(read, from);
    note.transaction = transaction;
    note.commit_time = commit_time;
    note.schema = read.text(from, "schema");
    note.table = read.text(from, "table");
    auto const op = read.get<std::string_view>(from, "op");
    bool const known =
        op.size() == 1 && std::string_view{"cud"}.find(op[0]) != std::string_view::npos;
    read.expect(known, event_errc::unknown_operation);
    note.op = known ? static_cast<operation>(op[0]) : operation::create;
    note.bytes = read.whole<std::uint64_t>(from, "bytes");
    note.limit = read.whole<std::uint64_t>(from, "limit");
    note.key = read_identity(read, from, "key");
    json::element moved;
    if (from.at_key("moved_to").get(moved) == simdjson::SUCCESS) {
        note.moved_to = read_identity(read, from, "moved_to");
    }
    json::element why;
    if (from.at_key("why").get(why) == simdjson::SUCCESS) {
        note.why = read.value<std::string_view>(why);
    }
    read.expect(!note.table.empty(), event_errc::missing_field);
    return note;
}

void append_identity(std::string& out, oversize_note::identity const& columns) {
    char const* between = "[";
    out += '[';
    for (auto const& [name, text] : columns) {
        if (text && !simdjson::validate_utf8(*text)) { // of a database without an encoding
            continue;
        }
        out += std::exchange(between, ",[");
        append_quoted(out, name);
        out += ',';
        if (text) {
            append_quoted(out, *text);
        } else {
            out += "null";
        }
        out += ']';
    }
    out += ']';
}

} // namespace

std::string_view encode_note(start_note const& note, arena& into) {
    std::string out = R"({"note":"start","run":)";
    append_quoted(out, note.run);
    out += R"(,"system":)";
    append_quoted(out, note.system_id);
    out += fmt::format(R"(,"timeline":{},"tokens":[)", note.timeline);
    for (std::string const& token : note.tokens) {
        out += &token == &note.tokens.front() ? "" : ",";
        append_quoted(out, token);
    }
    out += fmt::format(R"(],"confirmed":"{}","wal_end":"{}")", to_string(note.confirmed),
                       to_string(note.wal_end));
    if (note.began) {
        out += fmt::format(R"(,"began":"{}")", to_string(note.began));
    }
    if (!note.policy.empty()) {
        out += R"(,"policy":)";
        append_quoted(out, note.policy);
    }
    if (!note.database.empty()) {
        out += R"(,"database":)";
        append_quoted(out, note.database);
        out += fmt::format(R"(,"database_oid":{})", note.database_oid);
    }
    if (!note.answers.empty()) {
        out += R"(,"answers":)";
        append_quoted(out, note.answers);
    }
    if (!note.rows.empty()) {
        char const* between = R"(,"rows":[)";
        for (auto const& one : note.rows) {
            out += std::exchange(between, ",");
            out += '[';
            append_quoted(out, one.topic);
            out += fmt::format(",{},{}]", one.partition, one.offset);
        }
        out += ']';
    }
    return into.keep(out + "}");
}

std::string_view encode_note(pgoutput::relation_shape const& shape, arena& into) {
    std::string out = R"({"note":"relation","schema":)";
    append_quoted(out, shape.schema);
    out += R"(,"table":)";
    append_quoted(out, shape.name);
    out += fmt::format(R"(,"identity":"{}","columns":[)", shape.replica_identity);
    for (auto const& column : shape.columns) {
        out += &column == &shape.columns.front() ? "[" : ",[";
        append_quoted(out, column.name);
        out += fmt::format(",{},{},{}]", column.type.value, column.type_modifier, column.key);
    }
    return into.keep(out + "]}");
}

std::string_view encode_note(truncate_note const& note, arena& into) {
    std::string out = fmt::format(R"({{"note":"truncate","txId":{},"ts_us":{},"tables":[)",
                                  note.transaction.value, note.commit_time.unix_us());
    for (auto const& [schema, table] : note.tables) {
        out += &schema == &note.tables.front().first ? "[" : ",[";
        append_quoted(out, schema);
        out += ',';
        append_quoted(out, table);
        out += ']';
    }
    return into.keep(out + "]}");
}

std::string_view encode_note(commit_note const& note, arena& into) {
    return into.keep(fmt::format(R"({{"note":"commit","txId":{},"ts_us":{}}})",
                                 note.transaction.value, note.commit_time.unix_us()));
}

std::string_view encode_note(oversize_note const& note, arena& into) {
    std::string out = fmt::format(R"({{"note":"oversize","txId":{},"ts_us":{},"schema":)",
                                  note.transaction.value, note.commit_time.unix_us());
    append_quoted(out, note.schema);
    out += R"(,"table":)";
    append_quoted(out, note.table);
    out += fmt::format(R"(,"op":"{}","bytes":{},"limit":{},"key":)", static_cast<char>(note.op),
                       note.bytes, note.limit);
    append_identity(out, note.key);
    if (note.moved_to) {
        out += R"(,"moved_to":)";
        append_identity(out, *note.moved_to);
    }
    if (!note.why.empty()) {
        out += R"(,"why":)";
        append_quoted(out, simdjson::validate_utf8(note.why) ? std::string_view{note.why} : "?");
    }
    return into.keep(out + "}");
}

std::string_view encode_note(index_note const& note, arena& into) {
    std::string out = R"({"note":"index","rows":)";
    char between = '[';
    for (auto const& one : note.ends) {
        out += std::exchange(between, ',');
        out +=
            fmt::format(R"([{},"{}",{}])", one.partition, to_string(one.last.at), one.last.index);
    }
    return into.keep(out + "]}");
}

std::string_view encode_note(ddl_note const& note, arena& into) {
    std::string out = fmt::format(R"({{"note":"ddl","txId":{},"ts_us":{},"told":)",
                                  note.transaction.value, note.commit_time.unix_us());
    append_quoted(out, note.told);
    return into.keep(out + "}");
}

event_result<stream_note> decode_note(std::string_view text) {
    json::parser parser;
    json::element document;
    auto const parsed = parser.parse(text.data(), text.size()).get(document);
    if (parsed != simdjson::SUCCESS) {
        return event_error{
            parsed == simdjson::UTF8_ERROR ? event_errc::bad_utf8 : event_errc::not_json, 0};
    }
    json::object fields;
    if (document.get(fields) != simdjson::SUCCESS) {
        return event_error{event_errc::not_an_object, 0};
    }
    note_reader read;
    auto const kind = read.get<std::string_view>(fields, "note");
    stream_note note;
    if (kind == "start") {
        note = read_start(read, fields);
    } else if (kind == "relation") {
        note = read_relation(read, fields);
    } else if (kind == "truncate") {
        note = read_truncate(read, fields);
    } else if (kind == "commit") {
        note = read_commit(read, fields);
    } else if (kind == "oversize") {
        note = read_oversize(read, fields);
    } else if (kind == "index") {
        note = read_index(read, fields);
    } else if (kind == "ddl") {
        auto const [transaction, commit_time] = read_commit(read, fields);
        note = ddl_note{transaction, commit_time, read.text(fields, "told")};
    } else {
        read.expect(false, event_errc::unknown_operation);
    }
    if (read.error() != event_errc::ok) {
        return event_error{read.error(), 0};
    }
    return note;
}

} // namespace tandem::event
