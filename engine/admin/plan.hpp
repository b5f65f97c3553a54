#pragma once
// What init has to do, decided from what is there. Pure: engine/admin/init.hpp carries it out, a dry
// run prints it. Whatever already is as it should be does not appear, so a second init is empty.

#include "engine/admin/catalog.hpp"
#include "engine/admin/choose.hpp"
#include "engine/admin/ddl_triggers.hpp"
#include "engine/config/options.hpp"

#include <string>
#include <vector>

namespace tandem::engine {

// A table that joins a publication which a slot already reads: locked against writers, or the first
// row of an open writer would be lost (R17).
struct table_addition {
    std::string table;  // as shown
    std::string lock;   // LOCK TABLE ...
    std::string change; // ALTER PUBLICATION ...
};

struct node_plan {
    std::string node;
    std::vector<std::string> install; // one transaction: schema, publication
    std::vector<table_addition> additions;
    bool creates_schema = false;
    bool creates_publication = false;
    std::vector<std::string> removed; // tables that leave the publication, as shown to people
    std::vector<std::string> changed; // ... that stay with other columns or another filter

    [[nodiscard]] bool empty() const noexcept { return install.empty() && additions.empty(); }
};

// A stream between two nodes, or our end of one whose other end a peer's site sets up.
struct stream_plan {
    std::string source;
    std::string target;
    bool source_here = true;
    bool target_here = true;
    std::string slot;
    std::string origin;
    bool drop_slot = false; // a slot without progress at the target is half an init: made anew
    bool create_slot = false;
    bool create_origin = false;
    bool create_progress = false;
    std::vector<chosen_table> to_compare; // tables whose stream begins: both copies must be equal

    [[nodiscard]] bool empty() const noexcept {
        return !create_slot && !create_origin && !create_progress;
    }
};

struct init_plan {
    std::vector<node_plan> nodes;
    std::vector<stream_plan> streams;
    std::vector<std::string> notes; // for the user: what init leaves alone, and why
    std::vector<std::string> hints; // ... what is less than it could be
    bool with_origins = true;       // false: --origin-column

    [[nodiscard]] bool empty() const noexcept;
};

// `choices` is choose_all()'s, with row filters as the server writes them; `origin_column`: --origin-column, or empty; `tells_seen`: see tells_seen().
// Throws config_error where objects of our names were made by somebody else.
[[nodiscard]] init_plan plan_init(std::vector<node_catalog> const& nodes,
                                  std::vector<table_choice> const& choices,
                                  std::string const& origin_column = {}, bool tells_seen = false,
                                  ddl_wish const& ddl = {});

// Chosen tables that the source's publication does not hold yet move to left_out.
void keep_published(table_choice& choice, node_catalog const& source);

// The row of tandem.progress a stream starts with; `start` is the slot's consistent point as SQL.
[[nodiscard]] std::string progress_statement(node_catalog const& source, std::string const& start);
// The same of a peer's stream, which begins where its log says.
[[nodiscard]] std::string open_progress_statement(std::string const& source);
// Where the stream to `target` begins, for readers that only its log tells (R7).
// `together`: the target is set up by the same command, and need not ask.
[[nodiscard]] std::string sending_statement(std::string const& target, std::string const& start,
                                            bool together);

// The plan as SQL text to read or to run by hand, grants included.
[[nodiscard]] std::string dry_run_text(init_plan const& plan,
                                       std::vector<node_catalog> const& nodes);

// The slots of this database that init made for this node.
[[nodiscard]] std::vector<slot_info> own_slots(node_catalog const& node);

// Drops what init made on this node, slots and origins of all its peers included. Slots first: they
// are what hurts when it stays.
[[nodiscard]] std::vector<std::string> destroy_statements(node_catalog const& node);

} // namespace tandem::engine
