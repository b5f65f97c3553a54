// --schema-evolution basic: where nobody tells DDL, the peer's table gets the columns that changes have and it has not.

#include "codecs/sql/ddl_statements.hpp"
#include "engine/flow/applier.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace tandem::engine {

bool applier::lacks_columns(pending_change const& one) const {
    constexpr std::string_view undefined_column = "42703";
    return link_.setup.evolution == schema_evolution::basic && one.plan != nullptr &&
           !one.plan->usable && !one.plan->gone && one.plan->sqlstate == undefined_column;
}

// What was listed goes first: it was planned by the table as it is yet.
io::awaitable<outcome_of<applier::listed>> applier::evolve(transaction_header const& header,
                                                           std::vector<pending_change>& list,
                                                           pending_change const& one,
                                                           careful_progress& at) {
    auto const shape = one.plan->shape;
    if (parked_.touches(table_name(*one.plan))) {
        co_return listed::done; // it waits behind what is parked
    }
    auto before = co_await careful_flush(header, list, at);
    if (!before || *before == listed::again) {
        co_return before;
    }
    auto added = co_await add_columns(*shape);
    if (!added) {
        co_return added.error();
    }
    co_return listed::done;
}

// Inside the open transaction. False: the table stays as it is, and its changes are parked with what is missing.
io::awaitable<outcome_of<bool>> applier::add_columns(pgoutput::relation_shape const& shape) {
    std::vector<sql::described_column> described;
    described.reserve(shape.columns.size());
    for (auto const& column : shape.columns) {
        described.push_back({std::string{column.name}, column.type.value, column.type_modifier});
    }
    auto asking = ask(sql::lacking_columns(shape.schema, shape.name, described));
    auto const lacking = co_await std::move(asking);
    if (!lacking) {
        co_return lacking.error();
    }
    auto begun = co_await run_alone("SAVEPOINT tandem");
    if (!begun) {
        co_return begun.error();
    }
    for (int row = 0; row < lacking->size(); ++row) {
        if (lacking->null(row, 1)) {
            spdlog::warn(
                "{} -> {}: column {} of {}.{} is of a type of its own: add it there by hand",
                link_.setup.source.name, link_.setup.target.name, lacking->text(row, 0),
                shape.schema, shape.name);
            continue;
        }
        std::string const statement{lacking->text(row, 1)};
        auto added = co_await run_alone(statement);
        if (!added) {
            co_return added.error();
        }
        if (added->failed) {
            spdlog::warn("{} -> {}: {} failed: {}", link_.setup.source.name,
                         link_.setup.target.name, statement, added->failed->message);
            auto back = co_await back_to_savepoint();
            if (!back) {
                co_return back.error();
            }
            co_return false;
        }
        spdlog::info("{} -> {}: {} (--schema-evolution basic)", link_.setup.source.name,
                     link_.setup.target.name, statement);
    }
    read_inside();
    co_return true;
}

} // namespace tandem::engine
