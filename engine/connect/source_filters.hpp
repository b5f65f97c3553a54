#pragma once
// Which tables a source captures: Debezium's include and exclude lists. Pure.
// https://debezium.io/documentation/reference/3.0/connectors/postgresql.html#postgresql-property-table-include-list

#include "engine/config/definitions.hpp"
#include "engine/connect/text_hash.hpp"
#include "engine/transform/java_regex.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::connect {

// Expressions that a whole name has to match, in any case; a comma between, a backslash before one that is none.
class name_patterns {
public:
    // Error: config.
    [[nodiscard]] static outcome<name_patterns> of(std::string_view list);

    [[nodiscard]] bool empty() const noexcept { return patterns_.empty(); }
    [[nodiscard]] bool match(std::string_view name) const;

private:
    std::vector<std::shared_ptr<java_regex const>> patterns_;
};

class table_filter {
public:
    // schema.include.list and the others. Error: config.
    [[nodiscard]] static outcome<table_filter> of(property_map const& config);

    // The server's own schemas are never captured.
    [[nodiscard]] bool takes(std::string_view schema, std::string_view table) const;
    // Its new rows are signals.
    [[nodiscard]] bool is_of_signals(std::string_view schema, std::string_view table) const;

private:
    name_patterns schemas_;
    name_patterns other_schemas_; // excluded ones
    name_patterns tables_;
    name_patterns other_tables_;
    std::string signals_; // signal.data.collection, which is captured always
};

// What becomes of a table's columns: left out, or their texts replaced.
class column_changes {
public:
    struct text_change {
        enum class kind : std::uint8_t { none, mask, truncate, hash };
        kind what = kind::none;
        std::size_t length = 0; // in characters; of a hash, 0: all of it
        std::optional<text_hash> hash;
    };

    // column.include.list, column.exclude.list, column.mask.with.N.chars, column.truncate.to.N.chars,
    // column.mask.hash.ALGORITHM.with.salt.SALT and column.mask.hash.v2.…. Error: config.
    [[nodiscard]] static outcome<column_changes> of(property_map const& config);

    // `column`: "SCHEMA.TABLE.COLUMN".
    [[nodiscard]] bool takes(std::string_view column) const;
    [[nodiscard]] text_change change_of(std::string_view column) const;

private:
    [[nodiscard]] outcome<void> add_hashes(property_map const& config);

    name_patterns included_;
    name_patterns excluded_;
    std::vector<std::pair<text_change, name_patterns>> texts_; // the first that matches
};

// Columns that make a table's key in place of its primary key's: message.key.columns.
class key_choices {
public:
    // TABLES:COLUMN,COLUMN;TABLES:COLUMN. Error: config.
    [[nodiscard]] static outcome<key_choices> of(std::string_view list);

    // `table`: "SCHEMA.TABLE". Null: none is said of it.
    [[nodiscard]] std::vector<std::string> const* of_table(std::string_view table) const;

private:
    std::vector<std::pair<name_patterns, std::vector<std::string>>>
        choices_; // the first that matches
};

// The text as that change leaves it; characters are Java's, so that one beyond 16 bits counts two, and is never cut in half.
[[nodiscard]] std::string changed_text(std::string_view text,
                                       column_changes::text_change const& how);

} // namespace tandem::connect
