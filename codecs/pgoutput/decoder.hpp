#pragma once
// A pgoutput stream from its first message on: each one decoded, in its place, and fitting its relation.

#include "codecs/pgoutput/message.hpp"
#include "codecs/pgoutput/relation_cache.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <string_view>

namespace tandem::pgoutput {

// One per connection; not thread-safe. After an error the stream is not to be trusted: start it anew with
// another decoder.
class decoder {
public:
    // The next message. Its views point into `bytes`. Allocates for relations and open streamed
    // transactions only, never for rows.
    // Errors beside those of decode():
    //   out_of_order      B in a transaction, C or a row outside, S/E/c/A/p that do not match, a late O
    //   unknown_relation  a row or truncate of a relation that no R described, here or in the same
    //                     streamed transaction
    //   wrong_columns     a row with another number of columns than its relation
    [[nodiscard]] result<message> next(std::string_view bytes);

    // The relation of the insert, update or remove that next() returned last. Copy to keep.
    [[nodiscard]] relation_ptr const& shape() const noexcept { return *shape_; }
    // What R said of a relation, as the current transaction sees it; nullptr when it said nothing. Valid
    // until next().
    [[nodiscard]] relation_ptr const* find(oid relation) const noexcept;
    // Takes over what another decoder was told of relations, so that equal shapes are the same object.
    void adopt_relations(decoder const& from) { relations_.adopt_newer(from.relations_); }
    // See relation_cache: of what comes from here on.
    void rename_schema(std::string const& from, std::string const& to);
    // Whether the last R described a relation first, again, or otherwise than before.
    [[nodiscard]] relation_cache::outcome described() const noexcept { return described_; }

    // Between B and C, b and P, S and E.
    [[nodiscard]] bool inside() const noexcept { return place_ != place::outside; }
    [[nodiscard]] bool in_block() const noexcept { return place_ == place::block; }
    // The streamed transaction whose block is open.
    [[nodiscard]] xid streamed() const noexcept { return block_; }
    [[nodiscard]] std::size_t open_streams() const noexcept { return streams_.size(); }

private:
    enum class place : std::uint8_t { outside, transaction, prepared, block };

    [[nodiscard]] codec_errc admit_any(message const& decoded);
    [[nodiscard]] codec_errc admit(insert const& made);
    [[nodiscard]] codec_errc admit(update const& made);
    [[nodiscard]] codec_errc admit(remove const& made);
    [[nodiscard]] codec_errc admit(truncate const& made) const;
    [[nodiscard]] codec_errc admit(relation const& made);
    [[nodiscard]] codec_errc admit(type const& made) const;
    [[nodiscard]] codec_errc admit(logical_message const& made) const;
    [[nodiscard]] codec_errc admit(origin const& made);
    [[nodiscard]] codec_errc admit(begin const& made);
    [[nodiscard]] codec_errc admit(commit const& made);
    [[nodiscard]] codec_errc admit(begin_prepare const& made);
    [[nodiscard]] codec_errc admit(prepare const& made);
    [[nodiscard]] codec_errc admit(commit_prepared const& made) const;
    [[nodiscard]] codec_errc admit(rollback_prepared const& made) const;
    [[nodiscard]] codec_errc admit(stream_start const& made);
    [[nodiscard]] codec_errc admit(stream_stop const& made);
    [[nodiscard]] codec_errc admit(stream_commit const& made);
    [[nodiscard]] codec_errc admit(stream_prepare const& made);
    [[nodiscard]] codec_errc admit(stream_abort const& made);

    [[nodiscard, gnu::cold]] std::uint32_t wrong_field(message const& refused, codec_errc error,
                                                       std::string_view bytes) const;
    [[nodiscard]] codec_errc look_up(oid relation);
    [[nodiscard]] bool old_row_fits(update const& made) const noexcept;
    [[nodiscard]] codec_errc enter(place where);
    [[nodiscard]] codec_errc leave(place where);
    [[nodiscard]] codec_errc close_stream(xid transaction);

    relation_cache relations_;
    // Shapes that open streamed transactions brought: theirs alone until they commit (they may come from
    // DDL that nobody else sees, or that is rolled back).
    boost::unordered_flat_map<std::uint32_t, relation_cache> streams_;
    relation_ptr const* shape_ = nullptr;
    oid shape_of_;
    std::size_t columns_ = 0; // of shape_
    xid block_;
    std::uint64_t described_so_far_ = 0;
    place place_ = place::outside;
    bool origin_may_follow_ = false;
    relation_cache::outcome described_ = relation_cache::outcome::added;
};

} // namespace tandem::pgoutput
