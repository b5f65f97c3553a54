#pragma once
// Repairs keys that are different: the row that wins is sent again by its own node, and takes the way of every change to the
// other one (codecs/sql/repair_statements.hpp). Nothing here writes rows across.

#include "engine/admin/compare.hpp"
#include "engine/admin/fence.hpp"
#include "engine/admin/settle_keys.hpp"
#include "engine/admin/winner.hpp"
#include "engine/admin/workbench.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tandem::engine {

struct repair_wish {
    bool peer_deletes = false;   // see repair_rules
    bool filled_deletes = false; // the same
    std::string deleted_at;      // the same; a node
    std::string prefer;          // the node that is right, whatever the versions are; empty: none
};

// A session of that node that writes under an origin, which is made where there is none; empty: under none. What the server
// loses of it in a crash is found again by whoever compares.
[[nodiscard]] awaitable<session> open_under_origin(io::asio::any_io_executor executor,
                                                   workbench& bench, options const& set,
                                                   std::string node, std::string origin);

// What a pair of nodes is repaired by. `bench` and `set` must outlive it.
class repairer {
public:
    repairer(workbench& bench, options const& set, table_choice const& choice, repair_wish wish);

    // Whether rows tell when they were written, and by whom.
    [[nodiscard]] bool versions() const noexcept { return versions_; }
    // By which the copies of the other node's rows are known. Before anything is decided.
    [[nodiscard]] awaitable<void> read_origins();
    [[nodiscard]] repair_deed decided(key_look const& rows) const noexcept;

    // Streams take on what is sent again. Throws command_failed where another repair is under way.
    [[nodiscard]] awaitable<void> begin(io::asio::any_io_executor executor);
    // Carries out what is decided of each key. What was written since is left alone.
    [[nodiscard]] awaitable<void> repair(chosen_table const& table, compared_pair const& tables,
                                         std::vector<settled_key> const& keys);
    // Behind a fence: the streams have passed what was sent.
    void end();

private:
    struct hand { // at one node
        std::string node;
        std::unique_ptr<session> resends;
        std::unique_ptr<session> removes;
    };

    [[nodiscard]] awaitable<void> let_through(std::string source, std::string target);
    [[nodiscard]] awaitable<void> carry_out(hand& by, hand& peer, sql::compared_table table,
                                            sql::compared_table peer_table, std::string column,
                                            std::vector<settled_key> keys, bool of_source);

    workbench& bench_;
    options const& set_;
    table_choice const& choice_;
    repair_wish wish_;
    repair_rules rules_;
    bool versions_ = false;
    hand source_;
    hand target_;
};

// The same for people: SQL that each node takes its own part of. Rows are read one at a time.
using text_sink = std::function<void(std::string const&)>;
void write_repair_head(text_sink const& into, std::string const& source, std::string const& target);
[[nodiscard]] awaitable<void> write_repairs(text_sink const& into, workbench& bench,
                                            table_choice const& choice, chosen_table const& table,
                                            compared_pair const& tables,
                                            std::vector<settled_key> const& keys,
                                            repairer const& by);
void write_repair_end(text_sink const& into);

} // namespace tandem::engine
