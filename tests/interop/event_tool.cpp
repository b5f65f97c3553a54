// Events of a recorded stream, for the tests that hold them against real Debezium.
//
// usage: event_tool KEY=VALUE... <MESSAGES >RECORDS
//   database=NAME  for source.db
//   types=FILE     of pg_type: oid, sort (base domain enum array), name, of, modifier, labels; tabs between
//   columns=FILE   the other way, see below; FILE has table, column, type, modifier, tabs between
//   plain=true     the other way: records are rows without envelope
//   keys=FILE      of primary keys: table, column, tabs between
//   facts=FILE     of columns: table, column, t when NOT NULL, its default's expression in hexadecimal, tabs between
//   schemas=true   with schema blocks
//   transactions=true  with transaction metadata
//   truncates=true     with truncates
//   heartbeat=MS   a heartbeat of that time first
//   values=exact|debezium, decimals=, times=, binaries=, hstores=, intervals= as Debezium names their modes
// MESSAGES: eight bytes of position, four of length, a message of pgoutput, and so on.
// RECORDS: topic without its prefix, key, value, tabs between, a line each; "!" and the column instead of a value that has none,
// "-" instead of a tombstone's.
// The other way: topic, key, value in, "-" for none. Out come lines: number of the record, part, name, text, tabs between. A text
// is in hexadecimal, "null", or "!" and why there is none. Parts are record, source, transaction, message, boundary, collection,
// and the columns of before, after and key.
#include "codecs/base/big_endian.hpp"
#include "codecs/event/connect_schema.hpp"
#include "codecs/event/envelope.hpp"
#include "codecs/event/heartbeat_events.hpp"
#include "codecs/event/message_events.hpp"
#include "codecs/event/records.hpp"
#include "codecs/event/row_plan.hpp"
#include "codecs/event/transaction_events.hpp"
#include "codecs/pgoutput/decoder.hpp"
#include "codecs/values/bytes_text.hpp"
#include "tests/interop/tool_input.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace tandem::event {
namespace {

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
          schemas_{is_set(given_, "schemas")},
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
        } else if (auto const* const from = std::get_if<pgoutput::origin>(&*read)) {
            transaction_.emplace(source_, begin_.transaction, begin_.commit_time, lsn{1},
                                 from->name, from->origin_lsn);
        } else if (auto const* const ended = std::get_if<pgoutput::commit>(&*read)) {
            boundary(false, ended->end_lsn);
        } else if (auto const* const said = std::get_if<pgoutput::logical_message>(&*read)) {
            write(*said);
        } else if (auto const* const inserted = std::get_if<pgoutput::insert>(&*read)) {
            write(*in_.shape(), {operation::create, {}, true, inserted->new_row, position});
        } else if (auto const* const updated = std::get_if<pgoutput::update>(&*read)) {
            write(*in_.shape(),
                  {operation::update, updated->old_row,
                   updated->old_kind == pgoutput::old_row_kind::key, updated->new_row, position});
        } else if (auto const* const removed = std::get_if<pgoutput::remove>(&*read)) {
            write(*in_.shape(), {operation::remove,
                                 removed->old_row,
                                 removed->old_kind == pgoutput::old_row_kind::key,
                                 {},
                                 position});
        } else if (auto const* const emptied = std::get_if<pgoutput::truncate>(&*read)) {
            write(*emptied, position);
        }
    }

private:
    [[nodiscard]] transaction_counter* counter() {
        return is_set(given_, "transactions") ? &counter_ : nullptr;
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

    // Of every table by itself.
    void write(pgoutput::truncate const& emptied, lsn position) {
        for (std::uint32_t index = 0; index < emptied.relation_count; ++index) {
            write(**in_.find(emptied.relation_id(index)),
                  {operation::truncate, {}, true, {}, position});
        }
    }

    void write(pgoutput::relation_shape const& shape, relation_events::change made) {
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
        relation_events const relation{
            shape,
            exact ? exact_plan(shape, key) : debezium_plan(shape, types_, options_, key, facts),
            std::move(schemas),
            exact ? key_order{} : debezium_key_order(shape, types_, options_, key, facts)};
        arena bytes;
        auto const records = records_of(relation, made, *transaction_, event_time{0},
                                        {true, !is_set(given_, "truncates")}, bytes, counter());
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

void write_events(settings given) {
    std::string const input{std::istreambuf_iterator<char>{std::cin},
                            std::istreambuf_iterator<char>{}};
    constexpr std::size_t head = 12;
    writer into{std::move(given)};
    for (std::string_view left = input; !left.empty();) {
        std::uint32_t const size =
            left.size() < head ? 0 : load_big_endian<std::uint32_t>(left.data() + 8);
        if (left.size() < head || left.size() - head < size) {
            throw std::runtime_error{"the messages end inside one of them"};
        }
        into.take({load_big_endian<std::uint64_t>(left.data())}, left.substr(head, size));
        left.remove_prefix(head + size);
    }
}

} // namespace
} // namespace tandem::event

int main(int count, char** arguments) {
    using namespace tandem;
    try {
        auto given = event::read_settings({arguments + 1, arguments + count});
        if (given.contains("columns")) {
            event::read_records(given);
        } else {
            event::write_events(std::move(given));
        }
    } catch (std::logic_error const& wrong) { // of an argument, or of a file that one names
        std::cerr
            << "event_tool: " << wrong.what()
            << "\nusage: event_tool KEY=VALUE... <MESSAGES >RECORDS, see the head of its source\n";
        return 2;
    } catch (std::exception const& failed) {
        std::cerr << "event_tool: " << failed.what() << '\n';
        return 1;
    }
    return 0;
}
