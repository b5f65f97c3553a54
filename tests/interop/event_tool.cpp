// Events of a recorded stream, for the tests that hold them against real Debezium.
//
// usage: event_tool KEY=VALUE... <MESSAGES >RECORDS
//   database=NAME  for source.db
//   types=FILE     of pg_type: oid, sort (base domain enum array), name, of, modifier, labels; tabs between
//   columns=FILE   the other way: records in, their values as PostgreSQL's text out; FILE has table, column, type,
//                  modifier, tabs between
//   keys=FILE      of primary keys: table, column, tabs between
//   facts=FILE     of columns: table, column, t when NOT NULL, its default's expression in hexadecimal, tabs between
//   schemas=true   with schema blocks
//   transactions=true  with transaction metadata
//   heartbeat=MS   a heartbeat of that time first
//   values=exact|debezium, decimals=, times=, binaries=, hstores=, intervals= as Debezium names their modes
// MESSAGES: eight bytes of position, four of length, a message of pgoutput, and so on.
// RECORDS: topic without its prefix, key, value, tabs between, a line each; "!" and the column instead of a value that has none,
// "-" instead of a tombstone's.
#include "codecs/base/big_endian.hpp"
#include "codecs/event/connect_schema.hpp"
#include "codecs/event/envelope.hpp"
#include "codecs/event/heartbeat_events.hpp"
#include "codecs/event/message_events.hpp"
#include "codecs/event/read_value.hpp"
#include "codecs/event/records.hpp"
#include "codecs/event/row_plan.hpp"
#include "codecs/event/transaction_events.hpp"
#include "codecs/pgoutput/decoder.hpp"
#include "codecs/values/bytes_text.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace tandem::event {
namespace {

using settings = std::map<std::string, std::string>;

std::vector<std::string> split(std::string const& line, char at) {
    std::vector<std::string> parts(1);
    for (char const each : line) {
        if (each == at) {
            parts.emplace_back();
        } else {
            parts.back().push_back(each);
        }
    }
    return parts;
}

type_table read_types(std::string const& path) {
    type_table types;
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        auto const parts = split(line, '\t');
        type_facts facts;
        facts.what = parts.at(1) == "domain"      ? type_facts::sort::domain
                     : parts.at(1) == "enum"      ? type_facts::sort::enumeration
                     : parts.at(1) == "array"     ? type_facts::sort::array
                     : parts.at(1) == "composite" ? type_facts::sort::composite
                                                  : type_facts::sort::base;
        facts.name = parts.at(2);
        facts.of = {static_cast<std::uint32_t>(std::stoul(parts.at(3)))};
        facts.modifier = std::stoi(parts.at(4));
        facts.labels = split(parts.at(5), ',');
        types.add({static_cast<std::uint32_t>(std::stoul(parts.at(0)))}, std::move(facts));
    }
    return types;
}

std::map<std::string, key_columns> read_keys(std::string const& path) {
    std::map<std::string, key_columns> keys;
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        auto const parts = split(line, '\t');
        keys[parts.at(0)].push_back(parts.at(1));
    }
    return keys;
}

using facts_by_column = std::map<std::string, column_facts>; // "table\tcolumn"

facts_by_column read_facts(std::string const& path) {
    facts_by_column facts;
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        auto const parts = split(line, '\t');
        auto const expression = values::parse_bytea("\\x" + parts.at(3));
        if (!expression) {
            throw std::runtime_error{expression.error().message()};
        }
        facts[parts.at(0) + '\t' + parts.at(1)] = {parts.at(2) == "t", *expression};
    }
    return facts;
}

template <class Mode>
void choose(settings const& given, std::string const& key, std::map<std::string, Mode> const& names,
            Mode& into) {
    if (auto const found = given.find(key); found != given.end()) {
        into = names.at(found->second);
    }
}

value_options options_of(settings const& given) {
    value_options made;
    choose(given, "decimals",
           {{"precise", decimal_mode::precise},
            {"string", decimal_mode::string},
            {"double", decimal_mode::double_}},
           made.decimals);
    choose(given, "times",
           {{"adaptive", time_mode::adaptive},
            {"adaptive_time_microseconds", time_mode::adaptive_time_microseconds},
            {"connect", time_mode::connect},
            {"microseconds", time_mode::microseconds},
            {"nanoseconds", time_mode::nanoseconds},
            {"isostring", time_mode::isostring}},
           made.times);
    choose(given, "binaries",
           {{"bytes", binary_mode::bytes},
            {"base64", binary_mode::base64},
            {"base64-url-safe", binary_mode::base64_url_safe},
            {"hex", binary_mode::hex}},
           made.binaries);
    choose(given, "hstores", {{"json", hstore_mode::json}, {"map", hstore_mode::map}},
           made.hstores);
    choose(given, "intervals",
           {{"numeric", interval_mode::numeric}, {"string", interval_mode::string}},
           made.intervals);
    return made;
}

class writer {
public:
    explicit writer(settings given)
        : given_{std::move(given)},
          types_{read_types(given_.at("types"))},
          keys_{read_keys(given_.at("keys"))},
          facts_{read_facts(given_.at("facts"))},
          options_{options_of(given_)},
          source_{"test", "p", given_.at("database"),
                  given_["values"] == "exact" ? value_form::exact : value_form::debezium},
          schemas_{given_["schemas"] == "true"},
          messages_{options_.binaries, schemas_},
          boundaries_{schemas_} {
        if (given_.contains("heartbeat")) {
            arena bytes;
            print("heartbeat",
                  heartbeat_events{source_, schemas_}.at(std::stoll(given_["heartbeat"]), bytes));
        }
    }

    void take(lsn position, std::string_view bytes) {
        auto const read = in_.next(bytes);
        if (!read) {
            throw std::runtime_error{read.error().message()};
        }
        if (auto const* const begun = std::get_if<pgoutput::begin>(&*read)) {
            transaction_.emplace(source_, begun->transaction, begun->commit_time, lsn{1});
            begin_ = *begun;
            counter_.clear();
            boundary(true, position);
        } else if (auto const* const ended = std::get_if<pgoutput::commit>(&*read)) {
            boundary(false, ended->end_lsn);
        } else if (auto const* const said = std::get_if<pgoutput::logical_message>(&*read)) {
            write(*said);
        } else if (auto const* const inserted = std::get_if<pgoutput::insert>(&*read)) {
            write({operation::create, {}, true, inserted->new_row, position});
        } else if (auto const* const updated = std::get_if<pgoutput::update>(&*read)) {
            write({operation::update, updated->old_row,
                   updated->old_kind == pgoutput::old_row_kind::key, updated->new_row, position});
        } else if (auto const* const removed = std::get_if<pgoutput::remove>(&*read)) {
            write({operation::remove,
                   removed->old_row,
                   removed->old_kind == pgoutput::old_row_kind::key,
                   {},
                   position});
        }
    }

private:
    [[nodiscard]] transaction_counter* counter() {
        return given_["transactions"] == "true" ? &counter_ : nullptr;
    }

    static void print(std::string_view topic, record const& each) {
        std::cout << topic << '\t' << each.key.value_or("-") << '\t' << each.value.value_or("-")
                  << '\n';
    }

    void boundary(bool begun, lsn position) {
        if (counter() == nullptr) {
            return;
        }
        arena bytes;
        print("transaction",
              begun ? boundaries_.begin(begin_.transaction, position, begin_.commit_time, bytes)
                    : boundaries_.end(begin_.transaction, position, begin_.commit_time, counter_,
                                      bytes));
    }

    void write(pgoutput::logical_message const& said) {
        event_order const order = counter() != nullptr && said.transactional
                                      ? counter_.count(message_events::collection)
                                      : event_order{};
        arena bytes;
        print("message", messages_.of(said,
                                      said.transactional ? *transaction_
                                                         : transaction_part::outside(
                                                               source_, pg_time{}, said.position),
                                      order, event_time{0}, bytes));
    }

    void write(relation_events::change made) {
        auto const& shape = *in_.shape();
        bool const exact = source_.values == value_form::exact;
        auto const known = keys_.find(shape.name);
        key_columns const key = known == keys_.end() ? key_columns{} : known->second;
        std::vector<column_facts> facts;
        for (auto const& column : shape.columns) {
            facts.push_back(facts_.at(shape.name + '\t' + column.name));
        }
        record_schemas schemas;
        if (schemas_) {
            schema_source const from{
                shape, types_, options_, facts, "p." + shape.schema + '.' + shape.name, key};
            schemas = {key_schema(from), envelope_schema(from)};
        }
        relation_events const relation{shape,
                                       exact ? exact_plan(shape, key)
                                             : debezium_plan(shape, types_, options_, key, facts),
                                       std::move(schemas)};
        arena bytes;
        auto const records =
            records_of(relation, made, *transaction_, event_time{0}, {}, bytes, counter());
        std::string const topic = shape.schema + '.' + shape.name;
        if (!records) {
            std::cout << topic << "\t!\t!" << records.error().offset << '\n';
            return;
        }
        for (record const& each : records->all()) {
            print(topic, each);
        }
    }

    settings given_;
    type_table types_;
    std::map<std::string, key_columns> keys_; // by table
    facts_by_column facts_;
    value_options options_;
    event_source const source_;
    bool const schemas_;
    message_events const messages_;
    transaction_events const boundaries_;
    pgoutput::decoder in_;
    pgoutput::begin begin_;
    transaction_counter counter_;
    std::optional<transaction_part> transaction_;
};

// --- back

// Columns of the tables that records go to: table, column, type, modifier.
std::map<std::string, resolved_type> read_columns(std::string const& path,
                                                  type_table const& types) {
    std::map<std::string, resolved_type> columns;
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        auto const parts = split(line, '\t');
        columns[parts.at(0) + '\t' + parts.at(1)] = resolve(
            {static_cast<std::uint32_t>(std::stoul(parts.at(2)))}, std::stoi(parts.at(3)), types);
    }
    return columns;
}

std::string hex(std::string_view bytes) {
    return values::bytea_text(bytes).substr(2);
}

// A line for each column of `after`: the record's number, table, column, and the text in hexadecimal, "null", or "!"
// and why it has none.
void read_back(settings const& given) {
    type_table const types = read_types(given.at("types"));
    auto const columns = read_columns(given.at("columns"), types);
    value_options const options = options_of(given);
    record_form const form{true, given.contains("schemas") && given.at("schemas") == "true"};
    bool const exact = given.contains("values") && given.at("values") == "exact";
    event_decoder decoder;
    std::size_t number = 0;
    for (std::string line; std::getline(std::cin, line); ++number) {
        std::size_t const size = line.size();
        line.append(record_padding, '\0');
        field_names names;
        event_view event;
        arena strings;
        auto const read = decoder.value({line.data(), size}, form, names, event, strings);
        if (!read) {
            std::cout << number << "\t\t\t!" << read.error().message() << '\n';
            continue;
        }
        for (std::size_t index = 0; index < event.after.size(); ++index) {
            field_value const& value = event.after[index];
            std::string const table{event.source.table};
            std::cout << number << '\t' << table << '\t' << names[index] << '\t';
            std::string text;
            if (value.kind == field_kind::null) {
                std::cout << "null\n";
            } else if (exact) {
                auto const taken = exact_text(value);
                std::cout << (taken ? hex(*taken) : "!" + taken.error().message()) << '\n';
            } else {
                auto const taken =
                    debezium_text(value, columns.at(table + '\t' + names[index]), options, text);
                std::cout << (taken ? hex(text) : "!" + taken.error().message()) << '\n';
            }
        }
    }
}

} // namespace
} // namespace tandem::event

int main(int count, char** arguments) {
    using namespace tandem;
    std::map<std::string, std::string> given;
    for (int index = 1; index < count; ++index) {
        std::string const argument = arguments[index];
        auto const at = argument.find('=');
        given[argument.substr(0, at)] = argument.substr(at + 1);
    }
    if (given.contains("columns")) {
        event::read_back(given);
        return 0;
    }
    std::string const input{std::istreambuf_iterator<char>{std::cin},
                            std::istreambuf_iterator<char>{}};
    event::writer into{std::move(given)};
    for (std::string_view left = input; !left.empty();) {
        lsn const position{load_big_endian<std::uint64_t>(left.data())};
        std::uint32_t const size = load_big_endian<std::uint32_t>(left.data() + 8);
        into.take(position, left.substr(12, size));
        left.remove_prefix(12 + size);
    }
    return 0;
}
