// What a writer's start says: whose history the records behind it are (R5, R6).

#include "engine/core/start_check.hpp"
#include "engine/flow/log_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace tandem::engine {

// R5, R6: the same questions as of a source that is read directly, once for each writer.
io::awaitable<log_reader::voided> log_reader::start(event::record_headers const& headers,
                                                    event::start_note const& note) {
    if (!chain_.start(headers.epoch)) {
        co_return boost::system::in_place_value; // of a writer that was replaced
    }
    segment_ = offset_;
    if (auto followed = follow(note); !followed) {
        co_return followed;
    }
    if (link_.progress.facts.open()) {
        auto begun = co_await begin_stream(note);
        co_return begun;
    }
    if (note.run != run_) {
        if (!note.policy.empty() && note.policy != policy_name(link_.setup)) {
            co_return failure{
                next_step::paused,
                fmt::format("node {} resolves conflicts by {}, node {} by {}: both would end "
                            "different; give both sites the same --conflict (apply-remote where "
                            "one is older than 14 or lacks track_commit_timestamp)",
                            link_.setup.source.name, note.policy, link_.setup.target.name,
                            policy_name(link_.setup))};
        }
        auto const& known = link_.progress.source_tokens;
        bool const followed = std::ranges::find(known, note.tokens.back()) != known.end();
        if (auto const refused = followed ? std::nullopt : other_history(note)) {
            co_return *refused;
        }
        if (!followed) {
            auto stored = co_await store_source(note);
            if (!stored) {
                co_return stored;
            }
        }
        run_ = note.run;
        if (!missing_.empty()) {
            missing_.clear();
            link_.stats.set_state(direction_state::streaming, {});
        }
    }
    if (headers.epoch == given_up_) {
        co_return boost::system::in_place_value; // what it covers is told by its successor
    }
    if (headers.position > chain_.last()) {
        co_return look_for(chain_.last(), headers.position);
    }
    auto const applied = link_.progress.facts.applied;
    expect_last_applied_ = headers.position.at < applied && chain_.last().at == applied;
    co_return boost::system::in_place_value;
}

// The first that this node hears of the stream of a peer's site: it begins where the note says, and the next start
// reads from there.
io::awaitable<log_reader::voided> log_reader::begin_stream(event::start_note const& note) {
    if (!note.began) {
        co_return failure{
            next_step::paused,
            fmt::format("node {} does not say where its stream to node {} began, so nobody knows "
                        "what came before: run `tandem destroy --yes` and `tandem init` there",
                        link_.setup.source.name, link_.setup.target.name)};
    }
    link_.progress.facts.start = note.began;
    auto stored = co_await store_source(note);
    if (!stored) {
        co_return stored;
    }
    co_return failure{next_step::retry_text,
                      fmt::format("the stream begins at {}", to_string(note.began))};
}

std::optional<failure> log_reader::other_history(event::start_note const& note) const {
    auto facts = link_.progress.facts;
    facts.applied = std::max(facts.applied, chain_.last().at);
    source_facts source;
    source.system_id = note.system_id;
    source.timeline = note.timeline;
    source.wal_end = note.wal_end;
    source.slot_exists = true;
    source.slot = fmt::format("of node {}", link_.setup.source.name);
    source.confirmed_flush = note.confirmed;
    source.incarnation = note.tokens.back();
    source.sent_as = note.tokens;
    bool const same = std::ranges::find(note.tokens, facts.incarnation) != note.tokens.end();
    if (same && note.confirmed > facts.reached()) {
        return failure{
            next_step::gap,
            fmt::format("changes of node {} after {} up to {} are neither in its slot nor in topic "
                        "{}: Kafka lost what was confirmed to it (--confirm kafka), or the slot "
                        "was moved; compare both nodes with `tandem verify`, then set the "
                        "direction up anew (`tandem destroy --yes` and `tandem init`)",
                        link_.setup.source.name, to_string(facts.reached()),
                        to_string(note.confirmed), topic_)};
    }
    auto decision = check_start(source, facts);
    if (decision.verdict == start_verdict::go) {
        return std::nullopt;
    }
    return failure{next_step::gap, std::move(decision.reason)};
}

io::awaitable<log_reader::voided> log_reader::store_source(event::start_note const& note) {
    io::pg::parameters values;
    values.emplace_back(link_.setup.source.name);
    values.emplace_back(std::to_string(link_.progress.epoch));
    values.emplace_back(note.tokens.back());
    values.emplace_back(note.system_id);
    values.emplace_back(std::to_string(note.timeline));
    values.emplace_back(fmt::format("{}", fmt::join(note.tokens, " ")));
    values.emplace_back(to_string(link_.progress.facts.start));
    auto stored = co_await notes_.query(
        "UPDATE tandem.progress SET incarnation = $3, system_id = $4, timeline = $5, source_tokens = "
        "string_to_array($6, ' '), start_lsn = $7 WHERE stream = $1 AND lane = 0 AND epoch = $2",
        std::move(values));
    if (!stored) {
        co_return retry_after(link_.setup.target.name, "storing the source's identity",
                              stored.error());
    }
    link_.progress.source_tokens = note.tokens;
    link_.progress.facts.incarnation = note.tokens.back();
    link_.progress.facts.system_id = note.system_id;
    link_.progress.facts.timeline = note.timeline;
    co_return boost::system::in_place_value;
}

} // namespace tandem::engine
