// What a writer's start says: whose history the records behind it are (R5, R6).

#include "engine/core/start_check.hpp"
#include "engine/flow/log_reader.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tandem::engine {
namespace {

// A writer that starts beside this reader has written its own start by then.
constexpr std::chrono::seconds doubt_told_after{2};
constexpr std::chrono::seconds doubt_patience{8};

} // namespace

// R5, R6: the same questions as of a source that is read directly, once for each writer.
io::awaitable<log_reader::voided> log_reader::start(event::record_headers const& headers,
                                                    event::start_note const& note) {
    if (judging_) {
        co_return judge(headers, note);
    }
    if (!chain_.start(headers.epoch)) {
        co_return boost::system::in_place_value; // of a writer that was replaced
    }
    if (link_.progress.facts.open()) {
        if (note.answers != asks_as_) { // perhaps of an earlier set-up: nobody knows
            pass_over(headers.epoch, unanswered());
            co_return boost::system::in_place_value;
        }
        auto begun = co_await begin_stream(note);
        co_return begun;
    }
    if (!is_ours(note)) {
        pass_over(headers.epoch, other_stream(note));
        co_return boost::system::in_place_value;
    }
    passed_over_ = -1;
    segment_ = offset_;
    if (auto followed = follow(note); !followed) {
        co_return followed;
    }
    if (note.run != run_) {
        if (auto other = other_policy(note); other && headers.epoch >= policy_from_) {
            judging_ = judgement{offset_, headers.epoch};
            doubt_ = doubt{std::move(*other), false, std::nullopt};
            co_return boost::system::in_place_value;
        }
        auto const& known = link_.progress.source_tokens;
        bool const followed = std::ranges::find(known, note.tokens.back()) != known.end();
        if (auto const refused = followed ? std::nullopt : other_history(note)) {
            co_return *refused;
        }
        if (!followed) {
            know_source(note);
        }
        run_ = note.run;
        follows_again();
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

// Of the stream that was set up here: by where it began, or by a token that was there before.
bool log_reader::is_ours(event::start_note const& note) const {
    auto const& facts = link_.progress.facts;
    auto const has = [&note](std::string const& token) {
        return std::ranges::find(note.tokens, token) != note.tokens.end();
    };
    return (note.began && note.began == facts.start) || has(facts.incarnation) ||
           std::ranges::any_of(link_.progress.source_tokens, has);
}

void log_reader::pass_over(std::int64_t epoch, failure why) {
    if (passed_over_ != epoch) {
        passed_over_ = epoch;
        spdlog::info("{} -> {}: topic {}, offset {}: what writer {} sent is passed over: {}",
                     link_.setup.source.name, link_.setup.target.name, topic_, offset_, epoch,
                     why.reason);
        doubt_ = doubt{std::move(why), false, std::nullopt};
    }
}

failure log_reader::unanswered() const {
    return {
        next_step::retry,
        fmt::format("node {} has not yet said where its stream to this set-up of node {} begins: "
                    "its tandem has to run; if it was set up before node {} was set up anew, set "
                    "it up anew as well (`tandem destroy --yes` and `tandem init` there)",
                    link_.setup.source.name, link_.setup.target.name, link_.setup.target.name)};
}

failure log_reader::other_stream(event::start_note const& note) const {
    auto const& facts = link_.progress.facts;
    if (!facts.applied) {
        return {
            next_step::retry,
            fmt::format("topic {} ends with what node {} sent before it was set up anew (to {}, "
                        "not to {}): waiting for what it sends now; its tandem has to run",
                        topic_, link_.setup.source.name, to_string(note.began),
                        to_string(facts.start))};
    }
    return {
        next_step::gap,
        fmt::format("node {} was set up anew, or another node of its name sends to topic {}: its "
                    "stream began at {}, the one that was followed up to {} at {}; changes after "
                    "that are missing; compare both nodes with `tandem verify`, then set both up "
                    "anew (`tandem destroy --yes` and `tandem init`)",
                    link_.setup.source.name, topic_, to_string(note.began),
                    to_string(facts.reached()), to_string(facts.start))};
}

std::optional<failure> log_reader::other_policy(event::start_note const& note) const {
    if (note.policy.empty() || note.policy == link_.setup.conflicts.text()) {
        return std::nullopt;
    }
    return failure{next_step::paused,
                   fmt::format("node {} resolves conflicts by {}, node {} by {}: both would end "
                               "different; give both sites the same --conflict (apply-remote where "
                               "one is older than 14 or lacks track_commit_timestamp)",
                               link_.setup.source.name, note.policy, link_.setup.target.name,
                               link_.setup.conflicts.text())};
}

// A newer writer's start, met while it is looked for: what it resolves conflicts by is what counts. Nothing was applied
// since the start that is doubted.
log_reader::voided log_reader::judge(event::record_headers const& headers,
                                     event::start_note const& note) {
    if (headers.epoch <= judging_->epoch || !is_ours(note)) {
        return boost::system::in_place_value;
    }
    judging_->epoch = headers.epoch;
    if (auto other = other_policy(note)) {
        doubt_ = doubt{std::move(*other), doubt_ && doubt_->told, std::nullopt};
        return boost::system::in_place_value;
    }
    policy_from_ = headers.epoch;
    auto const back = std::exchange(judging_, std::nullopt)->offset;
    follows_again();
    return assign(back);
}

void log_reader::follows_again() {
    bool const told = doubt_ && doubt_->told;
    doubt_.reset();
    if (told || !missing_.empty()) {
        missing_.clear();
        link_.stats.set_state(direction_state::streaming, {});
    }
}

void log_reader::hear_end() {
    at_end_ = true;
    end_heard_ = std::chrono::steady_clock::now();
    if (!doubt_ && link_.progress.facts.open()) { // nobody has written anything yet
        doubt_ = doubt{unanswered(), false, std::nullopt};
    }
    if (doubt_ && !doubt_->at_end) {
        doubt_->at_end = end_heard_;
    }
    if (doubt_ && !doubt_->told && end_heard_ - *doubt_->at_end >= doubt_told_after) {
        doubt_->told = true;
        link_.stats.set_state(direction_state::retrying, doubt_->why.reason);
    }
}

std::optional<failure> log_reader::overdue() const {
    bool const due = doubt_ && doubt_->why.step != next_step::retry && doubt_->at_end &&
                     end_heard_ - *doubt_->at_end >= doubt_patience;
    return due ? std::optional{doubt_->why} : std::nullopt;
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
    know_source(note);
    auto const stored =
        co_await store_identity(link_.setup, notes_, link_.progress.epoch, *link_.source_news);
    if (!stored) {
        co_return stored.error();
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

// R6: where the writer goes back behind what was applied, the transaction applied last must be among what it sends.
log_reader::step log_reader::known_again(event::record_headers const& headers,
                                         std::optional<std::string_view> value,
                                         std::optional<event::stream_note> const& note) {
    auto const& facts = link_.progress.facts;
    bool const last_one = headers.position == event::stream_position{facts.applied, 0};
    auto const made = expect_last_applied_ && last_one ? made_by(value, note)
                                                       : std::optional<event::commit_note>{};
    if (!made) {
        return std::nullopt;
    }
    if (*made != event::commit_note{facts.applied_xid, facts.applied_at}) {
        return failure{
            next_step::gap,
            fmt::format("the source's history is not the one that was followed: the "
                        "transaction that ends at {} is another than the one applied; the "
                        "source was restored behind us; compare both nodes with `tandem "
                        "verify`, then set the direction up anew",
                        to_string(facts.applied))};
    }
    expect_last_applied_ = false;
    return std::nullopt;
}

void log_reader::know_source(event::start_note const& note) {
    link_.progress.source_tokens = note.tokens;
    link_.progress.facts.incarnation = note.tokens.back();
    link_.progress.facts.system_id = note.system_id;
    link_.progress.facts.timeline = note.timeline;
    link_.source_news =
        source_identity{note.tokens, note.system_id, note.timeline, link_.progress.facts.start};
}

} // namespace tandem::engine
