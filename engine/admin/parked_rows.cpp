#include "engine/admin/parked_rows.hpp"

#include "codecs/values/ascii_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>
#include <utility>

namespace tandem::engine {
namespace {

parked_request request_of(std::string_view text) noexcept {
    return text == "retry"   ? parked_request::retry
           : text == "drop"  ? parked_request::drop
           : text == "pause" ? parked_request::pause
                             : parked_request::none;
}

} // namespace

std::optional<parked_keys::key_values> parked_object(io::pg::rows const& from, int row, int column,
                                                     bool escaped) {
    if (from.null(row, column)) {
        return std::nullopt;
    }
    auto const object = nlohmann::json::parse(from.text(row, column), nullptr, false);
    parked_keys::key_values values;
    for (auto const& [name, value] : object.items()) {
        auto& stored = values[name];
        if (value.is_string()) {
            auto text = value.get<std::string>();
            stored = escaped ? values::from_ascii(text) : std::move(text);
        }
    }
    return values;
}

std::vector<parked_row> parked_rows_of(io::pg::rows const& got) {
    std::vector<parked_row> rows;
    rows.reserve(static_cast<std::size_t>(got.size()));
    for (int at = 0; at < got.size(); ++at) {
        bool const escaped = got.boolean(at, 5);
        parked_row made;
        made.id = got.integer(at, 0);
        made.table = fmt::format("{}.{}", got.text(at, 1), got.text(at, 2));
        made.key = parked_object(got, at, 3, escaped).value_or(parked_keys::key_values{});
        made.new_key = parked_object(got, at, 4, escaped).value_or(parked_keys::key_values{});
        made.whole_table = got.boolean(at, 6);
        made.asked = request_of(got.text(at, 7));
        made.sqlstate = std::string{got.text(at, 8)};
        rows.push_back(std::move(made));
    }
    return rows;
}

parked_change parked_change_of(io::pg::rows const& got, int row) {
    bool const escaped = got.boolean(row, 6);
    parked_change made;
    made.id = got.integer(row, 0);
    made.header.final_lsn = lsn::parse(got.text(row, 1)).value_or(lsn{});
    made.header.id = xid{static_cast<std::uint32_t>(got.integer(row, 3))};
    made.header.commit_time = pg_time::from_unix_us(got.integer(row, 4));
    made.values.operation = std::string{got.text(row, 5)};
    made.values.shape = std::string{got.text(row, 7)};
    made.values.key = parked_object(got, row, 8, escaped);
    made.values.row = parked_object(got, row, 9, escaped);
    made.values.old_key = parked_object(got, row, 10, escaped);
    made.sqlstate = std::string{got.text(row, 11)};
    made.error = std::string{got.text(row, 12)};
    if (!got.null(row, 13)) {
        made.header.seen_at = pg_time::from_unix_us(got.integer(row, 13));
    }
    return made;
}

std::vector<std::int64_t> ids_of(std::span<parked_row const> rows,
                                 std::span<std::size_t const> places) {
    std::vector<std::int64_t> ids;
    ids.reserve(places.size());
    for (auto const place : places) {
        ids.push_back(rows[place].id);
    }
    return ids;
}

} // namespace tandem::engine
