// write_shapes FOLDER: the rows of the benchmarks as files, so that peers in other languages read the same bytes.
//   SHAPE.pgoutput  begin, relation, then an insert per row; each message behind its length, 4 bytes, big-endian
//   SHAPE.events    the event of each row as our encoder writes it, in the same framing
//   SHAPE.answer    what reading the rows must add up to: rows, columns, value bytes, first bytes
#include "codecs/pgoutput/decoder.hpp"
#include "perf/micro/event_inputs.hpp"
#include "perf/micro/shapes.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <variant>

namespace tandem {
namespace {

void put(std::ofstream& out, std::string_view message) {
    out << wire::u32(message.size()) << message;
}

bool write(std::filesystem::path const& folder, perf::shape which) {
    std::string const name = perf::name_of(which);
    std::ofstream messages{folder / (name + ".pgoutput"), std::ios::binary};
    std::ofstream events{folder / (name + ".events"), std::ios::binary};
    std::ofstream sums{folder / (name + ".answer")};
    put(messages, wire::begin(1, 2, 3));
    put(messages, perf::relation_message(which));
    auto const shape = perf::relation_of(which);
    event::relation_events const relation{shape, event::exact_plan(shape)};
    perf::answer expected;
    arena into;
    for (std::size_t row = 0; row < perf::rows_of(which); ++row) {
        wire::columns const values = perf::row_of(which, row);
        expected.add(values);
        std::string const message = wire::insert(shape.id.value, values);
        put(messages, message);
        auto const tuple = std::get<pgoutput::insert>(*pgoutput::decode(message)).new_row;
        into.clear();
        auto const event = relation.value(perf::change_of(tuple, row), perf::the_transaction,
                                          perf::the_time, into);
        if (!event) {
            return false;
        }
        put(events, *event);
    }
    sums << expected.rows << ' ' << expected.columns << ' ' << expected.value_bytes << ' '
         << expected.first_bytes << '\n';
    return messages.flush() && events.flush() && sums.flush();
}

} // namespace
} // namespace tandem

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: write_shapes FOLDER\n", stderr);
        return 2;
    }
    std::filesystem::create_directories(argv[1]);
    for (auto const which : tandem::perf::all_shapes) {
        if (!tandem::write(argv[1], which)) {
            std::fprintf(stderr, "write_shapes: cannot write the shapes below %s\n", argv[1]);
            return 1;
        }
    }
    return 0;
}
