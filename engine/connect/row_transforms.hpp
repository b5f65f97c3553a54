#pragma once
// Kafka Connect's transformations on the way of `tandem run` ([[transform]] in its configuration file): a change becomes
// the record that Debezium's connector would make of it, goes through the chain, and becomes a change again. Pure.
//
// Values that the chain leaves as they are keep their own bytes, whatever their form in a record. A change stays what it
// is: its operation, its table and its key.

#include "codecs/connect/json_reader.hpp"
#include "codecs/event/value_kind.hpp"
#include "engine/config/options.hpp"
#include "engine/connect/sink_text.hpp"
#include "engine/connect/source_records.hpp"
#include "engine/core/change.hpp"
#include "engine/transform/chain.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::connect {

// Whether the entries are ones that `tandem run` can carry out. Throws engine::config_error with place, cause and cure.
void check_row_transforms(engine::options const& set);

// These of them, and all predicates, as a connector's configuration has them.
[[nodiscard]] property_map row_chain_config(
    engine::row_transform_entries const& all,
    std::vector<engine::transform_entry const*> const& chosen);

// What a source's catalog says of its synced tables, as it is when a stream starts.
struct synced_catalog {
    event::type_table types;
    std::map<std::pair<std::string, std::string>, table_facts> tables; // by schema and name
};

// One per start of a stream.
class row_transforms {
public:
    // `of`: those of this node, checked. `database`: for the records' `source`.
    row_transforms(engine::row_transform_entries const& of, std::string const& node,
                   std::string const& database, synced_catalog catalog);
    row_transforms(row_transforms const&) = delete;
    row_transforms& operator=(row_transforms const&) = delete;

    enum class verdict : std::uint8_t { as_it_is, changed, left_out };
    struct result {
        verdict what = verdict::as_it_is;
        engine::change
            made; // changed: its rows live until the next call, and so does what `oversized` points to
        pgoutput::relation_ptr shape;
    };
    // A change that the chain refuses comes back without its values, with `oversized` and why. A table without
    // transformations costs one look.
    [[nodiscard]] result apply(engine::transaction_header const& of, engine::change const& from,
                               pgoutput::relation_ptr const& shape);

private:
    struct table {
        pgoutput::relation_ptr shape;              // keeps its address taken
        std::optional<transformation_chain> chain; // none: nothing is done
        source_table records;
        std::vector<bool> key; // by column
        std::vector<bool> not_null;
        std::vector<event::resolved_type> types;
        std::map<std::string, pgoutput::relation_ptr>
            shapes; // by the names of the columns that are left
    };
    // What a record's value was, and what the chain left of it.
    struct passed {
        data was;
        data is;
    };

    [[nodiscard]] table& table_of(pgoutput::relation_ptr const& shape);
    [[nodiscard]] outcome<result> through(table& of, engine::change const& from);
    [[nodiscard]] engine::change without_odd_values(table const& of, engine::change from);
    // None: left out.
    [[nodiscard]] outcome<std::optional<passed>> run(table& of, source_record const& encoded);
    [[nodiscard]] outcome<result> rebuilt(table& of, engine::change const& from, passed const& by);
    [[nodiscard]] outcome<std::vector<std::string>> write_row(table const& of,
                                                              pgoutput::tuple_view from,
                                                              value const& was, value const& is);
    [[nodiscard]] outcome<void> write_value(schema const& of, value const& what,
                                            event::resolved_type const& column,
                                            pgoutput::column_view otherwise);
    [[nodiscard]] static pgoutput::relation_ptr shape_for(table& of,
                                                          std::vector<std::string> const& names);
    void reduce_old_row(table const& of, pgoutput::relation_shape const& as, engine::change& made);
    [[nodiscard]] result refused(table const& of, engine::change const& from, std::string why);

    engine::row_transform_entries entries_;
    std::string node_;
    source_settings settings_;
    synced_catalog catalog_;
    source_records records_;
    json_reader keys_{{true, false}};
    json_reader values_{{true, false}};
    sink_text texts_;
    boost::unordered_flat_map<pgoutput::relation_shape const*, std::unique_ptr<table>> tables_;
    lsn begun_; // of the transaction that records_ is in
    std::optional<event::event_time> now_;
    std::string key_room_;
    std::string value_room_;
    std::string tuple_;
    std::string text_;
    engine::oversized note_;
    arena encoded_;
    arena memory_; // of one change
};

} // namespace tandem::connect
