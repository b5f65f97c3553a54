#pragma once
// The plans of the relations a direction has met, read from the target's catalog when first needed.

#include "engine/core/table_plan.hpp"
#include "engine/ddl/message.hpp"
#include "engine/flow/direction_setup.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace tandem::engine {

// Plans live until forget() or the end of the direction's start; their addresses do not change.
class plans {
public:
    using catalog_reader = std::function<io::awaitable<outcome_of<io::pg::rows>>(std::string)>;

    // `binary`: how the stream sends values.
    plans(direction_setup const& setup, io::pg::connection& catalog, bool binary = false) noexcept
        : setup_{setup}, catalog_{catalog}, binary_{binary} {}

    // The stream is that of the node itself whose catalog is read.
    void describes_own() noexcept { own_ = true; }
    // nullptr when the shape was not resolved yet.
    [[nodiscard]] table_plan* find(pgoutput::relation_shape const* shape) noexcept;
    [[nodiscard]] io::awaitable<outcome_of<table_plan*>> resolve(pgoutput::relation_ptr shape);
    [[nodiscard]] io::pg::connection& catalog() noexcept { return catalog_; }
    // After the target's tables changed: everything is read again.
    void forget();
    // From now on the catalog is read so, which sees what an open transaction made of it; null: as usual. Forgets.
    void read_by(catalog_reader reader);
    // DDL that comes behind changes which are still to be planned, where these waited together; forgets.
    void also_follow(std::vector<ddl::message> messages);
    void follow_no_more();
    // Changes of the source's transaction at that position are planned from now on: what it had seen of this node's DDL by then.
    // newest: of the stream as it comes. Forgets where that is another one.
    static constexpr lsn newest{std::numeric_limits<std::uint64_t>::max()};
    void as_of(lsn position);
    [[nodiscard]] lsn as_of() const noexcept { return as_of_; }
    [[nodiscard]] bool reads_inside() const noexcept { return bool{reader_}; }

private:
    [[nodiscard]] io::awaitable<outcome_of<table_plan*>> resolve_own(pgoutput::relation_ptr shape);
    [[nodiscard]] io::awaitable<outcome_of<pgoutput::relation_ptr>> as_called_now(
        pgoutput::relation_ptr shape);
    [[nodiscard]] io::awaitable<outcome_of<void>> follow_own_ddl(table_plan& plan);
    void decide_by_name(table_plan& plan) const;
    [[nodiscard]] io::awaitable<outcome_of<io::pg::rows>> ask(char const* text,
                                                              io::pg::parameters table,
                                                              char const* doing);
    [[nodiscard]] io::awaitable<outcome_of<target_relation>> read(std::string schema,
                                                                  std::string name);

    direction_setup const& setup_;
    io::pg::connection& catalog_;
    bool binary_;
    bool own_ = false;
    catalog_reader reader_;
    std::vector<ddl::message> ahead_;
    lsn as_of_ = newest;
    boost::unordered_flat_map<pgoutput::relation_shape const*, std::unique_ptr<table_plan>> known_;
    pgoutput::relation_shape const* last_shape_ = nullptr;
    table_plan* last_plan_ = nullptr;
    std::uint32_t next_number_ = 0;
};

} // namespace tandem::engine
