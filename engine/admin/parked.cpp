#include "engine/admin/parked.hpp"

#include "codecs/sql/parked_statements.hpp"
#include "codecs/sql/schema.hpp"
#include "engine/admin/failure.hpp"
#include "engine/admin/parked_rows.hpp"
#include "engine/config/error.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr char const* doing = "working on tandem.parked";

// What waits on one node may need what waited on the other.
constexpr int retry_rounds_most = 10;

// On either side of a lock of the stream's progress this is decided once: who starts takes that row first (R4).
constexpr char const* served_query =
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND "
    "application_name IN ('tandem apply ' || $1, 'tandem control ' || $1, 'tandem receiving ' || $1))";

bool meant(parked_entry const& one, parked_choice const& choice) {
    if (choice.direction && (choice.direction->source != one.direction.source ||
                             choice.direction->target != one.direction.target)) {
        return false;
    }
    auto const& table = one.row.table;
    bool const named = choice.table.empty() || choice.table == table ||
                       (table.ends_with(choice.table) && table.size() > choice.table.size() &&
                        table[table.size() - choice.table.size() - 1] == '.');
    return named && (!choice.key || *choice.key == one.row.key ||
                     (!one.row.new_key.empty() && *choice.key == one.row.new_key));
}

// Rows of one stream, those that are meant or not.
void number_lanes(std::span<parked_entry> stream, bool keys_alone) {
    std::vector<parked_row> rows;
    for (auto const& one : stream) {
        rows.push_back(one.row);
    }
    auto const lanes = lanes_of(rows, keys_alone);
    std::map<std::size_t, std::size_t> behind;
    for (std::size_t at = stream.size(); at-- > 0;) {
        stream[at].lane = lanes[at];
        stream[at].behind = behind[lanes[at]]++;
    }
}

awaitable<std::vector<parked_entry>> entries_of(session& target, bool values, bool keys_alone) {
    auto const got = co_await target.run(sql::parked_list(values), doing);
    auto rows = parked_rows_of(got);
    std::vector<parked_entry> entries(rows.size());
    for (int at = 0; at < got.size(); ++at) {
        auto& one = entries[static_cast<std::size_t>(at)];
        one.row = std::move(rows[static_cast<std::size_t>(at)]);
        one.key = got.optional(at, 3);
        one.escaped = got.boolean(at, 5);
        one.direction = {std::string{got.text(at, 9)}, target.node()};
        one.position = std::string{got.text(at, 10)};
        one.index = got.integer(at, 11);
        one.operation = std::string{got.text(at, 12)};
        one.sqlstate = std::string{got.text(at, 8)};
        one.error = std::string{got.text(at, 13)};
        one.since = std::string{got.text(at, 14)};
        one.tried_at = got.optional(at, 15);
        one.with_values = values;
        if (values) {
            one.values = got.optional(at, 16);
            one.old_key = got.optional(at, 17);
            one.detail = got.optional(at, 18);
        }
    }
    for (std::size_t first = 0; first < entries.size();) {
        auto next = first;
        while (next < entries.size() &&
               entries[next].direction.source == entries[first].direction.source) {
            ++next;
        }
        number_lanes(std::span{entries}.subspan(first, next - first), keys_alone);
        first = next;
    }
    co_return entries;
}

// One lane of what a request is for.
struct request_lane {
    parked_outcome outcome;
    std::set<std::int64_t> ids;
};
// By stream, at one target.
using request_lanes = std::map<std::string, std::vector<request_lane>>;

request_lanes lanes_meant(std::vector<parked_entry> const& entries, parked_choice const& choice) {
    std::set<std::pair<std::string, std::size_t>> wanted;
    for (auto const& one : entries) {
        if (meant(one, choice)) {
            wanted.emplace(one.direction.source, one.lane);
        }
    }
    std::map<std::pair<std::string, std::size_t>, request_lane> found;
    for (auto const& one : entries) {
        std::pair const name{one.direction.source, one.lane};
        if (!wanted.contains(name)) {
            continue;
        }
        auto& lane = found[name];
        if (lane.ids.empty()) {
            lane.outcome.direction = one.direction;
            lane.outcome.table = one.row.table;
            lane.outcome.key = one.key;
        }
        if (one.row.whole_table && !choice.key) {
            lane.outcome.key.reset();
        }
        lane.ids.insert(one.row.id);
        lane.outcome.changes = lane.ids.size();
    }
    request_lanes lanes;
    for (auto& [name, lane] : found) {
        lanes[name.first].push_back(std::move(lane));
    }
    return lanes;
}

std::vector<std::int64_t> all_ids(std::vector<request_lane> const& lanes) {
    std::vector<std::int64_t> ids;
    for (auto const& lane : lanes) {
        ids.insert(ids.end(), lane.ids.begin(), lane.ids.end());
    }
    return ids;
}

awaitable<bool> served(session& target, std::string stream) {
    io::pg::parameters values;
    values.emplace_back(std::move(stream));
    auto const got = co_await target.ask(served_query, values, doing);
    co_return got.boolean(0, 0);
}

// True when it was done here: nobody serves the stream, and nobody can begin to before this has committed.
awaitable<bool> drop_unserved(session& target, std::string stream, std::vector<std::int64_t> ids) {
    io::pg::parameters values;
    values.emplace_back(stream);
    auto const begun = co_await target.run("BEGIN", doing);
    auto const locked = co_await target.ask(
        "SELECT FROM tandem.progress WHERE stream = $1 FOR UPDATE", values, doing);
    bool const somebody = co_await served(target, stream);
    if (somebody) {
        auto const ended = co_await target.run("ROLLBACK", doing);
        co_return false;
    }
    auto const asked = co_await target.run(sql::ask_parked(ids, "drop"), doing);
    auto const got = co_await target.ask(sql::parked_rows(), values, doing);
    auto const rows = parked_rows_of(got);
    auto const decided = decide_drop(rows);
    auto const dropped = ids_of(rows, decided.dropped);
    auto const gone = co_await target.run(sql::drop_parked(dropped, target.node()), doing);
    auto const rest = ids_of(rows, decided.retried);
    auto const freed = co_await target.run(sql::ask_parked(rest, "retry"), doing);
    auto const heads = ids_of(rows, decided.now_whole);
    auto const whole = co_await target.run(sql::make_whole(heads), doing);
    auto const ended = co_await target.run("COMMIT", doing);
    co_return true;
}

// What is there of the lanes now, and what it says.
awaitable<bool> look_again(session& target, std::vector<request_lane>* lanes, parked_state done) {
    auto const entries = co_await entries_of(target, false, false);
    std::map<std::int64_t, parked_entry const*> left;
    for (auto const& one : entries) {
        left[one.row.id] = &one;
    }
    bool waits = false;
    for (auto& lane : *lanes) {
        auto& outcome = lane.outcome;
        outcome.state = done;
        for (auto const id : lane.ids) {
            auto const found = left.find(id);
            if (found == left.end()) {
                continue;
            }
            auto const& one = *found->second;
            if (one.row.asked != parked_request::none) {
                outcome.state = parked_state::waiting;
                waits = true;
                break;
            }
            if (outcome.state == done || outcome.sqlstate == sql::sqlstate::queued) {
                outcome.state = parked_state::failing;
                outcome.sqlstate = one.sqlstate;
                outcome.reason = one.error;
            }
        }
    }
    co_return waits;
}

struct request_terms {
    parked_request request = parked_request::none;
    steady::time_point until;
    parked_progress tell;
};

awaitable<void> carry_out(session& target, std::string stream, std::vector<request_lane>* lanes,
                          request_terms terms) {
    auto const executor = co_await io::asio::this_coro::executor;
    io::asio::steady_timer timer{executor};
    bool const drops = terms.request == parked_request::drop;
    auto const done = drops ? parked_state::dropped : parked_state::applied;
    auto const ids = all_ids(*lanes);
    bool somebody = co_await served(target, stream);
    bool here = false;
    if (drops && !somebody) {
        here = co_await drop_unserved(target, stream, ids);
    }
    if (!here) {
        auto const asked =
            co_await target.run(sql::ask_parked(ids, drops ? "drop" : "retry"), doing);
    }
    auto tell_at = steady::now() + 2s;
    for (;;) {
        bool const waits = co_await look_again(target, lanes, done);
        somebody = co_await served(target, stream);
        if (!waits || !somebody || steady::now() >= terms.until) {
            break;
        }
        if (steady::now() >= tell_at) {
            tell_at = steady::now() + 2s;
            terms.tell(fmt::format("waiting for the instance that serves {} to {}", stream,
                                   target.node()));
        }
        timer.expires_after(100ms);
        co_await timer.async_wait(io::use_tuple);
    }
    for (auto& lane : *lanes) {
        if (lane.outcome.state == parked_state::waiting) {
            lane.outcome.reason =
                somebody ? "the running instance has not come to it yet; it will"
                         : "nobody serves the direction; it is carried out when it starts";
        }
    }
}

} // namespace

awaitable<session> open_set_up(io::asio::any_io_executor executor, node_options node) {
    session opened = co_await session::open(std::move(executor), std::move(node));
    auto const there = co_await opened.run(
        "SELECT to_regclass('tandem.parked') IS NOT NULL AND to_regclass('tandem.meta') IS NOT NULL",
        doing);
    if (!there.boolean(0, 0)) {
        throw command_failed{
            exit_status::usage,
            fmt::format("node {} is not set up; nothing is synced to it", opened.node())};
    }
    auto const version = co_await opened.run("SELECT schema_version FROM tandem.meta", doing);
    if (version.integer(0, 0) != sql::schema_version) {
        throw command_failed{
            exit_status::usage,
            fmt::format("node {} was set up by {} tandem; run 'tandem init' of the newer one",
                        opened.node(),
                        version.integer(0, 0) < sql::schema_version ? "an older" : "a newer")};
    }
    co_return opened;
}

awaitable<std::vector<parked_entry>> list_parked(io::asio::any_io_executor executor, options set,
                                                 parked_choice choice, bool values) {
    std::vector<parked_entry> found;
    for (node_options const& node : set.nodes) {
        session target = co_await open_set_up(executor, node);
        auto entries = co_await entries_of(target, values, false);
        for (auto& one : entries) {
            if (meant(one, choice)) {
                found.push_back(std::move(one));
            }
        }
    }
    co_return found;
}

namespace {

awaitable<std::vector<parked_outcome>> ask_each_node(io::asio::any_io_executor executor,
                                                     std::vector<node_options> nodes,
                                                     parked_choice choice, bool keys_alone,
                                                     request_terms terms) {
    std::vector<parked_outcome> outcomes;
    for (node_options const& node : nodes) {
        session target = co_await open_set_up(executor, node);
        auto const entries = co_await entries_of(target, false, keys_alone);
        auto lanes = lanes_meant(entries, choice);
        for (auto& [stream, wanted] : lanes) {
            co_await carry_out(target, stream, &wanted, terms);
            for (auto& lane : wanted) {
                outcomes.push_back(std::move(lane.outcome));
            }
        }
    }
    co_return outcomes;
}

} // namespace

awaitable<std::vector<parked_outcome>> request_parked(io::asio::any_io_executor executor,
                                                      options set, parked_choice choice,
                                                      parked_request request,
                                                      std::chrono::milliseconds patience,
                                                      parked_progress tell) {
    request_terms const terms{request, steady::now() + patience, std::move(tell)};
    bool const keys_alone = request == parked_request::drop && choice.key.has_value();
    std::vector<parked_outcome> done;
    for (int rounds = 1;; ++rounds) {
        auto asking = ask_each_node(executor, set.nodes, choice, keys_alone, terms);
        auto outcomes = co_await std::move(asking);
        auto const left = std::ranges::stable_partition(outcomes, [](parked_outcome const& each) {
            return each.state == parked_state::applied;
        });
        bool const some_applied = left.begin() != outcomes.begin();
        bool const may_help = some_applied && std::ranges::any_of(left, [](auto const& each) {
                                  return each.state == parked_state::failing;
                              });
        bool const again = may_help && rounds < retry_rounds_most;
        std::ranges::move(outcomes.begin(), again ? left.begin() : outcomes.end(),
                          std::back_inserter(done));
        if (!again) {
            co_return done;
        }
    }
}

direction_names parse_parked_direction(options const& set, std::string const& text) {
    std::size_t const colon = text.find(':');
    direction_names read{text.substr(0, colon),
                         colon == std::string::npos ? std::string{} : text.substr(colon + 1)};
    bool const known = set.node(read.target) != nullptr && read.source != read.target &&
                       (set.nodes.size() < 2 || set.node(read.source) != nullptr);
    if (read.source.empty() || !known) {
        throw config_error{
            fmt::format("--direction '{}': expected SOURCE:TARGET (such as a:b), the target given "
                        "with --node",
                        text)};
    }
    return read;
}

parked_keys::key_values parse_parked_key(std::string const& text) {
    auto json = nlohmann::json::parse(text, nullptr, false);
    bool good = json.is_object() && !json.empty();
    if (!good) {
        json = nlohmann::json::object();
    }
    parked_keys::key_values key;
    for (auto const& [name, value] : json.items()) {
        auto& stored = key[name];
        if (value.is_string()) {
            stored = value.get<std::string>();
        } else if (value.is_boolean()) {
            stored = value.get<bool>() ? "t" : "f";
        } else if (value.is_number()) {
            stored = value.dump();
        } else {
            good = good && value.is_null();
        }
    }
    if (!good) {
        throw config_error{fmt::format("--key '{}': expected the key's columns as JSON, as `tandem "
                                       "parked list` shows them: {{\"id\":\"7\"}}",
                                       text)};
    }
    return key;
}

} // namespace tandem::engine
