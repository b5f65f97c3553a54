#pragma once
// What a sink has read and not written yet: the changes of each table, as few statements as they can be. Pure.

#include "codecs/base/arena.hpp"
#include "codecs/event/value_kind.hpp"
#include "engine/connect/sink_settings.hpp"
#include "engine/core/change.hpp"
#include "engine/core/insert_trust.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
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
        event::resolved_type type{};
    };
    std::string schema;
    std::string name;
    std::vector<column> columns;
    std::uint64_t number = 0; // its own among those that a task ever knew

    [[nodiscard]] column const* find(std::string_view column_name) const;
};

struct sink_field {
    enum class state : std::uint8_t { absent, null, text }; // what is not there is not null
    state is = state::absent;
    std::string_view text; // PostgreSQL's

    [[nodiscard]] bool there() const noexcept { return is != state::absent; }
};

// Of a row by its table's columns.
struct sink_values {
    bool removed = false;
    bool whole = true;      // it has all that a new row needs
    bool is_update = false; // of a row that was there, as its record says
    std::vector<sink_field> columns;
};

// One statement. Each parameter is an array of texts, in PostgreSQL's form; of a COPY there are none, but its data.
struct sink_statement {
    std::string sql;
    std::vector<std::string> arrays;
    std::string copied;
    bool is_copy = false;
    std::string table; // of a COPY, as insert_trust has it
    std::size_t rows = 0;
};

class sink_batch {
public:
    explicit sink_batch(insert_mode mode) : mode_{mode} {}

    // `of`: lives until clear(), and so do texts, which are kept in memory(). Truncates are none of it.
    void add(sink_table const& of, engine::change const& what);
    void add(sink_table const& of, sink_values const& made);
    // Carried out behind all that was added; nothing may be added then.
    void end_with(std::string sql) { last_ = std::move(sql); }

    [[nodiscard]] bool empty() const noexcept { return changes_ == 0 && last_.empty(); }
    [[nodiscard]] std::size_t changes() const noexcept { return changes_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] arena& memory() noexcept { return memory_; }
    // In the order in which they have to be carried out. `trust`: rows that may be new go by COPY where it allows that,
    // which fails when one of them is there; then all of it is to be asked for again. Null: none do.
    [[nodiscard]] std::vector<sink_statement> statements(engine::insert_trust* trust) const;
    void clear();

private:
    // Of one table. `cells` has a row's fields one behind the other.
    struct pending {
        sink_table const* of = nullptr;
        std::size_t width = 0;
        struct row {
            bool removed = false;
            bool whole = true;
            bool is_update = false;
        };
        std::vector<row> rows;
        std::vector<sink_field> cells;
        boost::unordered_flat_map<std::string_view, std::size_t> by_key; // upsert: of rows
        // Where the columns of changes of this shape go; -1: nowhere.
        pgoutput::relation_shape const* shape = nullptr;
        std::vector<int> places;

        [[nodiscard]] sink_field const* row_at(std::size_t index) const noexcept {
            return cells.data() + index * width;
        }
        [[nodiscard]] sink_field* row_at(std::size_t index) noexcept {
            return cells.data() + index * width;
        }
    };

    [[nodiscard]] pending& pending_of(sink_table const& of);
    void note_places(pending& into, pgoutput::relation_shape const& shape) const;
    [[nodiscard]] std::string_view key_of(sink_table const& of, sink_field const* row);
    void append_row(pending& into, sink_values const& made);
    void add_statements(pending const& of, engine::insert_trust* trust,
                        std::vector<sink_statement>& into) const;

    insert_mode mode_;
    std::vector<std::unique_ptr<pending>> tables_; // those in use first
    std::size_t used_ = 0;                         // of them
    arena memory_;
    sink_values change_; // reused
    std::string last_;
    std::size_t changes_ = 0;
    std::size_t bytes_ = 0;
};

} // namespace tandem::connect
