#pragma once
// What a source's catalog says that its stream does not: types of users, primary keys, defaults; and the publication and
// slot that it is read through.

#include "codecs/event/column_default.hpp"
#include "codecs/event/row_plan.hpp"
#include "codecs/event/value_kind.hpp"
#include "engine/connect/source_records.hpp"
#include "engine/connect/source_settings.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

struct source_point {
    std::string source;                               // record_position::source
    lsn confirmed;                                    // of the slot
    std::chrono::milliseconds sender_timeout{60'000}; // the server's; 0: none
    lsn flushed;                                      // its WAL's end at this moment
    int version = 0;                                  // 150020
    oid database;
    bool with_rows = false; // what the tables hold is to be read first
    std::string
        snapshot; // exported for that, where the slot was made now; until release_snapshot()
};

// What is known from before.
enum class source_past : std::uint8_t {
    none,  // nothing was captured
    begun, // changes were: the slot has to be there
};

class source_catalog {
public:
    // References outlive it.
    source_catalog(source_settings const& settings, io::pg::connection& link)
        : settings_{settings}, link_{link} {}

    // Publication and slot are there, made if need be, and the slot is ours.
    [[nodiscard]] io::awaitable<engine::outcome_of<source_point>> prepare(source_past past);
    void release_snapshot() noexcept { exporter_.reset(); }
    // Afresh.
    [[nodiscard]] io::awaitable<engine::outcome_of<event::type_table>> types();
    // As it is now; empty where there is no such table any more.
    [[nodiscard]] io::awaitable<engine::outcome_of<table_facts>> facts(std::string schema,
                                                                       std::string table);
    [[nodiscard]] io::awaitable<engine::outcome_of<void>> drop_slot();
    // What lies before is not sent; nobody may read the slot.
    [[nodiscard]] io::awaitable<engine::outcome_of<void>> advance_slot(lsn to);

private:
    using voided = engine::outcome_of<void>;
    [[nodiscard]] io::awaitable<voided> ensure_publication();
    [[nodiscard]] io::awaitable<voided> take_slot(source_point& made, source_past past);
    [[nodiscard]] io::awaitable<voided> make_slot(source_point& made);
    [[nodiscard]] io::awaitable<engine::outcome_of<std::vector<std::string>>> captured_tables();
    [[nodiscard]] engine::failure failed(std::string const& doing, io::pg::error const& why) const;

    source_settings const& settings_;
    io::pg::connection& link_;
    std::unique_ptr<io::pg::connection> exporter_;
};

} // namespace tandem::connect
