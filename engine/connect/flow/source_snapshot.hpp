#pragma once
// What a source's tables held at one moment, before their changes are captured.

#include "codecs/base/lsn.hpp"
#include "codecs/pgoutput/relation_cache.hpp"
#include "codecs/pgoutput/tuple.hpp"
#include "engine/connect/source_settings.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tandem::connect {

// Row `row` as a change of it would have it, in `room`.
[[nodiscard]] pgoutput::tuple_view tuple_of(io::pg::rows const& from, int row, std::string& room);

class source_snapshot {
public:
    // Sees what snapshot `exported` sees; empty: what there is now, as of `at`, or later. `settings` outlives it.
    [[nodiscard]] static io::awaitable<engine::outcome_of<std::unique_ptr<source_snapshot>>> take(
        source_settings const& settings, std::string exported, lsn at);

    [[nodiscard]] xid transaction() const noexcept { return transaction_; }
    [[nodiscard]] pg_time begun() const noexcept { return begun_; }
    [[nodiscard]] lsn position() const noexcept { return position_; }

    // Those that are captured and have rows, as the stream will describe them; from here on none of them is changed in
    // form or emptied.
    [[nodiscard]] io::awaitable<engine::outcome_of<std::vector<pgoutput::relation_ptr>>> tables();
    // All columns of so many rows of the table, in their order; then next() has those that follow, none at the end.
    [[nodiscard]] io::awaitable<engine::outcome_of<io::pg::rows>> first(
        pgoutput::relation_ptr table);
    [[nodiscard]] io::awaitable<engine::outcome_of<io::pg::rows>> next();
    [[nodiscard]] io::awaitable<engine::outcome_of<void>> end();

private:
    using voided = engine::outcome_of<void>;

    source_snapshot(source_settings const& settings, lsn at) : settings_{settings}, position_{at} {}
    [[nodiscard]] io::awaitable<engine::outcome_of<io::pg::rows>> ask(std::string doing,
                                                                      std::string statement);
    [[nodiscard]] io::awaitable<engine::outcome_of<pgoutput::relation_ptr>> shape(
        std::string schema, std::string name);

    source_settings const& settings_;
    std::unique_ptr<io::pg::connection> link_;
    xid transaction_;
    pg_time begun_;
    lsn position_;
};

} // namespace tandem::connect
