#pragma once
// What a sink has read and not written yet: the changes of each table, as few statements as they can be. Pure.

#include "engine/connect/sink_settings.hpp"
#include "engine/core/change.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

// A table of the target, as statements name it.
struct sink_table {
    struct column {
        std::string name;
        std::string type_name; // format_type(type, -1): of any length
        bool key = false;
        bool generated = false;       // the target computes it
        bool identity_always = false; // of its own numbers
    };
    std::string schema;
    std::string name;
    std::vector<column> columns;

    [[nodiscard]] column const* find(std::string_view column_name) const;
};

// Of a row by its table's columns; none: not there, which is not null.
struct sink_values {
    bool removed = false;
    bool whole = true; // it has all that a new row needs
    std::vector<std::optional<std::optional<std::string>>> columns;
};

// One statement; each parameter is an array of texts, in PostgreSQL's form.
struct sink_statement {
    std::string sql;
    std::vector<std::string> arrays;
    std::size_t rows = 0;
};

class sink_batch {
public:
    explicit sink_batch(insert_mode mode) : mode_{mode} {}

    // `of`: lives until clear(). The change's rows are copied. Truncates are none of it.
    void add(sink_table const& of, engine::change const& what);
    void add(sink_table const& of, sink_values made);

    [[nodiscard]] bool empty() const noexcept { return changes_ == 0; }
    [[nodiscard]] std::size_t changes() const noexcept { return changes_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    // In the order in which they have to be carried out.
    [[nodiscard]] std::vector<sink_statement> statements() const;
    void clear();

private:
    struct pending {
        sink_table const* of = nullptr;
        std::map<std::vector<std::string>, std::size_t> by_key; // upsert: of rows
        std::vector<sink_values> rows;
    };

    [[nodiscard]] pending& pending_of(sink_table const& of);
    void add_statements(pending const& of, std::vector<sink_statement>& into) const;

    insert_mode mode_;
    std::vector<pending> tables_;
    std::size_t changes_ = 0;
    std::size_t bytes_ = 0;
};

} // namespace tandem::connect
