#include "engine/flow/streamed_transactions.hpp"

#include "codecs/base/assert.hpp"
#include "engine/core/failpoint.hpp"
#include "engine/core/origin_gate.hpp"

#include <cerrno>
#include <utility>

namespace tandem::engine {
namespace {

// The (sub)transaction that made a change; zero for messages that are no change. What says how relations
// look is none: the server does not repeat it after a rollback to a savepoint.
xid maker(pgoutput::message const& decoded) {
    return std::visit(
        []<class Message>(Message const& made) {
            constexpr bool describes = std::is_same_v<Message, pgoutput::relation> ||
                                       std::is_same_v<Message, pgoutput::type>;
            if constexpr (requires { made.streamed; } && !describes) {
                return made.streamed;
            } else {
                return xid{};
            }
        },
        decoded);
}

} // namespace

streamed_transactions::streamed_transactions(std::string folder, counter& held)
    : folder_{std::move(folder)}, held_{held} {}

io::file_result<void> streamed_transactions::keep(xid transaction, pgoutput::message const& decoded,
                                                  std::string_view bytes) {
    auto known = open_.find(transaction.value);
    if (known == open_.end()) { // kept when the next message has told whose it is
        streamed_transaction fresh{held_bytes{held_}, {}, std::string{bytes}, {}, {}};
        open_.emplace(transaction.value, std::move(fresh));
        return boost::system::in_place_value;
    }
    streamed_transaction& one = known->second;
    if (auto const* came = std::get_if<pgoutput::origin>(&decoded)) { // once, the second message
        one.origin = came->name;
        one.echo = is_echo(came->name) && !failpoint("origin_filter");
    }
    if (one.echo) {
        one.changes += maker(decoded).value != 0 ? 1 : 0;
        return boost::system::in_place_value;
    }
    if (!one.messages) {
        auto made = io::spool::make(folder_);
        if (!made) {
            return made.error();
        }
        one.messages = std::move(*made);
        if (auto const opened = one.messages->append(std::exchange(one.opening, {})); !opened) {
            return opened;
        }
    }
    auto kept = one.messages->append(bytes);
    if (kept && std::holds_alternative<pgoutput::stream_stop>(decoded)) {
        kept = one.messages->flush(); // the next block may be long in coming
    }
    one.held.set(one.messages->bytes());
    return kept;
}

void streamed_transactions::abort(pgoutput::stream_abort const& made) {
    auto const known = open_.find(made.transaction.value);
    TANDEM_ASSERT(known != open_.end());
    if (made.transaction == made.subtransaction) {
        open_.erase(known);
    } else {
        known->second.rolled_back.insert(made.subtransaction.value);
    }
}

streamed_transaction streamed_transactions::take(xid transaction) {
    auto const known = open_.find(transaction.value);
    TANDEM_ASSERT(known != open_.end());
    streamed_transaction taken = std::move(known->second);
    open_.erase(known);
    return taken;
}

streamed_replay::streamed_replay(streamed_transaction from, pgoutput::decoder const& known)
    : from_{std::move(from)} {
    TANDEM_ASSERT(from_.messages.has_value());
    decoder_.adopt_relations(known);
}

io::file_result<streamed_replay::item> streamed_replay::next() {
    if (!rewound_) {
        if (auto const ready = from_.messages->rewind(); !ready) {
            return ready.error();
        }
        rewound_ = true;
    }
    auto const bytes = from_.messages->next();
    if (!bytes) {
        return bytes.error();
    }
    if (!*bytes) {
        return item{std::nullopt, 0, true};
    }
    auto const decoded = decoder_.next(**bytes);
    if (!decoded) { // it was whole when it was kept
        return boost::system::error_code{EIO, boost::system::generic_category()};
    }
    bool const counts = !from_.rolled_back.contains(maker(*decoded).value);
    return item{counts ? std::optional{*decoded} : std::nullopt, (*bytes)->size()};
}

} // namespace tandem::engine
