#pragma once
// The shapes of rows that the codecs are measured on, as pgoutput sends them.

#include "codecs/pgoutput/relation_cache.hpp"
#include "perf/micro/chat_rows.hpp"

#include <string>
#include <vector>

namespace tandem::perf {

enum class shape { chat, wide, narrow, large };

inline constexpr shape all_shapes[] = {shape::chat, shape::wide, shape::narrow, shape::large};

inline char const* name_of(shape which) noexcept {
    constexpr char const* names[] = {"chat", "wide", "narrow", "large"};
    return names[static_cast<std::size_t>(which)];
}

inline std::size_t rows_of(shape which) noexcept {
    constexpr std::size_t counts[] = {200'000, 20'000, 400'000, 20'000};
    return counts[static_cast<std::size_t>(which)];
}

namespace detail {

inline wire::columns wide_row(std::size_t id) {
    wire::columns columns{wire::text(std::to_string(id))};
    while (columns.size() < 60) {
        switch (columns.size() % 4) {
        case 0:
            columns.push_back(wire::text(std::to_string(id * columns.size())));
            break;
        case 1:
            columns.push_back(wire::text("value_" + std::to_string(columns.size())));
            break;
        case 2:
            columns.push_back(id % 3 == 0 ? wire::null() : wire::text("t"));
            break;
        default:
            columns.push_back(wire::text("2026-11-22 18:16:00.123456+00"));
        }
    }
    return columns;
}

} // namespace detail

inline wire::columns row_of(shape which, std::size_t id) {
    switch (which) {
    case shape::wide:
        return detail::wide_row(id);
    case shape::narrow:
        return {wire::text(std::to_string(id)), wire::text(std::to_string(id % 7)),
                wire::text("42")};
    case shape::large:
        return {wire::text(std::to_string(id)),
                wire::text(std::string(4'096, static_cast<char>('a' + id % 26)))};
    case shape::chat:
        break;
    }
    return chat_message(id, id % 7);
}

// bigint key first; types as the rows above have them.
inline pgoutput::relation_shape relation_of(shape which) {
    constexpr oid int4{23};
    constexpr oid int8{20};
    constexpr oid text{25};
    constexpr oid boolean{16};
    constexpr oid timestamptz{1184};
    pgoutput::relation_shape made{oid{16'400}, "public", name_of(which), 'd', {}};
    auto const add = [&made](std::string name, oid type) {
        made.columns.push_back({std::move(name), type, -1, made.columns.empty()});
    };
    switch (which) {
    case shape::chat:
        add("id", int8);
        add("room_id", int4);
        add("user_id", text);
        add("body", text);
        add("sent_at", timestamptz);
        add("likes", int4);
        add("meta", oid{3802});
        break;
    case shape::wide:
        add("id", int8);
        for (std::size_t column = 1; column < 60; ++column) {
            constexpr oid types[] = {int8, text, boolean, timestamptz};
            add("column_" + std::to_string(column), types[column % 4]);
        }
        break;
    case shape::narrow:
        add("id", int8);
        add("room_id", int4);
        add("likes", int4);
        break;
    case shape::large:
        add("id", int8);
        add("body", text);
        break;
    }
    return made;
}

inline std::string relation_message(shape which) {
    auto const relation = relation_of(which);
    std::vector<wire::relation_column> columns;
    for (auto const& column : relation.columns) {
        columns.push_back({column.name, column.type.value, column.key});
    }
    return wire::relation(relation.id.value, relation.schema, relation.name, 'd', columns);
}

// What reading the rows must add up to. A sum over lengths is no proof for one row, but a wrong row
// anywhere changes it; the first byte of every value makes the walk touch what it found.
struct answer {
    std::uint64_t rows = 0;
    std::uint64_t columns = 0;
    std::uint64_t value_bytes = 0;
    std::uint64_t first_bytes = 0;

    void add(wire::columns const& row) noexcept {
        ++rows;
        columns += row.size();
        for (wire::column const& column : row) {
            value_bytes += column.bytes.size();
            if (!column.bytes.empty()) {
                first_bytes += static_cast<unsigned char>(column.bytes.front());
            }
        }
    }
    friend bool operator==(answer const&, answer const&) = default;
};

} // namespace tandem::perf
