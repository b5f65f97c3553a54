#pragma once
// One seeded schedule: applications, processes and faults take turns at random; then everything drains and is looked at.

#include "tests/sim/model_applier.hpp"
#include "tests/sim/model_capture.hpp"
#include "tests/sim/model_sites.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tandem::sim {

struct verdict {
    bool diverged = false;
    bool stuck = false;
    bool confirmed_too_much = false;
    bool tombstones_stay = false;
    std::string what; // all that is wrong, in words
};

class schedule {
public:
    schedule(std::uint64_t seed, sim_settings const& settings) : all_{seed, settings} {
        auto& luck = all_.luck;
        auto const resolution = luck.of<std::int64_t>({1, 1, 4, 16});
        for (int number = 0; number < settings.nodes; ++number) {
            auto& made = nodes_.emplace_back(all_, number);
            made.resolution = resolution;
        }
        for (key_id key = 0; key < key_count; ++key) {
            if (luck.chance(50)) {
                for (auto& node : nodes_) {
                    node.rows[key] = version{key + 1, 1, {}, nobody};
                }
            }
        }
        first_ = nodes_.front().rows;
        for (int source = 0; source < settings.nodes; ++source) {
            for (int target = 0; target < settings.nodes; ++target) {
                if (source != target) {
                    pairs_.push_back({source, target, {}});
                }
            }
        }
        setup_.queue_bytes = settings.tight ? 1 : luck.between(1, 4);
        setup_.unverified_bytes =
            settings.tight ? 1 : luck.of<std::size_t>({1, 1'000, 3'000, 1'000'000});
        setup_.sends_echoes = luck.chance(50);
        setup_.sync_commit = luck.chance(30);
        pace_ = luck.of<std::uint32_t>({3, 15, 75});
        deal();
        start_process();
    }

    verdict run() {
        constexpr int most_events =
            1'000; // what holds locks for long keeps the others from writing
        left_ = all_.luck.between(12, 28);
        faults_ = all_.settings.faults;
        for (int events = 0; left_ > 0 && events < most_events; ++events) {
            one_event();
        }
        drain();
        return look();
    }

private:
    struct memory_of_pair {
        std::unique_ptr<link_memory> memory;
        std::unique_ptr<link> running;
    };
    struct pair {
        int source;
        int target;
        unverified_ledger ledger;
    };
    using link_step = bool (link::*)();
    static constexpr std::array<link_step, 10> steps{
        &link::decode,        &link::apply,           &link::settle,        &link::probe,
        &link::confirm,       &link::collect_deletes, &link::store_deletes, &link::drop_tombstones,
        &link::repeat_missed, &link::ask_horizon};

    // Who is how fast in this schedule.
    void deal() {
        for (std::size_t which = 0; which < pairs_.size(); ++which) {
            for (std::size_t step = 0; step < steps.size(); ++step) {
                auto const weight = all_.luck.of<std::uint32_t>({1, 4, 16});
                deck_.insert(deck_.end(), weight, {which, step});
            }
        }
    }

    void start_process() {
        known_[serves_] = std::make_unique<node_knowledge>(all_.settings.nodes);
        serve();
    }

    // The directions begin with nothing kept but what the process knows of the nodes.
    void serve() {
        links_.clear();
        links_.resize(pairs_.size());
        for (auto& each : links_) {
            each.memory = std::make_unique<link_memory>();
        }
    }

    master& node(int number) { return nodes_[static_cast<std::size_t>(number)]; }

    void start(std::size_t which) {
        auto& at = pairs_[which];
        node(at.source).write_synchronously(); // a new token
        node(at.target).write_synchronously(); // a new epoch: what it finds applied is durable
        links_[which].running =
            std::make_unique<link>(all_, setup_, *known_[serves_], *links_[which].memory, at.ledger,
                                   node(at.source), node(at.target));
    }

    bool step(std::size_t which, link_step what) {
        auto& at = links_[which];
        if (at.running == nullptr) {
            start(which);
            return true;
        }
        if (at.running->ended()) {
            if (!all_.settings.faults.lost_answers && !at.running->answered()) {
                return at.running->settle();
            }
            at.running.reset();
            return true;
        }
        return (*at.running.*what)();
    }

    void one_event() {
        auto& luck = all_.luck;
        all_.now += luck.below(3);
        auto const roll = luck.below(1'000);
        auto& some = nodes_[luck.below(static_cast<std::uint32_t>(nodes_.size()))];
        if (roll < 45) {
            write(some);
        } else if (roll < 45 + pace_) {
            if (!some.running.empty()) {
                some.advance(luck.below(static_cast<std::uint32_t>(some.running.size())));
            }
        } else if (roll < 170) {
            some.flush();
            if (luck.chance(30)) {
                checkpoint(some);
            }
        } else if (roll < 172) {
            some.jump(luck.below(40));
        } else if (roll < 180) {
            fail(some);
        } else if (roll < 190) {
            auto const which = luck.below(static_cast<std::uint32_t>(links_.size()));
            step(which, &link::store_safe);
        } else {
            auto const [which, what] = luck.of(deck_);
            step(which, steps[what]);
        }
    }

    static void checkpoint(master& at) {
        for (auto& each : at.slots) {
            each.on_disk = each.confirmed;
        }
    }

    // One of the faults that are left.
    void fail(master& some) {
        constexpr std::array<bool (schedule::*)(master&), 4> faults{
            &schedule::end_process, &schedule::take_turns, &schedule::end_stream, &schedule::crash};
        auto const from = all_.luck.below(static_cast<std::uint32_t>(faults.size()));
        for (std::size_t nth = 0; nth < faults.size(); ++nth) {
            if ((this->*faults[(from + nth) % faults.size()])(some)) {
                return;
            }
        }
    }

    static bool left(int& count) { return count > 0 && count-- > 0; }

    bool end_process(master& /*unused*/) {
        if (!left(faults_.process_crashes)) {
            return false;
        }
        start_process();
        return true;
    }

    bool take_turns(master& /*unused*/) {
        if (!left(faults_.turns)) {
            return false;
        }
        serves_ = 1 - serves_;
        known_[serves_] ? serve() : start_process();
        return true;
    }

    bool end_stream(master& /*unused*/) {
        auto& one = links_[all_.luck.below(static_cast<std::uint32_t>(links_.size()))];
        if (!may_end(one) || !left(faults_.stream_restarts)) {
            return false;
        }
        one.running.reset();
        return true;
    }

    bool may_end(memory_of_pair const& one) const {
        return all_.settings.faults.lost_answers || one.running == nullptr ||
               one.running->answered();
    }

    bool crash(master& at) {
        for (std::size_t which = 0; which < pairs_.size(); ++which) {
            if (pairs_[which].target == at.number && !may_end(links_[which])) {
                return false;
            }
        }
        if (!left(faults_.server_crashes)) {
            return false;
        }
        at.crash();
        for (std::size_t which = 0; which < pairs_.size(); ++which) {
            auto& [source, target, ledger] = pairs_[which];
            if (source == at.number || target == at.number) {
                links_[which].running.reset();
            }
            if (target == at.number) {
                auto const applied = progress_of(at, source).applied;
                std::erase_if(ledger, [applied](auto const& one) { return one.first > applied; });
            }
        }
        return true;
    }

    // One or two changes of keys that nobody else has locked.
    void write(master& at) {
        auto& luck = all_.luck;
        std::vector<app_write> writes;
        std::array<bool, key_count> there{};
        for (key_id key = 0; key < key_count; ++key) {
            there[key] = at.rows[key].has_value();
        }
        if (luck.chance(all_.settings.truncates)) {
            if (at.running.empty()) {
                writes.push_back({engine::change_kind::truncate, 0, 0});
                there.fill(false);
            }
        }
        for (auto count = luck.between(1, 2); count > 0; --count) {
            auto const key = luck.below(all_.settings.keys);
            if (at.locked(key)) {
                continue;
            }
            auto const other = luck.below(all_.settings.keys);
            if (!there[key]) {
                writes.push_back({engine::change_kind::insert, key, all_.next_value++});
            } else if (luck.chance(40)) {
                writes.push_back({engine::change_kind::remove, key, 0});
            } else if (luck.chance(15) && !there[other] && !at.locked(other)) { // of the key
                writes.push_back({engine::change_kind::remove, key, 0});
                writes.push_back({engine::change_kind::insert, other, all_.next_value++});
                there[other] = true;
                there[key] = false;
                continue;
            } else {
                writes.push_back({engine::change_kind::update, key, all_.next_value++});
            }
            there[key] = writes.back().kind != engine::change_kind::remove;
        }
        if (!writes.empty()) {
            --left_;
            at.begin(std::move(writes));
        }
    }

    void drain() {
        int idle = 0;
        for (int round = 0; idle < 3 && round < 3'000; ++round) {
            all_.now += 100;
            bool moved = false;
            for (auto& each : nodes_) {
                while (!each.running.empty()) {
                    each.advance(0);
                    moved = true;
                }
                moved = moved || each.flushed < each.wal_end;
                each.flush();
                each.take_number(); // of some other session
            }
            for (std::size_t which = 0; which < links_.size(); ++which) {
                auto const from = all_.luck.below(static_cast<std::uint32_t>(steps.size()));
                for (std::size_t nth = 0; nth < steps.size(); ++nth) {
                    moved = step(which, steps[(from + nth) % steps.size()]) || moved;
                }
            }
            idle = moved ? 0 : idle + 1;
        }
    }

    // The greatest (commit time, rank) of all that applications wrote to a key, whoever saw it.
    [[nodiscard]] std::optional<std::uint32_t> newest(key_id key) const {
        std::optional<std::uint32_t> last;
        if (first_[key]) {
            last = first_[key]->value;
        }
        pg_time at{-1};
        for (auto const& each : nodes_) { // by rank
            for (auto const& record : each.wal) {
                for (auto const& one : record.writes) {
                    bool const touches =
                        one.kind == engine::change_kind::truncate || one.key == key;
                    if (touches && record.at >= at) {
                        at = record.at;
                        bool const gone = one.kind == engine::change_kind::truncate ||
                                          one.kind == engine::change_kind::remove;
                        last = gone ? std::nullopt : std::optional{one.value};
                    }
                }
            }
        }
        return last;
    }

    verdict look() const {
        verdict made;
        for (key_id key = 0; key < key_count; ++key) {
            compare(key, made);
        }
        for (std::size_t which = 0; which < links_.size(); ++which) {
            if (links_[which].running == nullptr || !links_[which].running->done()) {
                made.stuck = true;
                made.what += "link " + std::to_string(which) + " stands still; ";
            }
        }
        for (auto const& each : nodes_) {
            if (!each.tombstones.empty() && !made.stuck) {
                made.tombstones_stay = true;
                made.what += std::to_string(each.tombstones.size()) + " tombstones stay; ";
            }
        }
        for (auto const& each : all_.broken) {
            made.confirmed_too_much = true;
            made.what += each + "; ";
        }
        return made;
    }

    void compare(key_id key, verdict& into) const {
        auto const wanted = newest(key);
        auto const value_at = [key](master const& one) {
            auto const& row = one.rows[key];
            return row ? std::optional{row->value} : std::nullopt;
        };
        auto const shown = [](std::optional<std::uint32_t> one) {
            return one ? std::to_string(*one) : "none";
        };
        for (auto const& each : nodes_) {
            auto const here = value_at(each);
            into.diverged = into.diverged || here != value_at(nodes_.front());
            if (here != wanted) {
                into.what += "node " + std::to_string(each.number) + ", key " +
                             std::to_string(key) + ": " + shown(here) + " and not " +
                             shown(wanted) + "; ";
            }
        }
    }

    sim_world all_;
    std::deque<master> nodes_;
    table_rows first_;
    std::vector<pair> pairs_;
    site_setup setup_;
    std::array<std::unique_ptr<node_knowledge>, 2> known_; // by process
    std::size_t serves_ = 0;
    std::vector<memory_of_pair> links_;
    std::vector<std::pair<std::size_t, std::size_t>> deck_;
    sim_faults faults_;
    std::uint32_t left_ = 0; // transactions that applications still write
    std::uint32_t pace_ = 0; // of their commits
};

} // namespace tandem::sim
