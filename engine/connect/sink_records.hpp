#pragma once
// A sink's records as rows, by way of Connect's values: those with schema blocks, whose names say what a number counts,
// those that transformations change, and those of other converters than JsonConverter. Pure.

#include "codecs/connect/converter.hpp"
#include "engine/connect/sink_batch.hpp"
#include "engine/connect/sink_columns.hpp"
#include "engine/connect/sink_settings.hpp"
#include "engine/connect/sink_text.hpp"
#include "engine/connect/task_setup.hpp"
#include "engine/core/foreign_rows.hpp"
#include "engine/transform/chain.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

// As it came from a topic.
struct fetched_form {
    struct header {
        std::string_view name;
        std::optional<std::string_view> value;
    };
    std::string_view topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::optional<std::int64_t> timestamp_ms;
    std::optional<std::string_view> key;
    std::optional<std::string_view> value;
    std::span<header const> headers;
};

// Of which table, and what to do there. Lives until the next record is read.
struct sink_row {
    enum class kind : std::uint8_t { put, remove, truncate };
    kind what = kind::put;
    std::string_view topic;  // after the transformations
    std::string_view schema; // of the source block; empty: it has none
    std::string_view table;
    bool is_update = false; // what it does not have stays as it is
    bool is_new = false;    // it has to be whole
    bool is_tombstone = false;
};

class sink_records {
public:
    // `settings` outlive it. Errors: config.
    [[nodiscard]] static outcome<std::unique_ptr<sink_records>> of(task_setup const& setup,
                                                                   sink_settings const& settings);

    // Whether only this class reads the connector's records, whatever they look like.
    [[nodiscard]] bool changes() const noexcept { return changes_; }

    // Where read() or values_for() found an error, in Connect's words.
    [[nodiscard]] std::string_view stage() const noexcept { return stage_; }

    // Null: it is left out, or says nothing of a row. Errors: data, of what a converter or a transformation says.
    [[nodiscard]] outcome<sink_row const*> read(fetched_form const& record);
    // Whether the key or the value has a schema block.
    [[nodiscard]] bool has_schema(std::optional<std::string_view> key,
                                  std::optional<std::string_view> value) const noexcept;
    // What the row that was read last has for that table, by its columns, with texts in `memory`. Errors: data, of the
    // record; connect, of a field that the table has no column for.
    [[nodiscard]] outcome<void> values_for(sink_table const& to, arena& memory, sink_values& made);
    // Columns that the row that was read last needs and that table does not have, in the record's order; null: there is
    // no table. What they point to lives until the next record is read.
    [[nodiscard]] std::vector<wanted_column> missing_columns(sink_table const* to) const;

private:
    struct cell {
        schema const* of = nullptr; // null: it has none
        value what;
        std::string_view field = {}; // its name; empty: it is none
    };
    // A side of JSON may have a schema block or none, whatever the configuration says of it.
    struct side {
        std::unique_ptr<converter> other; // null: JSON
        json_reader with_schema{{true, true}};
        json_reader without{{false, true}};
        std::string room;

        [[nodiscard]] outcome<data> read(std::optional<std::string_view> bytes, arena& memory);
        [[nodiscard]] bool has_schema(std::optional<std::string_view> bytes) const noexcept;
    };
    // Where a table's columns are in rows of one schema of one topic. Made once: tables may be wide.
    struct row_plan {
        schema const* row = nullptr;
        schema_ptr owner; // of `row`, whose address nothing else takes
        std::uint64_t table = 0;
        std::string topic;
        std::vector<std::optional<std::size_t>>
            fields; // by the table's columns; none: there is none
        std::vector<bool> written;
        outcome<void> all_known; // of the row's fields
    };

    explicit sink_records(sink_settings const& settings)
        : settings_{settings}, text_{settings.values} {}
    [[nodiscard]] static std::optional<cell> find(cell const& in, std::string_view name);
    // By a column's name: the same, or as PostgreSQL would read it without quotes.
    [[nodiscard]] std::optional<cell> find_column(cell const& in, std::string_view column) const;
    [[nodiscard]] bool is_written(std::string_view field) const;
    [[nodiscard]] outcome<void> convert(fetched_form const& from);
    [[nodiscard]] bool read_envelope(cell const& envelope);
    [[nodiscard]] std::optional<cell> key_cell(std::string_view column, bool single) const;
    [[nodiscard]] std::optional<cell> place_cell(std::string_view column) const;
    void add_key_columns(std::vector<wanted_column>& into) const;
    [[nodiscard]] outcome<void> check_fields(sink_table const& to) const;
    [[nodiscard]] row_plan const& plan_for(sink_table const& to);
    [[nodiscard]] outcome<void> value_for(sink_table const& to, std::size_t at, cell const& from,
                                          arena& memory, sink_values& made);

    sink_settings const& settings_;
    bool changes_ = false;
    std::string_view stage_;
    transformation_chain chain_;
    side key_;
    side value_;
    std::unique_ptr<converter> header_;
    sink_text text_;
    record record_;
    cell after_;
    cell before_;
    sink_row row_;
    arena memory_; // of one record
    std::string out_;
    static constexpr std::size_t plans_most = 64;
    std::vector<row_plan> plans_; // the one used last first
};

} // namespace tandem::connect
