#pragma once
// A stream's records as changes for the applier. Pure.

#include "codecs/event/decode.hpp"
#include "codecs/event/row_json.hpp"
#include "codecs/event/stream_notes.hpp"
#include "engine/core/change.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::engine {

// Why a record is none of the stream's: cause and place, without values.
struct record_error {
    std::string what;
};
template <class T>
using record_result = boost::system::result<T, record_error>;
[[noreturn]] void throw_exception_from_error(record_error const& error,
                                             boost::source_location const& at);

// A change with what its record says of its transaction.
struct recorded_change {
    change what;
    pgoutput::relation_ptr shape; // which `what` points to
    xid transaction;
    pg_time commit_time;
    std::optional<oversized> without_values; // else it has them
};

// One per reader. Values are exact ones (docs/events.md) of tables that describe() has named.
class record_changes {
public:
    // From here on rows of that table look so.
    void describe(pgoutput::relation_shape shape);

    // The change of a record with a value; its rows lie in `into`. `value` and `old_key` have event::record_padding
    // readable bytes behind them; `old_key` is the header __debezium.oldkey, of an update that moved its row to another
    // key. None: a truncate, which a note tells.
    [[nodiscard]] record_result<std::optional<recorded_change>> change_of(
        std::string_view value, std::optional<std::string_view> old_key, arena& into);

    // The change that is not in the stream; its rows, in `into`, have of the key what the note tells.
    [[nodiscard]] record_result<recorded_change> change_of(event::oversize_note const& note,
                                                           arena& into);

    // The shape of a described table; null: there is none.
    [[nodiscard]] pgoutput::relation_ptr shape_of(std::string_view schema, std::string_view name);

private:
    struct table {
        pgoutput::relation_ptr shape;
        event::field_names names;            // a field's number is its column's
        std::vector<event::json_form> forms; // of its columns' values
    };
    struct hashed {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };

    [[nodiscard]] table* named(std::string_view schema, std::string_view name);
    [[nodiscard]] table* hinted_by(std::string_view value);
    [[nodiscard]] record_result<table*> read(std::string_view value);
    [[nodiscard]] record_result<pgoutput::tuple_view> row_of(table const& of,
                                                             event::row_values const& values,
                                                             char for_absent, arena& into);
    [[nodiscard]] record_result<void> fill_old(table& of, std::optional<std::string_view> old_key,
                                               change& made, arena& into);

    event::event_decoder decoder_;
    event::event_view event_;
    event::row_values key_;
    arena strings_; // of one record
    std::string scratch_;
    boost::unordered_flat_map<std::string, std::unique_ptr<table>, hashed, std::equal_to<>> tables_;
    table* last_ = nullptr;
};

} // namespace tandem::engine
