#include "engine/admin/init.hpp"

#include "codecs/sql/quote.hpp"
#include "codecs/sql/schema.hpp"
#include "engine/admin/check.hpp"
#include "engine/admin/compare.hpp"
#include "engine/admin/failure.hpp"
#include "engine/admin/origin_column.hpp"
#include "engine/admin/read_catalog.hpp"
#include "engine/admin/slots.hpp"
#include "engine/admin/stride_sequences.hpp"
#include "engine/admin/table_begin.hpp"
#include "engine/admin/workbench.hpp"
#include "engine/config/error.hpp"
#include "engine/config/load.hpp"
#include "engine/core/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

namespace tandem::engine {
namespace {

// What has been created so far, to be taken away in reverse when a later step fails.
struct undo_step {
    std::string node;
    std::string sql;
};

class initialiser {
public:
    initialiser(io::asio::any_io_executor executor, options set)
        : executor_{std::move(executor)}, set_{std::move(set)} {}

    // Throws what stands against a start; a dry run gets what concerns servers and rights as text.
    awaitable<std::string> look(bool dry) {
        bench_ = co_await open_workbench(executor_, set_);
        std::string unmet = refuse(check_nodes(bench_.nodes, set_), dry);
        policy_ = choose_policy(bench_.nodes, set_);
        choices_ = choose_all(bench_.nodes, set_);
        unmet += refuse(check_contents(bench_.nodes, choices_, set_), dry);
        refuse_without_tables();
        co_await check_ids(bench_, set_);
        if (unmet.empty()) { // the probe needs the rights that are missing
            choices_ = co_await check_filters(bench_, std::move(choices_));
        }
        plan_ = plan_init(bench_.nodes, choices_, set_.origin_column,
                          tells_seen(set_, policy_.policy), ddl_wish_of(set_));
        notes_.insert(notes_.end(), plan_.notes.begin(), plan_.notes.end());
        notes_.insert(notes_.end(), plan_.hints.begin(), plan_.hints.end());
        co_return unmet;
    }

    awaitable<void> create() {
        refuse_to_narrow_what_runs();
        refuse_without_comparing();
        co_await tables_.check_before();
        std::exception_ptr failed;
        try {
            co_await install();
            co_await extend_publications();
            co_await start_streams();
        } catch (...) {
            failed = std::current_exception();
        }
        if (failed) {
            co_await undo();
            std::rethrow_exception(failed);
        }
        co_await reread();
        auto const strides = co_await stride_sequences(bench_, set_, false);
        notes_.insert(notes_.end(), strides.begin(), strides.end());
    }

    // As SQL, for a dry run.
    awaitable<std::string> stride_text() {
        auto const lines = co_await stride_sequences(bench_, set_, true);
        co_return fmt::format("{}{}", fmt::join(lines, "\n"), lines.empty() ? "" : "\n");
    }

    // Without --init the publication decides what is synced: flags that choose something else would be
    // passed over in silence.
    void refuse_other_choice() const {
        if (set_.tables.empty() && set_.exclude.empty()) {
            return;
        }
        for (node_plan const& part : plan_.nodes) {
            std::vector<std::string> other = part.changed;
            std::ranges::copy_if(part.removed, std::back_inserter(other),
                                 [&](std::string const& table) { return !left_out(table); });
            if (!other.empty()) {
                throw config_error{fmt::format(
                    "node {} publishes {} otherwise than --tables and --exclude say; run 'tandem init' "
                    "with these flags (or run --init) to change what is synced",
                    part.node, fmt::join(other, ", "))};
            }
        }
    }

    [[nodiscard]] init_plan const& plan() const noexcept { return plan_; }
    [[nodiscard]] std::vector<node_catalog> const& nodes() const noexcept { return bench_.nodes; }

    // The end: what the caller goes on with.
    [[nodiscard]] prepared result() {
        for (table_choice& choice : choices_) {
            if (auto const* const source = find_catalog(bench_.nodes, choice.source)) {
                keep_published(choice, *source);
            }
        }
        return {std::move(bench_.nodes), std::move(choices_), std::move(policy_), std::move(notes_),
                plan_.notes.empty()};
    }

private:
    // For another reason than the user's choice.
    [[nodiscard]] bool left_out(std::string const& table) const {
        return std::ranges::any_of(choices_, [&](table_choice const& choice) {
            return std::ranges::any_of(
                choice.left_out, [&](left_out_table const& each) { return each.table == table; });
        });
    }

    static std::string refuse(std::vector<finding> const& findings, bool dry) {
        auto const refused = refusal(findings);
        if (refused && (!dry || refused->status() == exit_status::usage)) {
            throw *refused;
        }
        return refused ? std::string{refused->what()} + "\n" : std::string{};
    }

    void refuse_without_tables() const {
        for (table_choice const& choice : choices_) {
            if (!choice.synced.empty()) {
                continue;
            }
            std::string text =
                fmt::format("no table can be synced from node {} to node {}; create one "
                            "with a primary key on both",
                            choice.source, choice.target);
            for (left_out_table const& each : choice.left_out) {
                text += fmt::format("\ntable {}: {}", each.table, each.reason);
            }
            throw config_error{text};
        }
    }

    // A running instance would go on without these tables and never say so.
    void refuse_to_narrow_what_runs() const {
        for (node_plan const& part : plan_.nodes) {
            auto const slots = own_slots(catalog_of(bench_.nodes, part.node));
            bool const runs = std::ranges::any_of(slots, &slot_info::active);
            if (runs && !part.removed.empty()) {
                throw command_failed{
                    exit_status::environment,
                    fmt::format(
                        "node {}: {} would leave the publication while an instance runs: stop "
                        "it first, or give the --tables and --exclude that it was set up with",
                        part.node, fmt::join(part.removed, ", "))};
            }
        }
    }

    // What a peer has, nobody here can look at.
    void refuse_without_comparing() const {
        bool const begins =
            std::ranges::any_of(plan_.streams,
                                [](stream_plan const& stream) { return !stream.empty(); }) ||
            std::ranges::any_of(plan_.nodes,
                                [](node_plan const& part) { return !part.additions.empty(); });
        if (!set_.peers.empty() && begins && set_.first_sync != first_sync::none) {
            throw config_error{fmt::format(
                "the tables of node {} cannot be compared from here: run 'tandem init' once where "
                "both databases can be reached, or, when both have the same rows, add --first-sync "
                "none on both sites",
                set_.peers.front().name)};
        }
    }

    awaitable<void> install() {
        for (node_plan const& part : plan_.nodes) {
            if (part.install.empty()) {
                continue;
            }
            session& node = bench_.of(part.node);
            std::string const doing = "setting up schema and publication";
            co_await node.run("BEGIN", doing);
            co_await node.run("SET LOCAL lock_timeout = '5s'", doing);
            for (std::string const& statement : part.install) {
                co_await node.run(statement, doing);
            }
            co_await node.run("COMMIT", doing);
            for (std::string const& table : part.removed) {
                notes_.push_back(fmt::format("node {}: table {} removed from publication {}",
                                             part.node, table, publication_name));
            }
            if (part.creates_schema) {
                undo_.push_back({part.node, fmt::format("DROP SCHEMA {} CASCADE", schema_name)});
                notes_.push_back(fmt::format("node {}: schema {} created", part.node, schema_name));
            }
            if (part.creates_publication) {
                undo_.push_back({part.node, fmt::format("DROP PUBLICATION {}", publication_name)});
                notes_.push_back(
                    fmt::format("node {}: publication {} created", part.node, publication_name));
            }
        }
    }

    awaitable<void> extend_publications() {
        std::vector<std::string> done;
        for (node_plan const& part : plan_.nodes) {
            for (table_addition const& addition : part.additions) {
                if (std::find(done.begin(), done.end(), addition.table) == done.end()) {
                    done.push_back(addition.table);
                    co_await add_table(addition.table);
                }
            }
        }
    }

    // R17: while every node that publishes it anew holds the lock, nobody has the table half written
    // and both copies are equal.
    awaitable<void> add_table(std::string table) {
        std::string const doing = "adding table " + table + " to the publication";
        std::vector<std::pair<session*, table_addition const*>> parts;
        for (node_plan const& part : plan_.nodes) {
            for (table_addition const& addition : part.additions) {
                if (addition.table == table) {
                    parts.emplace_back(&bench_.of(part.node), &addition);
                }
            }
        }
        for (auto const& [node, addition] : parts) {
            co_await node->run("BEGIN", doing);
            co_await node->run("SET LOCAL lock_timeout = '2s'", doing);
            co_await node->run(addition->lock, doing);
        }
        co_await tables_.check_locked(table);
        for (auto const& [node, addition] : parts) {
            co_await node->run(addition->change, doing);
        }
        for (auto const& [node, addition] : parts) {
            co_await node->run("COMMIT", doing);
            notes_.push_back(fmt::format("node {}: table {} added to publication {}", node->node(),
                                         table, publication_name));
        }
        co_await tables_.added(table);
    }

    awaitable<void> start_streams() {
        co_await reread();
        std::vector<new_slot> slots; // keep the snapshots open until the comparison is over
        std::vector<std::string> starts;
        for (stream_plan const& stream : plan_.streams) {
            starts.emplace_back();
            if (stream.create_slot) {
                new_slot made = co_await create_slot(stream);
                starts.back() = made.start;
                slots.push_back(std::move(made));
            }
        }
        for (stream_plan const& stream : plan_.streams) { // a copy needs it first
            if (stream.create_origin && stream.target_here) {
                undo_.push_back(
                    {stream.target, fmt::format("SELECT pg_replication_origin_drop(roname) FROM "
                                                "pg_replication_origin WHERE roname = {}",
                                                sql::literal(stream.origin))});
            }
        }
        co_await tables_.at_start(slots);
        for (std::size_t i = 0; i < plan_.streams.size(); ++i) {
            co_await create_target(plan_.streams[i], starts[i]);
        }
    }

    awaitable<new_slot> create_slot(stream_plan stream) {
        session& source = bench_.of(stream.source);
        std::string const drop =
            fmt::format("SELECT pg_drop_replication_slot({})", sql::literal(stream.slot));
        if (stream.drop_slot) {
            co_await source.run(drop, "making slot " + stream.slot + " anew");
        }
        auto creating = engine::create_slot(source, *set_.node(stream.source), stream.slot);
        new_slot made = co_await std::move(creating);
        undo_.push_back({stream.source, drop});
        co_await source.run(
            sending_statement(stream.target, sql::literal(made.start), stream.target_here),
            "noting where the stream begins");
        undo_.push_back({stream.source, fmt::format("DELETE FROM tandem.sending WHERE peer = {}",
                                                    sql::literal(stream.target))});
        notes_.push_back(
            fmt::format("node {}: slot {} created at {}", stream.source, stream.slot, made.start));
        co_return made;
    }

    awaitable<void> create_target(stream_plan stream, std::string start) {
        if (!stream.create_origin && !stream.create_progress) {
            co_return;
        }
        session& target = bench_.of(stream.target);
        std::string const doing = "setting up progress of node " + stream.source;
        co_await target.run("BEGIN", doing);
        if (stream.create_origin) {
            std::string const create = fmt::format(
                "SELECT pg_replication_origin_create({0}) WHERE NOT EXISTS (SELECT FROM "
                "pg_replication_origin WHERE roname = {0})", // what was copied may have made it
                sql::literal(stream.origin));
            co_await target.run(create, doing);
        }
        if (stream.create_progress) {
            std::string const insert =
                stream.source_here ? progress_statement(catalog_of(bench_.nodes, stream.source),
                                                        sql::literal(start))
                                   : open_progress_statement(stream.source);
            co_await target.run(insert, doing);
        }
        co_await target.run("COMMIT", doing);
        if (stream.create_progress) {
            undo_.push_back(
                {stream.target, fmt::format("DELETE FROM tandem.progress WHERE stream = {}",
                                            sql::literal(stream.source))});
            notes_.push_back(fmt::format(
                "node {}: progress of node {} starts {}", stream.target, stream.source,
                stream.source_here ? "at " + start : "where its stream in Kafka begins"));
        }
    }

    awaitable<void> reread() {
        for (node_catalog& each : bench_.nodes) {
            each = co_await read_catalog(bench_.of(each.name), each.rank);
        }
    }

    // On new sessions: the old ones may be broken or inside a failed transaction.
    awaitable<void> undo() {
        bench_.sessions.clear();
        for (; !undo_.empty(); undo_.pop_back()) {
            undo_step const& step = undo_.back();
            try {
                session node = co_await session::open(executor_, *set_.node(step.node));
                co_await node.run(step.sql, "undoing");
            } catch (command_failed const&) {
                // The first failure is what the user hears; a second init finishes what is half done.
            }
        }
    }

    io::asio::any_io_executor executor_;
    options set_;
    workbench bench_;
    chosen_policy policy_;
    std::vector<table_choice> choices_;
    init_plan plan_;
    std::vector<std::string> notes_;
    table_begin tables_{set_, bench_, plan_, notes_};
    std::vector<undo_step> undo_;
};

// Without --init: what is missing is named, not made.
void require_installed(std::vector<node_catalog> const& nodes, options const& set) {
    for (direction_names const& each : directions(set)) {
        for (std::string const& name : {each.source, each.target}) {
            node_catalog const* const node = find_catalog(nodes, name);
            if (node == nullptr) {
                continue; // its own site says so
            }
            bool const publishes = name == each.source;
            bool const progress =
                std::ranges::find(node->installed.progress, each.source, &progress_info::stream) !=
                node->installed.progress.end();
            if (node->installed.schema_version.value_or(sql::schema_version) <
                sql::schema_version) {
                throw config_error{fmt::format(
                    "node {} was set up by an older tandem; run 'tandem init' with the same "
                    "nodes, or add --init, which brings schema tandem to version {}",
                    node->name, sql::schema_version)};
            }
            if (auto const otherwise = set_up_otherwise(*node, set)) {
                throw config_error{*otherwise};
            }
            if (node->installed.schema_version &&
                (publishes ? node->installed.publication.has_value() : progress)) {
                continue;
            }
            throw config_error{
                fmt::format("node {} is not set up for the direction {} to {}; run 'tandem "
                            "init' with the same nodes, or add --init",
                            node->name, each.source, each.target)};
        }
    }
}

} // namespace

awaitable<prepared> initialise(io::asio::any_io_executor executor, options set) {
    validate_sites(set);
    initialiser work{std::move(executor), std::move(set)};
    co_await work.look(false);
    co_await work.create();
    co_return work.result();
}

awaitable<prepared> prepare(io::asio::any_io_executor executor, options set) {
    if (set.init) {
        co_return co_await initialise(std::move(executor), std::move(set));
    }
    validate_sites(set);
    initialiser work{std::move(executor), set};
    co_await work.look(false);
    require_installed(work.nodes(), set);
    work.refuse_other_choice();
    co_return work.result();
}

awaitable<dry_run> initialise_dry_run(io::asio::any_io_executor executor, options set) {
    validate_sites(set);
    initialiser work{std::move(executor), std::move(set)};
    dry_run result;
    result.unmet = co_await work.look(true);
    auto const strides = co_await work.stride_text();
    result.sql = dry_run_text(work.plan(), work.nodes()) + strides;
    co_return result;
}

} // namespace tandem::engine
