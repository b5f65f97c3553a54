#include "perf/harness/native.hpp"

#include "perf/harness/clock.hpp"

#include <fmt/format.h>

namespace tandem::perf {

namespace {

constexpr auto slots_like = "perf\\_native\\_%";

std::string subscription(int to) {
    return fmt::format("perf_native_{}", node_name(to));
}

} // namespace

std::vector<std::array<int, 2>> native::ways() const {
    std::vector<std::array<int, 2>> found;
    if (wanted_.a_to_b) {
        found.push_back({node_a, node_b});
    }
    if (wanted_.b_to_a) {
        found.push_back({node_b, node_a});
    }
    return found;
}

void native::set_up() {
    for (auto const& [from, to] : ways()) {
        session source(servers_.uri(from, wanted_.database));
        source.run(fmt::format("CREATE PUBLICATION perf_native FOR TABLE {}",
                               fmt::join(wanted_.tables, ", ")));
    }
    for (auto const& [from, to] : ways()) {
        session sink(servers_.uri(to, wanted_.database));
        auto const origin = servers_.version() >= 160000 ? ", origin = none" : "";
        sink.run(fmt::format(
            "CREATE SUBSCRIPTION {} CONNECTION '{}' PUBLICATION perf_native WITH (copy_data = false, "
            "synchronous_commit = '{}'{})",
            subscription(to), servers_.uri(from, wanted_.database), wanted_.durable ? "on" : "off",
            origin));
        // It knows its tables before it is switched off: those it does not know it passes over.
        wait_for("the subscription knows its tables", 60, [&] {
            return sink.number("SELECT count(*) FROM pg_subscription_rel WHERE srsubstate = 'r'") ==
                   static_cast<long long>(wanted_.tables.size());
        });
    }
    stop();
}

void native::start() {
    for (auto const& [from, to] : ways()) {
        session(servers_.uri(to, wanted_.database))
            .run(fmt::format("ALTER SUBSCRIPTION {} ENABLE", subscription(to)));
    }
}

void native::stop() {
    wait_confirmed(servers_, wanted_.database, slots_like);
    for (auto const& [from, to] : ways()) {
        session(servers_.uri(to, wanted_.database))
            .run(fmt::format("ALTER SUBSCRIPTION {} DISABLE", subscription(to)));
        session source(servers_.uri(from, wanted_.database));
        wait_for("the subscription's slot is free", 60, [&] {
            return source.number(
                       "SELECT count(*) FROM pg_replication_slots WHERE active AND database = $1",
                       {wanted_.database}) == 0;
        });
    }
}

void native::tear_down() {
    for (auto const& [from, to] : ways()) {
        session(servers_.uri(to, wanted_.database))
            .run(fmt::format("DROP SUBSCRIPTION IF EXISTS {}", subscription(to)));
        session(servers_.uri(from, wanted_.database)).run("DROP PUBLICATION IF EXISTS perf_native");
    }
}

} // namespace tandem::perf
