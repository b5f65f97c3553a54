#pragma once
// `conflict`: what lost against a newer version of its row, and putting it back.

#include "engine/admin/session.hpp"
#include "engine/config/options.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

// Where a conflict is kept: the node that decided it, and its number there. "b:17".
struct conflict_place {
    std::string node;
    std::int64_t id = 0;
};
// Throws config_error: not of that form, or no node of that name is given.
[[nodiscard]] conflict_place parse_conflict_place(options const& set, std::string const& text);

// Times as the server writes them; rows and keys as JSON.
struct conflict_entry {
    conflict_place place;
    std::string at;
    std::string type; // PostgreSQL's name: update_origin_differs
    std::string schema;
    std::string table;
    std::string key;
    std::optional<std::string> incoming; // none: a delete
    std::optional<std::string> existing; // none: there was no row
    std::optional<std::string> incoming_at;
    std::optional<std::string> existing_at;
    std::string incoming_node;
    std::string existing_node;
    std::string position; // of the incoming change's transaction
    std::string policy;
    std::string winner; // empty: what becomes of it is yet to be carried out
    std::optional<std::string>
        about; // foreign_key_missing: the foreign key, and the key that is gone
    struct difference {
        std::string column;
        std::optional<std::string> existing; // as JSON; none: that version does not say
        std::optional<std::string> incoming;
    };
    std::vector<difference> differences; // of two rows; of read_conflict() only
    bool cut = false;                    // not all of its values are whole

    // The row that is not there any more because of it; none: it was deleted.
    [[nodiscard]] std::optional<std::string> const& loser() const noexcept {
        return winner == incoming_node ? existing : incoming;
    }
};

struct conflict_choice {
    std::string table;     // "schema.name" or "name"; empty: all
    std::string type;      // empty: all
    std::size_t most = 20; // 0: all
    // Of list_conflicts():
    std::optional<conflict_place> only;   // this one alone
    std::optional<conflict_place> before; // those that come behind it in the list
    std::size_t characters = 0;           // longer values are cut to so many; 0: none is
};

// Newest first over the nodes. Throw command_failed, as the others.
[[nodiscard]] awaitable<std::vector<conflict_entry>> list_conflicts(
    io::asio::any_io_executor executor, options set, conflict_choice choice);
// Oldest first, node by node, a part at a time.
[[nodiscard]] awaitable<std::size_t> export_conflicts(io::asio::any_io_executor executor,
                                                      options set, conflict_choice choice,
                                                      std::function<void(std::string const&)> line);
[[nodiscard]] awaitable<conflict_entry> read_conflict(io::asio::any_io_executor executor,
                                                      options set, conflict_place place);
struct restored_conflict {
    conflict_entry of;
    std::vector<std::string> left_out; // columns that the table has not any more
};
// Writes the losing version at its node, as anybody's change that all nodes get.
[[nodiscard]] awaitable<restored_conflict> restore_conflict(io::asio::any_io_executor executor,
                                                            options set, conflict_place place);

// --- how they are shown (conflicts_shown.cpp)

[[nodiscard]] std::string conflicts_text(std::vector<conflict_entry> const& entries);
[[nodiscard]] std::string conflicts_json(std::vector<conflict_entry> const& entries);
[[nodiscard]] std::string conflict_text(conflict_entry const& of);
[[nodiscard]] std::string restored_text(restored_conflict const& done);
[[nodiscard]] std::string conflict_json_line(conflict_entry const& of);

} // namespace tandem::engine
