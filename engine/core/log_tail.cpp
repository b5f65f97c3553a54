#include "engine/core/log_tail.hpp"

#include "codecs/event/padding.hpp"

#include <algorithm>
#include <utility>

namespace tandem::engine {

void log_tail_finder::take(std::span<event::record_header const> headers,
                           std::optional<std::string_view> value) {
    auto const read = event::decode_headers(headers);
    if (!read || read->stream != node_ || read->origin != node_) {
        return;
    }
    if (read->epoch < epoch_) { // readers pass over what a writer sent after its successor's start
        return;
    }
    epoch_ = read->epoch;
    reached_ = std::max(reached_.value_or(read->position), read->position);
    if (!read->note.empty()) {
        auto note = event::decode_note(read->note);
        auto* start = note ? std::get_if<event::start_note>(&*note) : nullptr;
        if (start != nullptr) {
            writer_ = std::move(*start);
            return;
        }
    }
    if (read->position == read->previous || !read->position.ends_transaction() ||
        (found_ && read->position.at <= found_->end)) {
        return;
    }
    if (auto const made = made_by(*read, value)) {
        found_ = log_tail{read->position.at, *made, {}};
    }
}

std::optional<log_tail> log_tail_finder::found() const {
    auto whole = found_;
    if (whole && writer_) {
        whole->token = writer_->tokens.back();
    }
    return whole;
}

// None: a position, or something that tells of no transaction.
std::optional<event::commit_note> log_tail_finder::made_by(event::record_headers const& headers,
                                                           std::optional<std::string_view> value) {
    if (!headers.note.empty()) {
        auto const note = event::decode_note(headers.note);
        if (!note) {
            return std::nullopt;
        }
        return std::visit(
            []<class Note>(Note const& said) -> std::optional<event::commit_note> {
                if constexpr (requires { said.transaction; }) {
                    return event::commit_note{said.transaction, said.commit_time};
                } else {
                    return std::nullopt;
                }
            },
            *note);
    }
    if (!value) {
        return std::nullopt;
    }
    room_.assign(*value);
    room_.append(event::record_padding, '\0');
    strings_.clear();
    auto const decoded = decoder_.value(std::string_view{room_}.substr(0, value->size()), {},
                                        names_, event_, strings_);
    auto const id = event_.source.transaction;
    if (!decoded || !std::in_range<std::uint32_t>(id) || event_.source.time_us <= 0) {
        return std::nullopt;
    }
    return event::commit_note{xid{static_cast<std::uint32_t>(id)},
                              pg_time::from_unix_us(event_.source.time_us)};
}

} // namespace tandem::engine
