#include "engine/admin/stride_sequences.hpp"

#include "codecs/sql/quote.hpp"
#include "engine/admin/check.hpp"
#include "engine/admin/failure.hpp"
#include "engine/admin/id_stride.hpp"
#include "engine/admin/read_catalog.hpp"
#include "engine/admin/sequence_overlap.hpp"
#include "engine/config/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace tandem::engine {
namespace {

constexpr std::int64_t little_room = 1'000'000;

// Columns that a sequence fills: by their default, as an identity, or because it belongs to them.
constexpr char const* columns_of_sequence =
    "WITH s AS (SELECT $1::regclass::oid AS oid) SELECT n.nspname, c.relname, a.attname FROM (SELECT f.adrelid, f.adnum "
    "FROM pg_depend AS d JOIN pg_attrdef AS f ON f.oid = d.objid, s WHERE d.classid = 'pg_attrdef'::regclass AND "
    "d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid UNION SELECT d.refobjid, d.refobjsubid FROM pg_depend "
    "AS d, s WHERE d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.refclassid = 'pg_class'::regclass AND "
    "d.refobjsubid > 0 AND d.deptype IN ('a', 'i')) AS u (relation, number) JOIN pg_class AS c ON c.oid = u.relation JOIN "
    "pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = u.relation AND a.attnum = "
    "u.number WHERE a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) ORDER BY 1, 2, 3";

std::int64_t number_in(io::pg::rows const& from) {
    std::int64_t made = 0;
    if (!from.empty() && !from.null(0, 0)) {
        auto const text = from.text(0, 0);
        std::from_chars(text.data(), text.data() + text.size(), made);
    }
    return made;
}

awaitable<std::int64_t> greatest_in_columns(session& node, sequence_info of) {
    std::string const doing = "looking for a sequence's numbers";
    io::pg::parameters name;
    name.emplace_back(sql::qualified(of.schema, of.name));
    auto const columns = co_await node.ask(columns_of_sequence, std::move(name), doing);
    std::int64_t greatest = 0;
    for (int row = 0; row < columns.size(); ++row) {
        auto query = fmt::format(
            "SELECT max({}) FROM {}", sql::identifier(std::string{columns.text(row, 2)}),
            sql::qualified(std::string{columns.text(row, 0)}, std::string{columns.text(row, 1)}));
        auto const found = co_await node.run(std::move(query), doing);
        greatest = std::max(greatest, number_in(found));
    }
    co_return greatest;
}

counted_sequence counted(sequence_info const& of, std::int64_t greatest, int rank) {
    return {of.increment, of.maximum, of.cycles, greatest, rank};
}

// Two masters that both write.
bool ids_may_meet(workbench const& bench, options const& set) noexcept {
    return bench.nodes.size() == 2 && !set.one_way;
}

awaitable<void> read_states(workbench& bench) {
    for (std::size_t at = 0; at < bench.nodes.size(); ++at) {
        co_await read_sequence_states(bench.sessions[at], bench.nodes[at]);
    }
}

// One sequence on both nodes, from its lock to its commit.
class strider {
public:
    strider(workbench& bench, sequence_info const& left, sequence_info const& right,
            options const& set)
        : bench_{bench}, of_{left, right} {
        for (std::size_t at = 0; at < of_.size(); ++at) {
            ranks_[at] = set.member(bench.nodes[at].name)->rank;
        }
    }

    awaitable<void> carry_out(std::vector<std::string>& lines, bool dry) {
        for (std::size_t at = 0; at < of_.size(); ++at) {
            greatest_[at] = co_await greatest_in_columns(bench_.sessions[at], of_[at]);
            if (!dry) { // it keeps others from its numbers until the end
                co_await begin(at);
            }
            auto query = fmt::format("SELECT last_value FROM {}", name());
            auto const last = co_await bench_.sessions[at].run(std::move(query), doing());
            greatest_[at] = std::max(greatest_[at], number_in(last));
        }
        auto const made = stride_for(std::array{counted(of_[0], greatest_[0], ranks_[0]),
                                                counted(of_[1], greatest_[1], ranks_[1])});
        if (!made) {
            lines.push_back(
                fmt::format("{}sequence {}: {}", dry ? "-- " : "", shown(), made.error()));
            co_await end(dry, "ROLLBACK");
            co_return;
        }
        for (std::size_t at = 0; at < of_.size(); ++at) {
            auto statement = fmt::format("ALTER SEQUENCE {} INCREMENT BY {} START WITH {} RESTART",
                                         name(), made->increment, made->starts[at]);
            if (!dry) {
                co_await bench_.sessions[at].run(statement, doing());
            }
            lines.push_back(fmt::format("{}node {}:{}{}{}", dry ? "-- " : "", bench_.nodes[at].name,
                                        dry ? "\n" : " ", statement, dry ? ";" : ""));
        }
        if (made->left < little_room) {
            lines.push_back(fmt::format(
                "{}sequence {}: it has {} numbers left on a node: give its columns and it "
                "a wider type in time",
                dry ? "-- " : "", shown(), made->left));
        }
        co_await end(dry, "COMMIT");
    }

private:
    [[nodiscard]] std::string name() const { return sql::qualified(of_[0].schema, of_[0].name); }
    [[nodiscard]] std::string shown() const { return shown_table(of_[0].schema, of_[0].name); }
    [[nodiscard]] std::string doing() const { return "setting the step of sequence " + shown(); }

    awaitable<void> begin(std::size_t at) {
        auto& node = bench_.sessions[at];
        co_await node.run("BEGIN", doing());
        co_await node.run("SET LOCAL lock_timeout = '2s'", doing());
        auto lock = fmt::format("ALTER SEQUENCE {} INCREMENT BY {}", name(), of_[at].increment);
        co_await node.run(std::move(lock), doing());
    }

    awaitable<void> end(bool dry, std::string how) {
        for (std::size_t at = 0; !dry && at < of_.size(); ++at) {
            co_await bench_.sessions[at].run(how, doing());
        }
    }

    workbench& bench_;
    std::array<sequence_info, 2> of_;
    std::array<int, 2> ranks_{};
    std::array<std::int64_t, 2> greatest_{};
};

} // namespace

awaitable<void> check_ids(workbench& bench, options set) {
    if (set.ids != options::id_care::leave && bench.nodes.size() != 2) {
        throw config_error{
            "--ids compares sequences of two nodes: run it where both can be reached, with --node "
            "for each"};
    }
    if (set.ids != options::id_care::check || !ids_may_meet(bench, set)) {
        co_return;
    }
    co_await read_states(bench);
    std::vector<finding> found;
    check_sequences(bench.nodes[0], bench.nodes[1], found);
    std::string text;
    for (finding const& each : found) {
        text += fmt::format("{}: {}; {}\n", each.condition, each.current, each.cure);
    }
    if (!text.empty()) {
        text.pop_back();
        throw command_failed{exit_status::check, text};
    }
}

awaitable<std::vector<std::string>> stride_sequences(workbench& bench, options set, bool dry) {
    std::vector<std::string> lines;
    if (set.ids != options::id_care::stride || !ids_may_meet(bench, set)) {
        co_return lines;
    }
    co_await read_states(bench);
    auto const& theirs = bench.nodes[1].sequences;
    for (auto const& mine : bench.nodes[0].sequences) {
        auto const other = std::ranges::find_if(theirs, [&](sequence_info const& each) {
            return each.schema == mine.schema && each.name == mine.name;
        });
        if (other != theirs.end() && share_numbers(mine, *other)) {
            strider work{bench, mine, *other, set};
            co_await work.carry_out(lines, dry);
        }
    }
    for (std::size_t at = 0; at < bench.nodes.size(); ++at) {
        auto const statement = fmt::format(
            "UPDATE tandem.meta SET id_places = {0}, id_place = {1} WHERE (id_places, id_place) IS DISTINCT FROM ({0}, {1})",
            stride_places, set.member(bench.nodes[at].name)->rank);
        if (dry) {
            lines.push_back(fmt::format("-- node {}:\n{};", bench.nodes[at].name, statement));
        } else {
            co_await bench.sessions[at].run(statement, "noting the place of new sequences");
        }
    }
    co_return lines;
}

} // namespace tandem::engine
