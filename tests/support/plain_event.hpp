#pragma once
// A second reading of events, slow and plain, after docs/events.md and decode.hpp: what the fuzzers hold the event
// decoder against. Shares no code with it. What an event says becomes one line per field, or nothing when it is
// refused.
//
// Both are as lenient in one place: escapes are looked at only in strings that a field needs, and not in what is
// nested in a column.

#include "tests/support/plain_json.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::wire {

class plain_event {
public:
    using said = std::map<std::string, std::string>;

    // {"op": "c", "after.id": "number 7", "source.lsn": "200"}; of a tombstone nothing. A source field that is
    // empty or zero is as if it were not there.
    static std::optional<said> value(std::string_view text, bool envelope, bool schema) {
        return read(text, [envelope, schema](plain_event& one) {
            one.record(schema, [&](std::string_view first) {
                if (first == "{") {
                    return envelope ? one.envelope() : one.row("after");
                }
                one.expect((schema || !envelope) && one.next() == "null"); // a tombstone
            });
        });
    }

    // {"key.id": "number 7"}, or {"key.": ..} of a bare value.
    static std::optional<said> key(std::string_view text, bool schema) {
        return read(text, [schema](plain_event& one) {
            one.record(schema, [&one](std::string_view first) {
                if (first == "{") {
                    return one.row("key");
                }
                one.say("key", "there");
                one.say("key.", one.scalar(one.next()));
            });
        });
    }

private:
    __extension__ typedef __int128 wide;
    static constexpr std::array<std::string_view, 4> numbers = {"source.ts_us", "source.txId",
                                                                "source.lsn", "source.origin_lsn"};

    explicit plain_event(std::vector<std::string_view> tokens) : tokens_{std::move(tokens)} {}

    template <class Read>
    static std::optional<said> read(std::string_view text, Read how) {
        auto tokens = plain_json::tokens(text);
        if (!tokens || tokens->empty()) {
            return std::nullopt;
        }
        plain_event one{std::move(*tokens)};
        how(one);
        std::erase_if(one.said_, [](auto const& each) {
            bool const row = each.first.starts_with("before") || each.first.starts_with("after") ||
                             each.first.starts_with("key");
            bool const number =
                std::ranges::count(numbers, each.first) != 0 || each.first.ends_with("_order") ||
                each.first.ends_with("event_count") || each.first.ends_with("time_ms");
            return !row && each.second == (number ? "0" : "");
        });
        bool const whole = one.good_ && one.at_ == one.tokens_.size();
        return whole ? std::optional{one.said_} : std::nullopt;
    }

    // --- tokens

    std::string_view here() const {
        return at_ < tokens_.size() ? tokens_[at_] : std::string_view{};
    }
    std::string_view next() {
        std::string_view const token = here();
        at_ += token.empty() ? 0 : 1;
        return token;
    }
    void expect(bool met) { good_ = good_ && met; }

    // Calls take(name) where the value begins; what it leaves is passed over.
    template <class Take>
    void object(Take take) {
        expect(next() == "{");
        if (here() == "}") {
            next();
            return;
        }
        while (good_) {
            std::string_view const name = next();
            expect(name.starts_with('"'));
            expect(next() == ":");
            std::size_t const value = at_;
            std::size_t const behind = end_of_value();
            if (!good_) {
                return;
            }
            auto const plain = plain_json::unescaped(name.substr(1, name.size() - 2));
            expect(plain.has_value());
            if (!good_) {
                return;
            }
            take(*plain);
            if (at_ == value) {
                at_ = behind;
            }
            std::string_view const separator = next();
            expect(separator == "," || separator == "}");
            if (separator == "}") {
                return;
            }
        }
    }

    std::size_t end_of_value() {
        std::size_t at = at_;
        expect(skip(at, 0));
        return at;
    }

    // Over a value as RFC 8259 has it, nested at most 64 deep.
    bool skip(std::size_t& at, int depth) const {
        auto const take = [&] { return at < tokens_.size() ? tokens_[at++] : std::string_view{}; };
        std::string_view const first = take();
        if (first != "{" && first != "[") {
            bool const text = first.size() >= 2 && first.front() == '"' && first.back() == '"';
            return text || plain_json::is_literal(first) || plain_json::is_number(first);
        }
        std::string_view const closing = first == "{" ? "}" : "]";
        if (depth == 64) {
            return false;
        }
        if (at < tokens_.size() && tokens_[at] == closing) {
            ++at;
            return true;
        }
        for (;;) {
            if (first == "{" && (!take().starts_with('"') || take() != ":")) {
                return false;
            }
            if (!skip(at, depth + 1)) {
                return false;
            }
            std::string_view const behind = take();
            if (behind == closing) {
                return true;
            }
            if (behind != ",") {
                return false;
            }
        }
    }

    // --- values

    std::string scalar(std::string_view token) {
        if (token.starts_with('"')) {
            auto const text = plain_json::string(token);
            expect(text.has_value());
            return "string " + text.value_or("");
        }
        if (plain_json::is_literal(token)) {
            return token == "null" ? "null" : "boolean " + std::string{token};
        }
        expect(plain_json::is_number(token));
        return "number " + std::string{token};
    }

    std::string column() {
        std::string_view const first = here();
        if (first != "{" && first != "[") {
            return scalar(next());
        }
        std::size_t const behind = end_of_value();
        std::string_view const last = tokens_[behind - 1];
        at_ = behind;
        return "nested " +
               std::string{first.data(), static_cast<std::size_t>(last.data() + 1 - first.data())};
    }

    std::string text() { // or null, which is empty
        std::string_view const token = next();
        auto const read = token == "null" ? std::string{} : plain_json::string(token);
        expect(read.has_value());
        return read.value_or("");
    }

    std::int64_t integer(std::string_view token) { // or null, which is zero
        if (token == "null") {
            return 0;
        }
        bool const negative = token.starts_with('-');
        wide value = 0;
        expect(plain_json::is_number(token));
        for (char const digit : token.substr(negative ? 1 : 0)) {
            expect(digit >= '0' && digit <= '9');
            value = value * 10 + (negative ? '0' - digit : digit - '0');
            fits(value);
            if (!good_) {
                return 0;
            }
        }
        return static_cast<std::int64_t>(value);
    }
    void fits(wide value) { expect(value >= INT64_MIN && value <= INT64_MAX); }

    void say(std::string const& name, std::string const& value) {
        expect(said_.emplace(name, value).second);
    }

    // --- the record

    template <class Take>
    void record(bool schema, Take take) {
        if (!schema) {
            return take(here());
        }
        std::set<std::string> fields;
        object([&](std::string const& name) {
            expect(name == "payload" || name == "schema");
            expect(fields.insert(name).second);
            if (name == "payload") {
                take(here());
            }
        });
        expect(fields.contains("payload") && fields.contains("schema"));
    }

    void row(std::string const& of) {
        said_.emplace(of, "there");
        object([&](std::string const& name) { say(of + '.' + name, column()); });
    }

    // The kind of record is known when all its fields have been.
    void envelope() {
        constexpr std::array known = {
            "before", "after",       "source",           "op",   "transaction", "status", "message",
            "id",     "event_count", "data_collections", "ts_ms"};
        std::set<std::string> fields;
        std::size_t count = 0;
        std::string_view time;
        bool message_there = false;
        object([&](std::string const& name) {
            ++count;
            if (std::ranges::find(known, name) == known.end()) {
                return;
            }
            expect(fields.insert(name).second);
            if (name == "before" || name == "after") {
                here() == "null" ? static_cast<void>(next()) : row(name);
            } else if (name == "source") {
                source();
            } else if (name == "op") {
                std::string const letter = text();
                expect(letter.size() == 1 &&
                       std::string_view{"cudrtm"}.find(letter[0]) != std::string_view::npos);
                say("op", letter);
            } else if (name == "ts_ms") {
                time = here();
            } else if (here() != "null") {
                message_there = message_there || name == "message";
                rarer(name);
            }
        });
        bool const op = said_.contains("op");
        bool const before = said_.contains("before");
        bool const after = said_.contains("after");
        std::string const letter = op ? said_["op"] : "";
        bool const becomes = letter == "c" || letter == "u" || letter == "r";
        expect(becomes || (letter == "d" && before) || !before);
        expect(becomes == after && (letter != "d" || before));
        auto const status = said_.find("status");
        bool const heartbeat = !op && status == said_.end() && count == 1 && !time.empty();
        expect((op ? 1 : 0) + (status != said_.end() ? 1 : 0) + (heartbeat ? 1 : 0) == 1);
        expect(message_there || !op || said_["op"] != "m");
        if (good_ && !op) {
            say("op", heartbeat ? "H" : status->second == "BEGIN" ? "B" : "E");
            expect(heartbeat || !said_["boundary.id"].empty());
            expect(!time.empty() && time != "null");
            say("boundary.time_ms", std::to_string(good_ ? integer(time) : 0));
        }
        said_.erase("status");
    }

    void rarer(std::string const& name) {
        if (name == "status") {
            std::string const which = text();
            expect(which == "BEGIN" || which == "END");
            say("status", which);
        } else if (name == "id") {
            say("boundary.id", text());
        } else if (name == "event_count") {
            say("boundary.event_count", std::to_string(integer(next())));
        } else if (name == "transaction") {
            texts_and_numbers("transaction.", {"id"}, {"total_order", "data_collection_order"});
            expect(!said_["transaction.id"].empty());
        } else if (name == "message") {
            texts_and_numbers("message.", {"prefix", "content"}, {});
        } else {
            expect(next() == "[");
            for (int index = 0; good_ && here() != "]"; ++index) {
                texts_and_numbers("collection." + std::to_string(index) + '.', {"data_collection"},
                                  {"event_count"});
                if (here() != "]") {
                    expect(next() == "," && here() != "]");
                }
            }
            next();
        }
    }

    // An object of which some fields mean something, each at most once.
    void texts_and_numbers(std::string const& prefix, std::vector<std::string_view> const& texts,
                           std::vector<std::string_view> const& integers) {
        object([&](std::string const& name) {
            if (std::ranges::find(texts, name) != texts.end()) {
                say(prefix + name, text());
            } else if (std::ranges::find(integers, name) != integers.end()) {
                say(prefix + name, std::to_string(integer(next())));
            }
        });
    }

    void source() {
        constexpr std::array texts = {"version", "connector", "name",  "snapshot",
                                      "db",      "schema",    "table", "origin"};
        std::optional<std::string_view> millis;
        bool sequence = false;
        object([&](std::string const& name) {
            for (std::string_view const each : texts) {
                if (name == each) {
                    say("source." + name, text());
                }
            }
            std::string const full = "source." + name;
            if (std::ranges::count(numbers, full) != 0) {
                std::int64_t const value = integer(next());
                expect(value >= 0 || !full.ends_with("lsn"));
                say(full, std::to_string(value));
            }
            if (name == "sequence") { // says nothing, but a field of the source it is
                expect(!std::exchange(sequence, true));
            }
            if (name == "ts_ms") {
                expect(!millis);
                millis = here();
            }
        });
        auto const version = said_.find("source.version");
        constexpr std::string_view mark = "+exact";
        if (version != said_.end() && version->second.ends_with(mark)) {
            version->second.resize(version->second.size() - mark.size());
            say("source.values", "exact");
        }
        auto const us = said_.find("source.ts_us");
        if (good_ && millis &&
            (us == said_.end() || us->second == "0")) { // read only where nothing is finer
            wide const time = static_cast<wide>(integer(*millis)) * 1000;
            fits(time);
            said_["source.ts_us"] = std::to_string(static_cast<std::int64_t>(good_ ? time : 0));
        }
    }

    std::vector<std::string_view> tokens_;
    std::size_t at_ = 0;
    bool good_ = true;
    said said_;
};

} // namespace tandem::wire
