#include "perf/harness/load.hpp"

#include "perf/harness/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace tandem::perf {

namespace {

constexpr std::int64_t longest_rest_us = 20'000;
constexpr std::string_view deadlock = "40P01";
constexpr std::string_view serialization = "40001";

std::string array_of(std::vector<std::int64_t> const& values) {
    std::string text = "{";
    for (auto const each : values) {
        text += fmt::format("{}{}", text.size() == 1 ? "" : ",", each);
    }
    return text + "}";
}

void must(int good, PGconn* connection, std::string_view what) {
    if (good == 0) {
        throw std::runtime_error(fmt::format("load: {}: {}", what, PQerrorMessage(connection)));
    }
}

void send_statement(PGconn* to, std::string const& name, std::vector<std::string> const& values) {
    std::vector<char const*> pointers;
    for (auto const& each : values) {
        pointers.push_back(each.c_str());
    }
    must(PQsendQueryPrepared(to, name.c_str(), static_cast<int>(values.size()), pointers.data(),
                             nullptr, nullptr, 0),
         to, name);
}

} // namespace

load_counts load_counts::since(load_counts const& before) const {
    return {transactions - before.transactions, inserted - before.inserted,
            updated - before.updated, deleted - before.deleted, failed - before.failed};
}

void load_counts::add(load_counts const& other) {
    transactions += other.transactions;
    inserted += other.inserted;
    updated += other.updated;
    deleted += other.deleted;
    failed += other.failed;
}

load::load(load_options options, watcher& peer)
    : options_(std::move(options)),
      peer_(peer),
      plan_(options_.what, options_.side, options_.seed, options_.probes_each) {
    prepare();
}

load::~load() {
    ending_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
}

void load::prepare() {
    for (int made = 0; made < options_.connections; ++made) {
        connection one{open_connection(options_.uri, "tandem-perf load"), {}};
        std::string text =
            fmt::format("SET synchronous_commit = {}; SET plan_cache_mode = force_generic_plan;",
                        options_.durable ? "on" : "off");
        for (int table = 0; table < options_.tables; ++table) {
            auto const those = statements_of(options_.what, table);
            text +=
                fmt::format("PREPARE i{0}(bigint, bigint) AS {1}; PREPARE u{0}(bigint[]) AS {2}; "
                            "PREPARE d{0}(bigint, bigint) AS {3};",
                            table, those.insert, those.update, those.remove);
        }
        pg_result const result(PQexec(one.raw.get(), text.c_str()));
        if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
            throw sql_error(fmt::format("load: {}", PQerrorMessage(one.raw.get())));
        }
        must(PQsetnonblocking(one.raw.get(), 1) == 0, one.raw.get(), "nonblocking");
        must(PQenterPipelineMode(one.raw.get()), one.raw.get(), "pipeline");
        connections_.push_back(std::move(one));
    }
}

void load::start() {
    began_us_ = now_us();
    thread_ = std::jthread([this] { work(); });
}

void load::end() {
    ending_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
    rethrow();
}

void load::rethrow() const {
    std::scoped_lock const lock(mutex_);
    if (failure_) {
        std::rethrow_exception(failure_);
    }
}

void load::work() {
    try {
        work_until_ended();
    } catch (...) {
        std::scoped_lock const lock(mutex_);
        failure_ = std::current_exception();
    }
}

void load::work_until_ended() {
    while (!ending_ || !all_idle()) {
        auto const now = now_us();
        if (!ending_) {
            send_due(now);
        }
        wait_for_something(now);
        for (auto& each : connections_) {
            receive(each);
        }
    }
}

bool load::all_idle() const {
    return std::ranges::all_of(connections_,
                               [](connection const& each) { return each.on_their_way.empty(); });
}

void load::send_due(std::int64_t now) {
    for (;;) {
        next_us_ = options_.rate == 0
                       ? now
                       : began_us_ + static_cast<std::int64_t>(static_cast<double>(due_) * 1e6 /
                                                               options_.rate);
        behind_us_ = std::max<std::int64_t>(now - next_us_, 0);
        if (next_us_ > now) {
            return;
        }
        connection* const to = free_connection();
        if (to == nullptr) {
            return; // it stays due: its latency counts from now on already
        }
        ++due_;
        send(*to, next_us_);
    }
}

load::connection* load::free_connection() {
    auto const least = std::ranges::min_element(
        connections_, {}, [](connection const& each) { return each.on_their_way.size(); });
    return least->on_their_way.size() < static_cast<std::size_t>(options_.depth) ? &*least
                                                                                 : nullptr;
}

void load::send(connection& to, std::int64_t intended) {
    sent one{plan_.next(), intended, false, {}};
    auto const& what = one.what;
    auto const table = std::to_string(turn_++ % options_.tables);
    PGconn* const raw = to.raw.get();
    if (what.probe != 0) {
        peer_.expect({what.probe, intended});
        auto const id = std::to_string(what.probe);
        send_statement(raw, "i0", {id, id});
    }
    if (what.inserts() > 0) {
        send_statement(raw, "i" + table,
                       {std::to_string(what.insert_first), std::to_string(what.insert_last)});
    }
    if (!what.update.empty()) {
        send_statement(raw, "u0", {array_of(what.update)});
    }
    if (what.deletes() > 0) {
        send_statement(raw, "d0",
                       {std::to_string(what.delete_first), std::to_string(what.delete_last)});
    }
    must(PQpipelineSync(raw), raw, "sync"); // what lies between two of them is one transaction
    to.on_their_way.push_back(std::move(one));
}

void load::wait_for_something(std::int64_t now) {
    std::vector<pollfd> sockets;
    for (auto const& each : connections_) {
        short const events = PQflush(each.raw.get()) == 1 ? POLLIN | POLLOUT : POLLIN;
        sockets.push_back({PQsocket(each.raw.get()), events, 0});
    }
    bool const all_taken = free_connection() == nullptr;
    auto const rest = all_taken || ending_ || next_us_ <= now
                          ? longest_rest_us
                          : std::min(next_us_ - now, longest_rest_us);
    timespec const most{0, rest * 1000};
    if (ppoll(sockets.data(), sockets.size(), &most, nullptr) < 0 && errno != EINTR) {
        throw std::runtime_error("load: poll");
    }
}

void load::receive(connection& from) {
    if (from.on_their_way.empty()) {
        return;
    }
    PGconn* const raw = from.raw.get();
    must(PQconsumeInput(raw), raw, "read");
    while (!from.on_their_way.empty() && PQisBusy(raw) == 0) {
        pg_result const result(PQgetResult(raw));
        if (result) { // nothing: the end of one statement
            take(from, result.get());
        }
    }
}

void load::take(connection& from, PGresult const* result) {
    auto& first = from.on_their_way.front();
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        done(from);
        return;
    case PGRES_COMMAND_OK: {
        std::string_view const tag = PQcmdStatus(const_cast<PGresult*>(result));
        std::int64_t const rows = std::stoll(PQcmdTuples(const_cast<PGresult*>(result)));
        auto& counted = tag.starts_with("INSERT")   ? first.changed.inserted
                        : tag.starts_with("UPDATE") ? first.changed.updated
                                                    : first.changed.deleted;
        counted += rows;
        return;
    }
    case PGRES_PIPELINE_ABORTED:
        return;
    default: {
        char const* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        if (state == nullptr || (state != deadlock && state != serialization)) {
            throw std::runtime_error(fmt::format("load: {}", PQresultErrorMessage(result)));
        }
        first.failed = true;
    }
    }
}

void load::done(connection& from) {
    auto const one = std::move(from.on_their_way.front());
    from.on_their_way.pop_front();
    if (one.failed) {
        if (one.what.probe != 0) {
            peer_.forget(one.what.probe);
        }
        std::scoped_lock const lock(mutex_);
        ++counts_.failed;
        return;
    }
    plan_.committed(one.what);
    std::scoped_lock const lock(mutex_);
    ++counts_.transactions;
    counts_.add(one.changed);
    commits_.record(static_cast<std::uint64_t>(std::max<std::int64_t>(now_us() - one.intended, 0)));
}

load_counts load::counts() const {
    std::scoped_lock const lock(mutex_);
    return counts_;
}

histogram load::commits() const {
    std::scoped_lock const lock(mutex_);
    return commits_;
}

void load::clear() {
    std::scoped_lock const lock(mutex_);
    commits_.clear();
}

std::vector<int> load::backends() const {
    std::vector<int> found;
    for (auto const& each : connections_) {
        found.push_back(PQbackendPID(each.raw.get()));
    }
    return found;
}

} // namespace tandem::perf
