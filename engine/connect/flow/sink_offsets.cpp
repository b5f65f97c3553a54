#include "engine/connect/flow/sink_offsets.hpp"

#include "engine/connect/sink_settings.hpp"
#include "engine/flow/sessions.hpp"
#include "io/pg/connection.hpp"

#include <memory>
#include <string>
#include <utility>

namespace tandem::connect {
namespace {

using engine::failure;
using engine::next_step;
using engine::outcome_of;
using engine::retry_after;
using io::pg::parameters;

constexpr char const* all_of =
    "SELECT topic, partition, next_offset FROM tandem_connect.sink_offset WHERE connector = $1 ORDER BY 1, 2";
constexpr char const* put_one =
    "INSERT INTO tandem_connect.sink_offset VALUES ($1, $2, $3::int, $4::bigint, '', '0/0', 0) ON CONFLICT (connector, "
    "topic, partition) DO UPDATE SET next_offset = excluded.next_offset, source = '', commit_lsn = '0/0', number = 0";
constexpr char const* forget_one =
    "DELETE FROM tandem_connect.sink_offset WHERE connector = $1 AND topic = $2 AND partition = $3::int";
constexpr char const* forget_all = "DELETE FROM tandem_connect.sink_offset WHERE connector = $1";

struct session {
    std::string node;
    std::unique_ptr<io::pg::connection> link;
};

io::awaitable<outcome_of<session>> open(task_setup const& of) {
    auto settings = sink_settings_of(of);
    if (!settings) {
        co_return failure{next_step::paused, settings.error().what};
    }
    engine::session_request request;
    request.node = settings->node;
    request.application_name = "tandem connect";
    auto opened = co_await engine::open_session(co_await io::asio::this_coro::executor, request);
    if (!opened) {
        co_return opened.error();
    }
    co_return session{settings->node.name, std::move(*opened)};
}

} // namespace

io::awaitable<outcome_of<std::vector<connector_offset>>> read_sink_offsets(task_setup const& of) {
    auto with = co_await open(of);
    if (!with) {
        co_return with.error();
    }
    parameters values;
    values.emplace_back(of.connector);
    auto const found = co_await with->link->query(all_of, std::move(values));
    std::vector<connector_offset> made;
    bool const never_ran =
        !found && (found.error().sqlstate == "42P01" || found.error().sqlstate == "3F000");
    if (never_ran) {
        co_return made;
    }
    if (!found) {
        co_return retry_after(with->node, "reading offsets", found.error());
    }
    for (int row = 0; row < found->size(); ++row) {
        made.push_back(
            told_offset({std::string{found->text(row, 0)}, std::string{found->text(row, 1)},
                         std::string{found->text(row, 2)}}));
    }
    co_return made;
}

io::awaitable<outcome_of<void>> alter_sink_offsets(task_setup const& of,
                                                   std::vector<connector_offset> const& altered) {
    auto with = co_await open(of);
    if (!with) {
        co_return with.error();
    }
    auto const begin = std::string{"BEGIN; "} + make_offsets_table;
    auto const begun = co_await with->link->execute(begin);
    if (!begun) {
        co_return retry_after(with->node, "making room for offsets", begun.error());
    }
    if (altered.empty()) {
        parameters values;
        values.emplace_back(of.connector);
        auto const done = co_await with->link->query(forget_all, std::move(values));
        if (!done) {
            co_return retry_after(with->node, "forgetting offsets", done.error());
        }
    }
    for (auto const& each : altered) {
        auto const one = sink_offset_of(each);
        parameters values;
        values.emplace_back(of.connector);
        values.emplace_back(one.topic);
        values.emplace_back(one.partition);
        if (one.next) {
            values.emplace_back(one.next);
        }
        std::string const what = each.offset ? put_one : forget_one;
        auto const done = co_await with->link->query(what, std::move(values));
        if (!done) {
            co_return retry_after(with->node, "storing offsets", done.error());
        }
    }
    auto const committed = co_await with->link->execute("COMMIT");
    if (!committed) {
        co_return retry_after(with->node, "committing", committed.error());
    }
    co_return boost::system::in_place_value;
}

} // namespace tandem::connect
