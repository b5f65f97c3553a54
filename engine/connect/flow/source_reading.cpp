// The rows of a snapshot, before the changes that follow it.

#include "engine/connect/flow/source_writer.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace tandem::connect {

using engine::failure;
using engine::next_step;
using engine::outcome_of;

io::awaitable<source_writer::voided> source_writer::write_snapshot() {
    auto& from = *with_.before;
    auto const tables = co_await from.tables();
    if (!tables) {
        co_return tables.error();
    }
    spdlog::info("connector {}: snapshot as of {}: {} tables with rows", with_.settings.node.name,
                 to_string(from.position()), tables->size());
    for (auto const& each : *tables) {
        auto done = co_await write_rows(each, each == tables->front(), each == tables->back());
        if (!done) {
            co_return done;
        }
    }
    auto ended = co_await from.end();
    if (!ended) {
        co_return ended;
    }
    while (!batches_.empty()) {
        if (with_.link.stopping) {
            co_return failure{next_step::stopped, {}};
        }
        with_.sink.hasten();
        co_await room_.wait();
    }
    spdlog::info("connector {}: the snapshot's {} rows are written", with_.settings.node.name,
                 rows_read_);
    with_.before = nullptr;
    co_return boost::system::in_place_value;
}

// source.snapshot: the first and the last row of all, of a table, or any other.
io::awaitable<source_writer::voided> source_writer::write_rows(pgoutput::relation_ptr shape,
                                                               bool first, bool last) {
    auto const of = co_await prepare(shape);
    if (!of) {
        co_return of.error();
    }
    auto rows = co_await with_.before->first(shape);
    std::string room;
    std::string_view begins = first ? "first" : "first_in_data_collection";
    while (rows && !rows->empty()) {
        auto following = co_await with_.before->next();
        if (!following) {
            co_return following.error();
        }
        for (int row = 0; row < rows->size(); ++row) {
            bool const ends = following->empty() && row + 1 == rows->size();
            std::string_view const ending = last ? "last" : "last_in_data_collection";
            auto const written = write_row(**of, ends ? ending : std::exchange(begins, "true"),
                                           tuple_of(*rows, row, room));
            if (!written) {
                co_return written.error();
            }
            if (!*written) {
                auto rest = co_await put_rest();
                if (!rest) {
                    co_return rest;
                }
            }
        }
        rows_read_ += static_cast<std::uint64_t>(rows->size());
        if (with_.link.stopping) {
            co_return failure{next_step::stopped, {}};
        }
        with_.sink.hasten();
        rows = std::move(following);
    }
    if (!rows) {
        co_return rows.error();
    }
    co_return boost::system::in_place_value;
}

// False: it is still to be queued.
outcome_of<bool> source_writer::write_row(table const& of, std::string_view which,
                                          pgoutput::tuple_view row) {
    if (std::exchange(read_as_, which) != which) {
        auto const& from = *with_.before;
        records_.begin_read(from.transaction(), from.begun(), from.position(), which);
    }
    auto& into = filling();
    auto const made = records_.of_read(row, of.what, *now_, into.bytes);
    if (!made) {
        return failure{next_step::paused, made.error()};
    }
    left_ = *made;
    return queue();
}

} // namespace tandem::connect
