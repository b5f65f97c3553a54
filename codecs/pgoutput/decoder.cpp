#include "codecs/pgoutput/decoder.hpp"

namespace tandem::pgoutput {
namespace {

codec_errc when(bool allowed) noexcept {
    return allowed ? codec_errc::ok : codec_errc::out_of_order;
}

} // namespace

result<message> decoder::next(std::string_view bytes) {
    auto decoded = decode(bytes, in_block() ? within::stream_block : within::transaction);
    if (decoded.has_value()) {
        if (codec_errc const error = admit_any(*decoded); error != codec_errc::ok) {
            decoded = codec_error{error, wrong_field(*decoded, error, bytes)};
        }
    }
    return decoded;
}

codec_errc decoder::admit_any(message const& decoded) {
    // The commonest first: std::visit would jump through a table for every row.
    if (auto const* const made = std::get_if<insert>(&decoded)) {
        origin_may_follow_ = false;
        return admit(*made);
    }
    bool const origin_follows = std::holds_alternative<begin>(decoded) ||
                                std::holds_alternative<begin_prepare>(decoded) ||
                                std::holds_alternative<stream_start>(decoded);
    codec_errc const error =
        std::visit([this](auto const& made) { return this->admit(made); }, decoded);
    origin_may_follow_ = origin_follows;
    return error;
}

// Where the field lies that cannot be right: the tag, the relation's oid, or a row's number of columns.
std::uint32_t decoder::wrong_field(message const& refused, codec_errc error,
                                   std::string_view bytes) const {
    if (error == codec_errc::out_of_order) {
        return 0;
    }
    std::uint32_t const relation_at = in_block() ? 5 : 1; // a transaction stands before it
    if (auto const* const made = std::get_if<truncate>(&refused)) {
        std::uint32_t index = 0;
        while (find(made->relation_id(index)) != nullptr) {
            ++index;
        }
        return relation_at + 5 + 4 * index;
    }
    if (error == codec_errc::unknown_relation) {
        return relation_at;
    }
    tuple_view row; // with its count in front
    if (auto const* const made = std::get_if<insert>(&refused)) {
        row = made->new_row;
    } else if (auto const* const gone = std::get_if<remove>(&refused)) {
        row = gone->old_row;
    } else if (auto const* const changed = std::get_if<update>(&refused)) {
        row = old_row_fits(*changed) ? changed->new_row : changed->old_row;
    }
    return static_cast<std::uint32_t>(row.raw().data() - bytes.data()) - 2;
}

// --- rows

codec_errc decoder::look_up(oid relation) {
    if (!inside()) {
        return codec_errc::out_of_order;
    }
    if (shape_ == nullptr || shape_of_ != relation) {
        shape_ = find(relation);
        shape_of_ = relation;
        columns_ = shape_ == nullptr ? 0 : (*shape_)->columns.size();
    }
    return shape_ == nullptr ? codec_errc::unknown_relation : codec_errc::ok;
}

codec_errc decoder::admit(insert const& made) {
    codec_errc const error = look_up(made.relation_id);
    if (error != codec_errc::ok) {
        return error;
    }
    return made.new_row.column_count() == columns_ ? codec_errc::ok : codec_errc::wrong_columns;
}

codec_errc decoder::admit(update const& made) {
    codec_errc const error = look_up(made.relation_id);
    if (error != codec_errc::ok) {
        return error;
    }
    bool const fits = made.new_row.column_count() == columns_ && old_row_fits(made);
    return fits ? codec_errc::ok : codec_errc::wrong_columns;
}

bool decoder::old_row_fits(update const& made) const noexcept {
    return made.old_kind == old_row_kind::none || made.old_row.column_count() == columns_;
}

codec_errc decoder::admit(remove const& made) {
    codec_errc const error = look_up(made.relation_id);
    if (error != codec_errc::ok) {
        return error;
    }
    return made.old_row.column_count() == columns_ ? codec_errc::ok : codec_errc::wrong_columns;
}

codec_errc decoder::admit(truncate const& made) const {
    if (!inside()) {
        return codec_errc::out_of_order;
    }
    for (std::uint32_t index = 0; index < made.relation_count; ++index) {
        if (find(made.relation_id(index)) == nullptr) {
            return codec_errc::unknown_relation;
        }
    }
    return codec_errc::ok;
}

// --- relations

relation_ptr const* decoder::find(oid relation) const noexcept {
    if (in_block()) {
        auto const stream = streams_.find(block_.value);
        if (stream != streams_.end()) {
            if (auto const* const own = stream->second.find(relation)) {
                return own;
            }
        }
    }
    return relations_.find(relation);
}

codec_errc decoder::admit(relation const& made) {
    if (!inside()) {
        return codec_errc::out_of_order;
    }
    auto const* const known = find(made.id);
    auto const before = known == nullptr ? relation_ptr{} : *known;
    auto& into = in_block() ? streams_[block_.value] : relations_;
    if (before) { // an equal shape keeps its pointer, also where another transaction described it
        into.adopt(before);
    }
    described_ = into.store(made, ++described_so_far_);
    shape_ = nullptr; // the map may have moved its entries
    return codec_errc::ok;
}

codec_errc decoder::admit(type const&) const {
    return when(inside());
}

// --- what stands between

codec_errc decoder::admit(logical_message const& made) const {
    // One that is not transactional is sent as soon as it is decoded: between transactions.
    return when(made.transactional == inside());
}

codec_errc decoder::admit(origin const&) {
    return when(origin_may_follow_);
}

codec_errc decoder::enter(place where) {
    shape_ = nullptr;
    codec_errc const error = when(place_ == place::outside);
    place_ = where;
    return error;
}

codec_errc decoder::leave(place where) {
    shape_ = nullptr;
    codec_errc const error = when(place_ == where);
    place_ = place::outside;
    return error;
}

codec_errc decoder::admit(begin const&) {
    return enter(place::transaction);
}

codec_errc decoder::admit(commit const&) {
    return leave(place::transaction);
}

codec_errc decoder::admit(begin_prepare const&) {
    return enter(place::prepared);
}

codec_errc decoder::admit(prepare const&) {
    return leave(place::prepared);
}

codec_errc decoder::admit(commit_prepared const&) const {
    return when(!inside());
}

codec_errc decoder::admit(rollback_prepared const&) const {
    return when(!inside());
}

// --- transactions in blocks

codec_errc decoder::admit(stream_start const& made) {
    codec_errc const error = enter(place::block);
    block_ = made.transaction;
    bool const known = streams_.contains(block_.value);
    if (error != codec_errc::ok || known == made.first_block) {
        return codec_errc::out_of_order;
    }
    if (!known) {
        streams_.emplace(block_.value, relation_cache{});
    }
    return codec_errc::ok;
}

codec_errc decoder::admit(stream_stop const&) {
    block_ = {};
    return leave(place::block);
}

// Committed or prepared: what it described is known to the server's sender as sent, unless another transaction was
// told of something newer meanwhile.
codec_errc decoder::close_stream(xid transaction) {
    auto const stream = streams_.find(transaction.value);
    if (inside() || stream == streams_.end()) {
        return codec_errc::out_of_order;
    }
    relations_.adopt_newer(stream->second);
    streams_.erase(stream);
    return codec_errc::ok;
}

codec_errc decoder::admit(stream_commit const& made) {
    return close_stream(made.transaction);
}

codec_errc decoder::admit(stream_prepare const& made) {
    return close_stream(made.transaction);
}

codec_errc decoder::admit(stream_abort const& made) {
    auto const stream = streams_.find(made.transaction.value);
    if (inside() || stream == streams_.end()) {
        return codec_errc::out_of_order;
    }
    if (made.subtransaction == made.transaction) {
        streams_.erase(stream);
    }
    return codec_errc::ok;
}

void decoder::rename_schema(std::string const& from, std::string const& to) {
    relations_.rename_schema(from, to);
    for (auto& [transaction, described] : streams_) {
        described.rename_schema(from, to);
    }
}

} // namespace tandem::pgoutput
