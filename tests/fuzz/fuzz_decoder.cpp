// A whole stream of messages: the relation cache, blocks and their order. Input: messages behind each other,
// each with its length in two bytes in front. The oracle is a plain record of where the stream must stand.
#include "codecs/pgoutput/decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>

namespace tandem::pgoutput {
namespace {

class plain_order {
public:
    // Whether a decoded message may stand here; moves on when it may.
    bool admit(message const& read) {
        return std::visit([this](auto const& each) { return admit(each); }, read);
    }

private:
    bool admit(begin const&) { return enter('B'); }
    bool admit(begin_prepare const&) { return enter('b'); }
    bool admit(commit const&) { return leave('B'); }
    bool admit(prepare const&) { return leave('b'); }
    bool admit(commit_prepared const&) { return open_ == 0; }
    bool admit(rollback_prepared const&) { return open_ == 0; }
    bool admit(stream_start const& read) {
        bool const known = streams_.contains(read.transaction.value);
        block_ = read.transaction.value;
        return enter('S') && known != read.first_block && (streams_[block_], true);
    }
    bool admit(stream_stop const&) { return leave('S'); }
    bool admit(stream_commit const& read) { return finish(read.transaction); }
    bool admit(stream_prepare const& read) { return finish(read.transaction); }
    bool admit(stream_abort const& read) {
        bool const known = open_ == 0 && streams_.contains(read.transaction.value);
        if (known && read.transaction == read.subtransaction) {
            streams_.erase(read.transaction.value);
        }
        return known;
    }
    bool admit(origin const&) { return after(fresh_); }
    bool admit(logical_message const& read) { return after(read.transactional == (open_ != 0)); }
    bool admit(type const&) { return after(open_ != 0); }
    bool admit(relation const& read) {
        auto& into = open_ == 'S' ? streams_[block_] : relations_;
        into[read.id.value] = {read.column_count, ++described_};
        return after(open_ != 0);
    }
    bool admit(truncate const& read) {
        bool known = open_ != 0;
        for (std::uint32_t index = 0; index < read.relation_count; ++index) {
            known = known && columns(read.relation_id(index)) >= 0;
        }
        return after(known);
    }
    bool admit(insert const& read) { return row(read.relation_id, read.new_row); }
    bool admit(remove const& read) { return row(read.relation_id, read.old_row); }
    bool admit(update const& read) {
        return row(read.relation_id, read.new_row) &&
               (read.old_kind == old_row_kind::none || row(read.relation_id, read.old_row));
    }

    bool row(oid relation, tuple_view values) {
        return after(open_ != 0 && columns(relation) == values.column_count());
    }
    int columns(oid relation) const {
        if (open_ == 'S') {
            auto const& own = streams_.at(block_);
            if (auto const found = own.find(relation.value); found != own.end()) {
                return found->second.columns;
            }
        }
        auto const found = relations_.find(relation.value);
        return found == relations_.end() ? -1 : found->second.columns;
    }
    bool enter(char where) {
        bool const outside = open_ == 0;
        open_ = where;
        fresh_ = true;
        return outside;
    }
    bool leave(char where) {
        bool const here = open_ == where;
        open_ = 0;
        return after(here);
    }
    bool finish(xid transaction) {
        auto const stream = streams_.find(transaction.value);
        if (open_ != 0 || stream == streams_.end()) {
            return false;
        }
        for (auto const& [id, theirs] : stream->second) { // the one that was described last holds
            auto& ours = relations_[id];
            ours = ours.at < theirs.at ? theirs : ours;
        }
        streams_.erase(stream);
        return true;
    }
    bool after(bool allowed) { // `allowed` was taken before
        fresh_ = false;
        return allowed;
    }

    struct shape {
        int columns = 0;
        int at = 0; // which description of the whole stream it was
    };
    using shapes = std::map<std::uint32_t, shape>;
    int described_ = 0;
    shapes relations_;
    std::map<std::uint32_t, shapes> streams_;
    std::uint32_t block_ = 0;
    char open_ = 0;
    bool fresh_ = false; // an origin may follow
};

void check(std::string_view input) {
    decoder in;
    plain_order order;
    while (input.size() >= 2) {
        auto const high = static_cast<unsigned char>(input[0]);
        auto const low = static_cast<unsigned char>(input[1]);
        std::size_t const size = std::min<std::size_t>(high * 256U + low, input.size() - 2);
        std::string_view const bytes = input.substr(2, size);
        input.remove_prefix(2 + size);
        auto const alone =
            decode(bytes, in.in_block() ? within::stream_block : within::transaction);
        auto const read = in.next(bytes);
        bool const wanted = alone.has_value() && order.admit(*alone);
        if (read.has_value() != wanted) {
            std::abort();
        }
        if (!wanted) {
            return; // a stream ends with its first error
        }
        if (std::holds_alternative<insert>(*read) &&
            in.shape()->columns.size() != std::get<insert>(*read).new_row.column_count()) {
            std::abort();
        }
    }
}

} // namespace
} // namespace tandem::pgoutput

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    tandem::pgoutput::check({reinterpret_cast<char const*>(data), size});
    return 0;
}
