#include "codecs/event/decode.hpp"

#include "codecs/event/event_place.hpp"
#include "codecs/event/json_tokens.hpp"
#include "codecs/event/source_reader.hpp"

#include <utility>

namespace tandem::event {
namespace {

// A record as one of the kinds that an event_view can hold.
class event_reader : public source_reader {
public:
    // `tail`: where the record's tail begins, which is known, so that its tokens are not there; 0: all are.
    event_reader(json_text in, std::string_view text, field_names& names, learned& knows,
                 arena& strings, std::size_t tail = 0) noexcept
        : source_reader{in, text, names, knows, strings}, tail_{tail} {}

    // The whole record: `object` with the one that it is, or with the one in its field "payload"; `other` where there
    // is something else. Both get its place and give back the one behind.
    template <class Object, class Other>
    void record(bool schema, Object object, Other other) {
        token_place at = in_.first();
        if (schema) {
            at = payload(at, object, other);
        } else {
            at = in_.front(at) == '{' ? object(at) : other(at);
        }
        expect(failed() || at == in_.end(), event_errc::not_json, at);
    }

    // The envelope of a change or message, the beginning or end of a transaction, or a heartbeat.
    token_place envelope(token_place at, event_view& into) {
        parts found;
        meanings_seen before;
        at = fields(at, knows_.envelope, before, [&](meaning what, token_place value) {
            ++found.fields;
            switch (what) {
            case meaning::before:
                found.more = found.more || found.tail != nullptr;
                return optional_row(value, into.has_before, into.before);
            case meaning::after:
                found.more = found.more || found.tail != nullptr;
                return optional_row(value, into.has_after, into.after);
            case meaning::source:
                found.before_tail = before;
                if (token_place const behind = from_memory(value, before, into)) {
                    found.op = found.known_tail = true;
                    return behind;
                }
                found.tail = value;
                into.source = {};
                return block(value, [&](token_place inner) { return source(inner, into.source); });
            case meaning::op:
                own_[2] = {what, value};
                found.op = true;
                into.op = operation(in_.token(value));
                return in_.next(value);
            case meaning::time_ms:
                return pass(value, &found.time);
            default:
                return what == meaning::other || in_.token(value) == "null"
                           ? pass(value) // most have no transaction
                           : rarer(what, value, found, into);
            }
        });
        if (found.tail == nullptr && !found.known_tail) {
            into.source = {};
        }
        bool const change = found.op && !found.status && into.op != event_operation::message;
        if (!failed() && change) {
            expect_its_rows(into);
        } else if (!failed()) {
            settle(found, into);
        }
        if (found.tail != nullptr && !found.more && !failed() && knows_.tail.worth_learning()) {
            knows_.tail.learn(in_, found.tail, at - 1, found.before_tail, into.source, own_);
        }
        return at;
    }

private:
    // What of an envelope was there, beside what it says.
    struct parts {
        std::size_t fields = 0;
        bool op = false;
        bool status = false;
        bool message = false;
        bool known_tail = false;
        bool more = false;          // than known_tail can tell
        std::string_view time;      // read only where it means something
        token_place tail = nullptr; // the source block's brace, where it had to be read
        meanings_seen before_tail;
    };

    // An object, or null.
    token_place optional_row(token_place at, bool& there, row_values& into) {
        there = in_.front(at) == '{';
        return there ? row(at, into) : null(at);
    }

    // Rows that come into being have an after, and what else is said of them counts for nothing; those that go have
    // a before and no after; a truncated table has neither.
    void expect_its_rows(event_view const& read) noexcept {
        bool const removed = read.op == event_operation::remove;
        bool const truncated = read.op == event_operation::truncate;
        char const* const at = text_.data();
        expect(truncated || (removed ? read.has_before : read.has_after), event_errc::missing_field,
               at);
        expect(!(removed || truncated) || !read.has_after, event_errc::wrong_type, at);
        expect(!truncated || !read.has_before, event_errc::wrong_type, at);
    }

    // Fields that most changes do not have; not null. By itself and cold, so that the compiler keeps the usual ones
    // together.
    [[gnu::cold, gnu::noinline]] token_place rarer(meaning what, token_place at, parts& found,
                                                   event_view& into) {
        found.more = true;
        std::string_view const token = in_.token(at);
        switch (what) {
        case meaning::order:
            return block(at, [&](token_place inner) { return order(inner, into.transaction); });
        case meaning::message:
            found.message = true;
            return block(at, [&](token_place inner) { return message(inner, into.message); });
        case meaning::collections:
            return collections(at, into.boundary.collections);
        case meaning::status:
            found.status = true;
            into.op = status(token);
            return in_.next(at);
        case meaning::id:
            into.boundary.id = optional_string(token);
            return in_.next(at);
        case meaning::event_count:
            into.boundary.event_count = number(token);
            return in_.next(at);
        default:
            return pass(at);
        }
    }

    // Which kind of record it is, and whether that one is whole. What has neither op nor status is none but a
    // heartbeat, which has its time and nothing else.
    [[gnu::cold, gnu::noinline]] void settle(parts const& found, event_view& into) noexcept {
        bool const heartbeat =
            !found.op && !found.status && found.fields == 1 && !found.time.empty();
        if (heartbeat) {
            into.op = event_operation::heartbeat;
        }
        char const* const at = text_.data();
        expect(!(found.op && found.status), event_errc::unknown_operation, at);
        expect(found.op || found.status || heartbeat, event_errc::missing_field, at);
        expect(found.message || into.op != event_operation::message, event_errc::missing_field, at);
        expect(!into.has_before && !into.has_after, event_errc::wrong_type, at);
        expect(!found.status || !into.boundary.id.empty(), event_errc::missing_field, at);
        if (heartbeat || found.status) {
            expect(!found.time.empty() && found.time != "null", event_errc::missing_field, at);
            into.boundary.time_ms = failed() ? 0 : number(found.time);
        }
    }

    // --- the source block

    // The rest of the envelope, where it is as the record before had it; up to the closing brace.
    token_place from_memory(token_place at, meanings_seen before, event_view& into) {
        auto const take = [&](meaning what, std::string_view token) {
            if (what == meaning::position) {
                into.source.position = position(token);
            } else if (what == meaning::op) {
                into.op = operation(token);
            }
        };
        if (tail_ != 0) {
            // Anywhere else the brace is none of the envelope's source block.
            bool const here = in_.start(at) == text_.data() + tail_ && in_.front(at) == '{' &&
                              knows_.tail.read(text_, tail_, before, into.source, take);
            expect(here, event_errc::not_json, at);
            if (here) {
                knows_.tail.matched();
            }
            return at + 1;
        }
        token_place const end = knows_.tail.match(in_, at, before, into.source, take);
        if (end != nullptr) {
            knows_.tail.matched();
        }
        return end;
    }

    // --- what belongs to transactions and messages

    // The block `transaction` of a change or message.
    token_place order(token_place at, transaction_view& into) {
        at = fields(at, knows_.order, [&](meaning what, token_place value) {
            std::string_view const token = in_.token(value);
            switch (what) {
            case meaning::id:
                into.id = optional_string(token);
                return in_.next(value);
            case meaning::total_order:
                into.total_order = number(token);
                return in_.next(value);
            case meaning::collection_order:
                into.collection_order = number(token);
                return in_.next(value);
            default:
                return pass(value);
            }
        });
        expect(failed() || !into.id.empty(), event_errc::missing_field, text_.data());
        return at;
    }

    token_place message(token_place at, message_view& into) {
        return fields(at, knows_.message, [&](meaning what, token_place value) {
            if (what != meaning::prefix && what != meaning::content) {
                return pass(value);
            }
            (what == meaning::prefix ? into.prefix : into.content) =
                optional_string(in_.token(value));
            return in_.next(value);
        });
    }

    token_place collections(token_place at, std::vector<collection_view>& into) {
        if (!expect(in_.front(at) == '[', event_errc::wrong_type, at)) {
            return at;
        }
        ++at;
        while (in_.front(at) != ']' && !failed()) {
            at = block(at, [&](token_place one) { return collection(one, into.emplace_back()); });
            char const behind = in_.front(at);
            if (!failed() && behind == ',') {
                ++at;
                expect(in_.front(at) != ']', event_errc::not_json, at);
            } else {
                expect(behind == ']', event_errc::not_json, at);
            }
        }
        return in_.next(at);
    }

    token_place collection(token_place at, collection_view& into) {
        return fields(at, knows_.collection, [&](meaning what, token_place value) {
            if (what == meaning::collection) {
                into.name = optional_string(in_.token(value));
                return in_.next(value);
            }
            if (what == meaning::event_count) {
                into.events = number(in_.token(value));
                return in_.next(value);
            }
            return pass(value);
        });
    }

    // --- the record

    template <class Object, class Other>
    token_place payload(token_place at, Object object, Other other) {
        if (!expect(in_.front(at) == '{', event_errc::not_an_object, at)) {
            return at;
        }
        bool found = false;
        bool schema = false;
        auto const which_one = [this](token_place field) { return name_of(field); };
        at = each_field(at, which_one, [&](std::string_view name, token_place value) {
            if (name == "schema") {
                expect(!std::exchange(schema, true), event_errc::duplicate_field, name_at(value));
                return pass(value);
            }
            expect(name == "payload", event_errc::unknown_field, name_at(value));
            expect(!std::exchange(found, true), event_errc::duplicate_field, name_at(value));
            if (failed()) {
                return value;
            }
            return in_.front(value) == '{' ? object(value) : other(value);
        });
        expect(failed() || (found && schema), event_errc::missing_field, text_.data());
        return at;
    }

    event_operation operation(std::string_view token) {
        std::string_view const text = optional_string(token);
        if (text.size() != 1 ||
            std::string_view{"cudrtm"}.find(text[0]) == std::string_view::npos) {
            fail(event_errc::unknown_operation, token.data());
            return event_operation::none;
        }
        return static_cast<event_operation>(text[0]);
    }

    event_operation status(std::string_view token) {
        std::string_view const text = optional_string(token);
        if (text == "BEGIN") {
            return event_operation::begin;
        }
        expect(text == "END", event_errc::unknown_operation, token.data());
        return event_operation::end;
    }

    std::size_t tail_;
};

void forget(event_view& of) noexcept {
    of.op = event_operation::none;
    of.has_before = of.has_after = false;
    of.transaction = {};
    of.message = {};
    of.boundary.clear();
}

// The verdict; names that a refused record brought go with it.
event_result<void> names_kept(event_result<void> verdict, field_names& names, std::size_t known) {
    if (!verdict) {
        names.forget_after(known);
    }
    return verdict;
}

} // namespace

struct event_decoder::state {
    json_tokens tokens;
    learned knows;

    // Reads an envelope whose tail is the one before's: only what is in front of it has to be found and read. False: it is
    // none, or there is something wrong with it, and all of it has to be read.
    bool has_known_tail(std::string_view text, field_names& names, event_view& into,
                        arena& strings) {
        std::size_t const tail = knows.tail.begins_at(text);
        if (tail == 0 || tokens.find_head(text, tail) != event_errc::ok) {
            return false;
        }
        forget(into);
        std::size_t const known = names.size();
        event_reader from{tokens.found(), text, names, knows, strings, tail};
        from.record(
            false, [&](token_place at) { return from.envelope(at, into); },
            [&](token_place at) {
                from.fail(event_errc::not_an_object, at);
                return at;
            });
        return names_kept(from.verdict(), names, known).has_value();
    }
};

event_decoder::event_decoder() : state_{std::make_unique<state>()} {}
event_decoder::~event_decoder() = default;

event_result<void> event_decoder::value(std::string_view text, record_form form, field_names& names,
                                        event_view& into, arena& strings) {
    if (form == record_form{} && state_->has_known_tail(text, names, into, strings)) {
        return {};
    }
    forget(into);
    if (event_errc const bad = state_->tokens.find(text); bad != event_errc::ok) {
        return event_error{bad, untokened_at(bad, text)};
    }
    std::size_t const known = names.size();
    event_reader from{state_->tokens.found(), text, names, state_->knows, strings};
    auto const object = [&](token_place at) {
        if (!form.envelope) {
            into.source = {};
            into.has_after = true;
        }
        return form.envelope ? from.envelope(at, into) : from.row(at, into.after);
    };
    auto const other = [&](token_place at) {
        into.source = {};
        // A tombstone of a converter that writes them as null; Debezium's own have no value at all.
        bool const null = state_->tokens.found().token(at) == "null";
        if (form.schema || (!form.envelope && null)) {
            return from.null(at);
        }
        from.fail(event_errc::not_an_object, at);
        return at;
    };
    from.record(form.schema, object, other);
    return names_kept(from.verdict(), names, known);
}

event_result<void> event_decoder::key(std::string_view text, bool schema, field_names& names,
                                      row_values& into, arena& strings) {
    if (event_errc const bad = state_->tokens.find(text); bad != event_errc::ok) {
        return event_error{bad, untokened_at(bad, text)};
    }
    std::size_t const known = names.size();
    event_reader from{state_->tokens.found(), text, names, state_->knows, strings};
    from.record(
        schema, [&](token_place at) { return from.row(at, into); },
        [&](token_place at) { return from.bare(at, into); });
    return names_kept(from.verdict(), names, known);
}

} // namespace tandem::event
