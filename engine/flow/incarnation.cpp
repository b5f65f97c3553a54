#include "engine/flow/incarnation.hpp"

#include "codecs/sql/quote.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <random>
#include <utility>

namespace tandem::engine {
namespace {

using io::awaitable;
using io::pg::connection;
using io::pg::parameters;

constexpr char const* lock_not_available = "55P03";

awaitable<outcome_of<bool>> at_target(direction_setup const& setup, connection& target,
                                      std::string sql, parameters values) {
    auto done = co_await target.query(std::move(sql), std::move(values));
    if (!done && done.error().sqlstate == lock_not_available) {
        co_return false;
    }
    if (!done) {
        co_return retry_after(setup.target.name, "storing the source's token", done.error());
    }
    if (done->empty()) {
        co_return failure{next_step::retry, "the stream was taken over"};
    }
    co_return true;
}

} // namespace

std::string new_token() {
    std::random_device entropy;
    return fmt::format("{:08x}{:08x}{:08x}{:08x}", entropy(), entropy(), entropy(), entropy());
}

awaitable<outcome_of<bool>> announce_token(direction_setup const& setup, connection& target,
                                           std::int64_t epoch, std::string token) {
    parameters values;
    values.emplace_back(std::move(token));
    values.emplace_back(setup.source.name);
    values.emplace_back(std::to_string(epoch));
    auto done = co_await at_target(setup, target,
                                   "UPDATE tandem.progress SET next_incarnation = $1 WHERE stream "
                                   "= $2 AND lane = 0 AND epoch = $3 RETURNING 1",
                                   std::move(values));
    co_return done;
}

awaitable<outcome_of<void>> give_token(direction_setup const& setup, connection& source,
                                       std::string token) {
    parameters values;
    values.emplace_back(std::move(token));
    auto done = co_await source.query("UPDATE tandem.meta SET incarnation = $1", std::move(values));
    if (!done) {
        co_return retry_after(setup.source.name, "renewing its token", done.error());
    }
    co_return boost::system::in_place_value;
}

awaitable<outcome_of<bool>> settle_token(direction_setup const& setup, connection& target,
                                         std::int64_t epoch) {
    parameters values;
    values.emplace_back(setup.source.name);
    values.emplace_back(std::to_string(epoch));
    auto done = co_await at_target(setup, target,
                                   "UPDATE tandem.progress SET incarnation = next_incarnation, "
                                   "next_incarnation = NULL WHERE stream = $1 AND lane = 0 AND "
                                   "epoch = $2 RETURNING 1",
                                   std::move(values));
    co_return done;
}

std::string identity_sql(std::string const& stream, std::int64_t epoch,
                         source_identity const& source) {
    return fmt::format(
        "UPDATE tandem.progress SET incarnation = {}, system_id = {}, timeline = {}, "
        "source_tokens = string_to_array({}, ' '), start_lsn = {} WHERE stream = {} "
        "AND lane = 0 AND epoch = {}",
        sql::literal(source.tokens.back()), sql::literal(source.system_id), source.timeline,
        sql::literal(fmt::format("{}", fmt::join(source.tokens, " "))),
        sql::literal(to_string(source.start)), sql::literal(stream), epoch);
}

awaitable<outcome_of<bool>> store_identity(direction_setup const& setup, connection& target,
                                           std::int64_t epoch, source_identity source) {
    auto text = identity_sql(setup.source.name, epoch, source) + " RETURNING 1";
    parameters none;
    auto done = co_await at_target(setup, target, std::move(text), std::move(none));
    co_return done;
}

} // namespace tandem::engine
