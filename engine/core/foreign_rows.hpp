#pragma once
// Records of other writers, Debezium's envelopes and plain rows, as changes of the tables they go to. Pure.

#include "codecs/event/decode.hpp"
#include "codecs/event/read_value.hpp"
#include "codecs/event/value_kind.hpp"
#include "engine/core/change.hpp"
#include "engine/core/record_changes.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

// A table of the target, as its catalog has it.
struct foreign_table {
    pgoutput::relation_shape shape;          // all columns; those of the primary key are the key
    std::vector<event::resolved_type> types; // of the columns; they point into a type_table
};

// How a topic's records were written: nothing in them says so.
struct foreign_format {
    bool envelope = true; // otherwise plain rows of the table `table`
    std::string schema;   // of the target's table; of envelopes, empty: as at the source
    std::string table;    // of plain rows
    // A field without a column of its name has that of its name in small letters.
    bool folds = false;
    event::value_options values;
};

struct foreign_change {
    change what; // its rows lie in the arena it was made in
    pgoutput::relation_ptr shape;
    std::int64_t time_us = 0; // since 1970, when the source says it was committed; 0: it does not
};

// One per topic.
class foreign_rows {
public:
    template <class T>
    using result = record_result<T>;

    explicit foreign_rows(foreign_format format) : format_{std::move(format)} {}

    // Reads a record; both have event::record_padding readable bytes behind them. Which table it goes to is known then;
    // none: it says nothing of a row (a heartbeat, a transaction's end, a message, a tombstone behind an envelope).
    struct target {
        std::string schema;
        std::string table;
    };
    // `moved`: it has the header __debezium.oldkey.
    [[nodiscard]] result<std::optional<target>> read(std::optional<std::string_view> key,
                                                     std::optional<std::string_view> value,
                                                     bool moved = false);
    // The change of the record that was read last, for the table that read() named.
    [[nodiscard]] result<foreign_change> change_for(foreign_table const& table, arena& into);

private:
    // The fields of a topic's rows and the columns of one table.
    struct mapping {
        std::vector<bool> known;         // by the field's number: a column has its name
        std::vector<std::size_t> fields; // by the column; no_field: none was met yet
        std::map<std::vector<bool>, pgoutput::relation_ptr> shapes; // by the columns that rows have
        std::vector<bool> present;                                  // of the row read last
        pgoutput::relation_ptr shape;                               // its
    };
    static constexpr auto no_field = static_cast<std::size_t>(-1);
    enum class row_kind : std::uint8_t { nothing, put, removed, emptied };

    [[nodiscard]] bool is_exact() const noexcept {
        return event_.op != event::event_operation::none &&
               event_.source.values == event::value_form::exact;
    }
    [[nodiscard]] result<void> read_value(std::string_view value);
    [[nodiscard]] result<void> map_fields(foreign_table const& table, mapping& of) const;
    void use_shape(foreign_table const& table, mapping& of, std::vector<bool> const& present) const;
    [[nodiscard]] result<void> put(foreign_table const& table, mapping& of, foreign_change& made,
                                   arena& into);
    [[nodiscard]] result<void> remove(foreign_table const& table, mapping& of, foreign_change& made,
                                      arena& into);
    [[nodiscard]] result<bool> append(foreign_table const& table, std::size_t column,
                                      event::field_value const& value);
    [[nodiscard]] event::field_value key_value(foreign_table const& table, mapping const& of,
                                               std::size_t column) const;

    foreign_format format_;
    event::event_decoder decoder_;
    event::field_names names_;
    event::event_view event_;
    event::row_values key_;
    bool has_key_ = false;
    bool moved_ = false;
    row_kind kind_ = row_kind::nothing;
    arena strings_; // of one record
    std::string text_;
    std::string tuple_;
    std::vector<bool> present_;
    boost::unordered_flat_map<foreign_table const*, mapping> mappings_;
};

} // namespace tandem::engine
