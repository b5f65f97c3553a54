#include "engine/admin/table_begin.hpp"

#include "codecs/sql/quote.hpp"
#include "engine/admin/compare.hpp"
#include "engine/admin/failure.hpp"
#include "engine/config/error.hpp"
#include "engine/core/names.hpp"
#include "io/pg/copy_between.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace tandem::engine {
namespace {

constexpr std::size_t keys_named = 3;
constexpr char const* at_the_start = "comparing tables at the start of the streams";
constexpr auto copy_said_every = std::chrono::seconds{10};

std::string difference_text(std::string const& source, std::string const& target,
                            table_comparison const& found) {
    std::string keys;
    for (auto const* list : {&found.only_source, &found.only_target, &found.changed}) {
        for (std::string const& key : *list) {
            keys += (keys.empty() ? ", such as " : ", ") + key;
        }
    }
    return fmt::format("table {} differs: {} rows on node {}, {} on node {}{}", found.table,
                       found.source_rows, source, found.target_rows, target, keys);
}

constexpr char const* equal_cure =
    "tables must be equal (or both empty) before syncing starts: make them so, "
    "leave them out with "
    "--exclude, or start anyway and leave the differences with --first-sync "
    "none";

awaitable<bool> is_empty(session& node, table_info where, std::string filter) {
    auto text =
        fmt::format("SELECT NOT EXISTS (SELECT FROM {}{}{})", where.kind == 'p' ? "" : "ONLY ",
                    sql::qualified(where.schema, where.name),
                    filter.empty() ? "" : fmt::format(" WHERE ({})", filter));
    auto const got = co_await node.run(std::move(text), at_the_start);
    co_return got.boolean(0, 0);
}

std::string column_names(std::vector<std::string> const& columns) {
    std::string text;
    for (std::string const& each : columns) {
        text.append(text.empty() ? "" : ", ").append(sql::identifier(each));
    }
    return text;
}

// Every so often, what a long COPY has done.
class copy_report {
public:
    copy_report(std::string table, std::int64_t bytes_expected)
        : table_{std::move(table)}, expected_{bytes_expected} {}

    void operator()(std::uint64_t bytes) {
        auto const now = std::chrono::steady_clock::now();
        if (now - said_at_ < copy_said_every) {
            return;
        }
        said_at_ = now;
        auto const seconds = std::chrono::duration<double>(now - began_).count();
        auto const rate = static_cast<double>(bytes) / seconds;
        auto const left = static_cast<double>(expected_) - static_cast<double>(bytes);
        spdlog::info("first sync: table {}: {:.1f} MB copied, {:.1f} MB/s{}", table_,
                     static_cast<double>(bytes) / 1e6, rate / 1e6,
                     left > 0 ? fmt::format(", about {:.0f} s left", left / rate) : "");
    }

private:
    std::string table_;
    std::int64_t expected_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point said_at_ = began_;
};

} // namespace

// Only one of two masters can take rows of the other one away again, and only
// where their writers are told apart.
bool table_begin::copies() const noexcept {
    return set_.first_sync != first_sync::none && set_.origin_column.empty() && set_.peers.empty();
}

bool table_begin::merges() const noexcept {
    return copies() && ((set_.first_sync == first_sync::merge && !set_.one_way) ||
                        set_.first_sync == first_sync::from);
}

bool table_begin::refuses() const noexcept {
    return set_.first_sync != first_sync::none && !merges();
}

awaitable<void> table_begin::open_transactions(std::vector<new_slot> const* slots) {
    for (session& each : bench_.sessions) {
        co_await each.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", at_the_start);
        if (slots == nullptr) {
            continue;
        }
        for (new_slot const& slot : *slots) {
            if (slot.walsender.node() == each.node()) {
                std::string const take = "SET TRANSACTION SNAPSHOT " + sql::literal(slot.snapshot);
                co_await each.run(take, at_the_start);
            }
        }
    }
}

awaitable<void> table_begin::close_transactions() {
    for (session& each : bench_.sessions) {
        co_await each.run("COMMIT", at_the_start);
    }
}

awaitable<void> table_begin::check_before() {
    if (!refuses()) {
        co_return;
    }
    co_await open_transactions(nullptr);
    std::string const all;
    co_await compare_all(all);
    co_await close_transactions();
}

awaitable<void> table_begin::check_locked(std::string table) {
    if (refuses()) {
        co_await compare_all(std::move(table));
    }
}

// `only` names one table; empty: all. The two directions of a pair compare the
// same tables once.
awaitable<void> table_begin::compare_all(std::string only) {
    std::string text;
    std::set<std::string> done;
    for (stream_plan const& stream : plan_.streams) {
        for (chosen_table const& table : stream.to_compare) {
            std::string const name = table.source.display();
            if ((!only.empty() && name != only) || !done.insert(name).second) {
                continue;
            }
            session& target = bench_.of(stream.target);
            if (only.empty() && copies()) {
                bool const to_be_filled = co_await is_empty(target, table.target, table.where);
                if (to_be_filled) {
                    continue;
                }
            }
            table_comparison const found = co_await compare_table(
                bench_.of(stream.source), bench_.of(stream.target), table, keys_named);
            if (!found.equal()) {
                text += difference_text(stream.source, stream.target, found) + "\n";
            }
        }
    }
    if (!text.empty()) {
        throw config_error{text + equal_cure};
    }
}

awaitable<void> table_begin::at_start(std::vector<new_slot> const& slots) {
    if (slots.empty() || set_.first_sync == first_sync::none) {
        co_return;
    }
    co_await open_transactions(&slots);
    std::set<std::string> done;
    std::string refused;
    for (stream_plan const& stream : plan_.streams) {
        for (chosen_table const& table : stream.to_compare) {
            if (done.insert(table.source.display()).second) {
                auto const against = co_await begin(stream, table, slots);
                refused += against;
            }
        }
    }
    if (!refused.empty()) {
        throw config_error{refused + equal_cure};
    }
    co_await close_transactions();
    co_await leave_to_instance(std::move(tasks_));
}

// What stands against it, as a line.
awaitable<std::string> table_begin::begin(stream_plan const& stream, chosen_table const& table,
                                          std::vector<new_slot> const& slots) {
    session& source = bench_.of(stream.source);
    session& target = bench_.of(stream.target);
    bool const none_here = co_await is_empty(source, table.source, table.where);
    bool const none_there = co_await is_empty(target, table.target, table.where);
    if (none_here && none_there) {
        co_return std::string{};
    }
    bool const follows = set_.first_sync == first_sync::from;
    bool const here_wanted = !follows || set_.first_sync_from == stream.source;
    bool const there_wanted = !set_.one_way && (!follows || set_.first_sync_from == stream.target);
    bool done = false;
    if (copies() && none_there && here_wanted) {
        done = co_await copied(stream.source, stream.target, table, true, slots);
    } else if (copies() && none_here && there_wanted) {
        done = co_await copied(stream.target, stream.source, table, false, slots);
    }
    if (done) {
        if (merges()) { // what was deleted there meanwhile is looked for
            tasks_.push_back(task_of(table));
        }
        co_return std::string{};
    }
    if (!merges()) {
        auto comparing = compare_table(source, target, table, keys_named);
        auto const found = co_await std::move(comparing);
        co_return found.equal() ? std::string{}
                                : difference_text(stream.source, stream.target, found) + "\n";
    }
    table_comparison counts;
    table_differences differences{source, target, table};
    co_await differences.open(counts);
    auto const first = co_await differences.next(1);
    co_await differences.close();
    if (!first.empty()) {
        notes_.push_back(fmt::format("table {} differs ({} rows on node {}, {} on node {}): it "
                                     "is made equal while the sync runs",
                                     counts.table, counts.source_rows, stream.source,
                                     counts.target_rows, stream.target));
        tasks_.push_back(task_of(table));
    }
    co_return std::string{};
}

// False: it could not be done so; nothing was written.
awaitable<bool> table_begin::copied(std::string source, std::string target,
                                    chosen_table const& table, bool forward,
                                    std::vector<new_slot> const& slots) {
    auto const slot = std::ranges::find(slots, source,
                                        [](new_slot const& each) { return each.walsender.node(); });
    auto const& to_catalog = catalog_of(bench_.nodes, target);
    if (slot == slots.end() || !to_catalog.role.set_replica_role) {
        co_return false;
    }
    table_info const& from = forward ? table.source : table.target;
    table_info const& to = forward ? table.target : table.source;
    std::string const doing = "copying table " + from.display();
    auto const executor = co_await io::asio::this_coro::executor;
    node_options const from_node = *set_.node(source);
    node_options const to_node = *set_.node(target);
    session reader = co_await session::open(executor, from_node);
    session writer = co_await session::open(executor, to_node);
    co_await reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", doing);
    std::string const snapshot = "SET TRANSACTION SNAPSHOT " + sql::literal(slot->snapshot);
    co_await reader.run(snapshot, doing);
    auto const size =
        co_await reader.run(fmt::format("SELECT pg_table_size({}::regclass)",
                                        sql::literal(sql::qualified(from.schema, from.name))),
                            doing);
    auto const origin = sql::literal(origin_name(to_catalog.database, source));
    std::string const begin =
        fmt::format("SET session_replication_role = replica; SET lock_timeout = '5s'; SELECT "
                    "pg_replication_origin_create({0}) WHERE NOT EXISTS (SELECT FROM "
                    "pg_replication_origin WHERE "
                    "roname = {0}); SELECT pg_replication_origin_session_setup({0}); BEGIN; "
                    "SELECT "
                    "pg_replication_origin_xact_setup('0/1', clock_timestamp())",
                    origin);
    co_await writer.run(begin, doing);
    auto const names = column_names(table.columns);
    auto const out =
        fmt::format("COPY (SELECT {} FROM {}{}{}) TO STDOUT", names,
                    from.kind == 'p' ? "" : "ONLY ", sql::qualified(from.schema, from.name),
                    table.where.empty() ? "" : fmt::format(" WHERE ({})", table.where));
    auto const in =
        fmt::format("COPY {} ({}) FROM STDIN", sql::qualified(to.schema, to.name), names);
    copy_report report{from.display(), size.integer(0, 0)};
    auto const began = std::chrono::steady_clock::now();
    auto copying = io::pg::copy_between(reader.link(), out, writer.link(), in, report);
    auto const copied = co_await std::move(copying);
    if (!copied) {
        spdlog::warn("{}: {}: {}; its rows are merged while the sync runs", target, doing,
                     copied.error().message);
        co_return false;
    }
    co_await writer.run("COMMIT", doing);
    auto const seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    notes_.push_back(fmt::format(
        "node {}: table {}: {} rows ({:.1f} MB) copied from node {} in {:.1f} s", target,
        to.display(), copied->rows, static_cast<double>(copied->bytes) / 1e6, source, seconds));
    co_return true;
}

awaitable<void> table_begin::added(std::string table) {
    if (!merges()) {
        co_return;
    }
    std::vector<sync_task> tasks;
    for (stream_plan const& stream : plan_.streams) {
        for (chosen_table const& each : stream.to_compare) {
            if (each.source.display() != table || !tasks.empty()) {
                continue;
            }
            std::string const all_rows;
            bool const none_here =
                co_await is_empty(bench_.of(stream.source), each.source, all_rows);
            bool const none_there =
                co_await is_empty(bench_.of(stream.target), each.target, all_rows);
            if (!none_here || !none_there) {
                tasks.push_back(task_of(each));
            }
        }
    }
    co_await leave_to_instance(std::move(tasks));
}

sync_task table_begin::task_of(chosen_table const& table) const {
    sync_task made;
    made.schema = table.source.schema;
    made.name = table.source.name;
    made.why = first_sync_task;
    made.follow = set_.first_sync == first_sync::from ? set_.first_sync_from : std::string{};
    made.peer_deletes = true;
    return made;
}

awaitable<void> table_begin::leave_to_instance(std::vector<sync_task> tasks) {
    if (!tasks.empty()) {
        co_await ask_for(bench_.of(task_keeper(set_).name), std::move(tasks));
    }
}

} // namespace tandem::engine
