#pragma once
// A row by every write_row() that this processor can run, each into exactly the room that is asked for.

#include "codecs/event/row_json.hpp"
#include "codecs/event/row_json_isa.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace tandem::event {

struct written_row {
    char const* isa;
    std::string text; // "column 3", when that one is refused
};

inline std::vector<written_row> written_by_all(row_plan const& plan, pgoutput::tuple_view row,
                                               row_part part = row_part::all) {
    std::vector<written_row> all;
    for (row_writer const& each : row_writers(processor_has_v3())) {
        std::unique_ptr<char[]> const room{new char[plan.room(row)]};
        row_end const end =
            each.write(plan.columns.data(), plan.fragments.data(), row, part, room.get());
        bool const good = end.at != nullptr;
        all.push_back({each.isa, good ? std::string{room.get(), end.at}
                                      : std::string{"column "} + std::to_string(end.column)});
    }
    return all;
}

inline bool all_the_same(std::vector<written_row> const& rows) {
    for (written_row const& each : rows) {
        if (each.text != rows.front().text) {
            return false;
        }
    }
    return true;
}

} // namespace tandem::event
