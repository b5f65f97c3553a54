#include "codecs/base/byte_reader.hpp"
#include "codecs/pgoutput/message.hpp"

namespace tandem::pgoutput {
namespace {

// Where the columns starting at `at` end, or an error. This loop sees every byte of every row, so
// it keeps its state in registers instead of the reader.
struct columns_end {
    char const* at;
    codec_errc error;
};

columns_end walk_columns(char const* at, char const* end, std::uint16_t count) noexcept {
    std::uint32_t index = 0;
    // Values that lie well inside: one load for kind and length, one comparison for the length.
    constexpr std::ptrdiff_t sure = 8;
    for (; index < count && end - at >= sure; ++index) {
        auto const kind = static_cast<column_kind>(*at);
        if (kind != column_kind::text && kind != column_kind::binary) {
            if (kind != column_kind::null && kind != column_kind::unchanged) {
                return {at, codec_errc::unknown_tag};
            }
            ++at;
            continue;
        }
        auto const left = static_cast<std::size_t>(end - at) - 5;
        std::size_t const length = load_big_endian<std::uint32_t>(at + 1); // negative: beyond
        if (length > left) {
            return {at + 1, codec_errc::bad_length};
        }
        at += 5 + length;
    }
    for (; index < count; ++index) {
        if (at == end) {
            return {at, codec_errc::truncated};
        }
        auto const kind = static_cast<column_kind>(*at++);
        if (kind == column_kind::text || kind == column_kind::binary) {
            if (end - at < 4) {
                return {at, codec_errc::truncated};
            }
            auto const length = static_cast<std::int32_t>(load_big_endian<std::uint32_t>(at));
            at += 4;
            if (length < 0 || length > end - at) {
                return {at - 4, codec_errc::bad_length};
            }
            at += length;
        } else if (kind != column_kind::null && kind != column_kind::unchanged) {
            return {at - 1, codec_errc::unknown_tag};
        }
    }
    return {at, codec_errc::ok};
}

void read_tuple(byte_reader& in, tuple_view& into) noexcept {
    std::uint16_t const count = in.u16();
    char const* const first = in.at();
    columns_end const walked = walk_columns(first, first + in.left(), count);
    std::string_view const columns = in.bytes(static_cast<std::size_t>(walked.at - first));
    if (walked.error != codec_errc::ok) {
        in.fail(walked.error);
        return;
    }
    into = {count, columns};
}

void expect_tag(byte_reader& in, char tag) noexcept {
    if (static_cast<char>(in.u8()) != tag) {
        in.fail(codec_errc::unknown_tag, 1);
    }
}

lsn read_lsn(byte_reader& in) noexcept {
    return {in.u64()};
}
pg_time read_time(byte_reader& in) noexcept {
    return {in.i64()};
}
oid read_oid(byte_reader& in) noexcept {
    return {in.u32()};
}
xid read_xid(byte_reader& in) noexcept {
    return {in.u32()};
}

void read_no_flags(byte_reader& in) noexcept {
    if (in.u8() != 0) { // none are defined
        in.fail(codec_errc::bad_value, 1);
    }
}

void read(byte_reader& in, begin& into) noexcept {
    into.final_lsn = read_lsn(in);
    into.commit_time = read_time(in);
    into.transaction = read_xid(in);
}

void read(byte_reader& in, commit& into) noexcept {
    read_no_flags(in);
    into.commit_lsn = read_lsn(in);
    into.end_lsn = read_lsn(in);
    into.commit_time = read_time(in);
}

void read(byte_reader& in, origin& into) noexcept {
    into.origin_lsn = read_lsn(in);
    into.name = in.zero_terminated();
}

relation_column_view read_relation_column(byte_reader& in) noexcept {
    relation_column_view read;
    read.key = in.flag();
    read.name = in.zero_terminated();
    read.type = read_oid(in);
    read.type_modifier = in.i32();
    return read;
}

void read(byte_reader& in, relation& into) noexcept {
    into.id = read_oid(in);
    into.schema = in.zero_terminated();
    into.name = in.zero_terminated();
    into.replica_identity = static_cast<char>(in.u8());
    if (std::string_view{"dnfi"}.find(into.replica_identity) == std::string_view::npos) {
        in.fail(codec_errc::bad_value, 1);
    }
    into.column_count = in.u16();
    char const* const first = in.at();
    for (std::uint32_t index = 0; index < into.column_count && !in.failed(); ++index) {
        static_cast<void>(read_relation_column(in));
    }
    into.columns = {first, static_cast<std::size_t>(in.at() - first)};
}

void read(byte_reader& in, type& into) noexcept {
    into.id = read_oid(in);
    into.schema = in.zero_terminated();
    into.name = in.zero_terminated();
}

void read(byte_reader& in, insert& into) noexcept {
    into.relation_id = read_oid(in);
    expect_tag(in, 'N');
    read_tuple(in, into.new_row);
}

void read(byte_reader& in, update& into) noexcept {
    into.relation_id = read_oid(in);
    auto const tag = static_cast<char>(in.u8());
    if (tag == 'K' || tag == 'O') {
        into.old_kind = static_cast<old_row_kind>(tag);
        read_tuple(in, into.old_row);
        expect_tag(in, 'N');
    } else if (tag != 'N') {
        in.fail(codec_errc::unknown_tag, 1);
    }
    read_tuple(in, into.new_row);
}

void read(byte_reader& in, remove& into) noexcept {
    into.relation_id = read_oid(in);
    auto const tag = static_cast<char>(in.u8());
    if (tag != 'K' && tag != 'O') {
        in.fail(codec_errc::unknown_tag, 1);
    }
    into.old_kind = static_cast<old_row_kind>(tag);
    read_tuple(in, into.old_row);
}

void read(byte_reader& in, truncate& into) noexcept {
    constexpr std::uint8_t cascade_bit = 1;
    constexpr std::uint8_t restart_bit = 2;
    std::int32_t const count = in.i32();
    if (count < 0) {
        in.fail(codec_errc::bad_length, 4);
    }
    std::uint8_t const options = in.u8();
    if ((options & ~(cascade_bit | restart_bit)) != 0) {
        in.fail(codec_errc::bad_value, 1);
    }
    into.relation_count = static_cast<std::uint32_t>(count);
    into.cascade = (options & cascade_bit) != 0;
    into.restart_identity = (options & restart_bit) != 0;
    into.relation_ids = in.bytes(std::uint64_t{into.relation_count} * 4);
}

void read(byte_reader& in, logical_message& into) noexcept {
    into.transactional = in.flag();
    into.position = read_lsn(in);
    into.prefix = in.zero_terminated();
    std::int32_t const length = in.i32();
    if (length < 0) {
        in.fail(codec_errc::bad_length, 4);
    }
    into.content = in.bytes(static_cast<std::uint32_t>(length));
}

void read(byte_reader& in, stream_start& into) noexcept {
    into.transaction = read_xid(in);
    into.first_block = in.flag();
}

void read(byte_reader&, stream_stop&) noexcept {}

void read(byte_reader& in, stream_commit& into) noexcept {
    into.transaction = read_xid(in);
    read_no_flags(in);
    into.commit_lsn = read_lsn(in);
    into.end_lsn = read_lsn(in);
    into.commit_time = read_time(in);
}

void read(byte_reader& in, stream_abort& into) noexcept {
    into.transaction = read_xid(in);
    into.subtransaction = read_xid(in);
    into.positioned = in.left() > 0;
    if (into.positioned) {
        into.abort_lsn = read_lsn(in);
        into.abort_time = read_time(in);
    }
}

template <class Prepared>
void read_prepared(byte_reader& in, Prepared& into) noexcept {
    into.prepare_lsn = read_lsn(in);
    into.end_lsn = read_lsn(in);
    into.prepare_time = read_time(in);
    into.transaction = read_xid(in);
    into.gid = in.zero_terminated();
}

void read(byte_reader& in, begin_prepare& into) noexcept {
    read_prepared(in, into);
}

void read(byte_reader& in, prepare& into) noexcept {
    read_no_flags(in);
    read_prepared(in, into);
}

void read(byte_reader& in, stream_prepare& into) noexcept {
    read_no_flags(in);
    read_prepared(in, into);
}

void read(byte_reader& in, commit_prepared& into) noexcept {
    read_no_flags(in);
    into.commit_lsn = read_lsn(in);
    into.end_lsn = read_lsn(in);
    into.commit_time = read_time(in);
    into.transaction = read_xid(in);
    into.gid = in.zero_terminated();
}

void read(byte_reader& in, rollback_prepared& into) noexcept {
    read_no_flags(in);
    into.prepare_end_lsn = read_lsn(in);
    into.rollback_end_lsn = read_lsn(in);
    into.prepare_time = read_time(in);
    into.rollback_time = read_time(in);
    into.transaction = read_xid(in);
    into.gid = in.zero_terminated();
}

// The message is built where the caller gets it: copies of half-written views stall the processor,
// which cannot forward two narrow stores to one wide load.
template <class Message>
result<message> whole(byte_reader& in) noexcept {
    result<message> decoded{boost::system::in_place_value, std::in_place_type<Message>};
    read(in, *std::get_if<Message>(&*decoded));
    if (codec_error const error = in.finish(); error.code != codec_errc::ok) {
        decoded = error;
    }
    return decoded;
}

// A message that names its (sub)transaction inside a block; `made` is the one in `decoded`.
template <class Message>
void read_change(byte_reader& in, within where, Message& made, result<message>& decoded) noexcept {
    if (where == within::stream_block) {
        made.streamed = read_xid(in);
    }
    read(in, made);
    if (codec_error const error = in.finish(); error.code != codec_errc::ok) {
        decoded = error;
    }
}

template <class Message>
result<message> change(byte_reader& in, within where) noexcept {
    result<message> decoded{boost::system::in_place_value, std::in_place_type<Message>};
    read_change(in, where, *std::get_if<Message>(&*decoded), decoded);
    return decoded;
}

// The commonest message, without the reader's bookkeeping; what is not as it must be is left to read().
bool read_insert(std::string_view bytes, insert& into) noexcept {
    constexpr std::size_t before_columns = 8; // I, relation, N, count
    if (bytes.size() < before_columns || bytes[5] != 'N') {
        return false;
    }
    char const* const end = bytes.data() + bytes.size();
    char const* const columns = bytes.data() + before_columns;
    auto const count = load_big_endian<std::uint16_t>(bytes.data() + 6);
    columns_end const walked = walk_columns(columns, end, count);
    if (walked.error != codec_errc::ok || walked.at != end) {
        return false;
    }
    into.relation_id = {load_big_endian<std::uint32_t>(bytes.data() + 1)};
    into.new_row = {count, {columns, static_cast<std::size_t>(end - columns)}};
    return true;
}

result<message> decode_insert(std::string_view bytes, byte_reader& in, within where) noexcept {
    result<message> decoded{boost::system::in_place_value, std::in_place_type<insert>};
    auto& made = *std::get_if<insert>(&*decoded);
    if (where == within::transaction && read_insert(bytes, made)) {
        return decoded;
    }
    read_change(in, where, made, decoded);
    return decoded;
}

result<message> decode_transaction(char tag, byte_reader& in) noexcept {
    switch (tag) {
    case 'S':
        return whole<stream_start>(in);
    case 'E':
        return whole<stream_stop>(in);
    case 'c':
        return whole<stream_commit>(in);
    case 'A':
        return whole<stream_abort>(in);
    case 'b':
        return whole<begin_prepare>(in);
    case 'P':
        return whole<prepare>(in);
    case 'K':
        return whole<commit_prepared>(in);
    case 'r':
        return whole<rollback_prepared>(in);
    case 'p':
        return whole<stream_prepare>(in);
    default:
        in.fail(codec_errc::unknown_tag, 1); // an empty message stays "truncated"
        return in.finish();
    }
}

} // namespace

result<message> decode(std::string_view bytes, within where) noexcept {
    byte_reader in{bytes};
    auto const tag = static_cast<char>(in.u8());
    switch (tag) {
    case 'I':
        return decode_insert(bytes, in, where);
    case 'U':
        return change<update>(in, where);
    case 'D':
        return change<remove>(in, where);
    case 'B':
        return whole<begin>(in);
    case 'C':
        return whole<commit>(in);
    case 'R':
        return change<relation>(in, where);
    case 'T':
        return change<truncate>(in, where);
    case 'Y':
        return change<type>(in, where);
    case 'O':
        return whole<origin>(in);
    case 'M':
        return change<logical_message>(in, where);
    default:
        return decode_transaction(tag, in);
    }
}

relation_column_view relation::column_cursor::next() noexcept {
    relation_column_view column;
    column.key = *at_ != 0;
    column.name = std::string_view{at_ + 1}; // decode() has seen the terminating zero
    char const* const after_name = column.name.data() + column.name.size() + 1;
    column.type = {load_big_endian<std::uint32_t>(after_name)};
    column.type_modifier =
        static_cast<std::int32_t>(load_big_endian<std::uint32_t>(after_name + 4));
    at_ = after_name + 8;
    return column;
}

oid truncate::relation_id(std::uint32_t index) const noexcept {
    return {load_big_endian<std::uint32_t>(relation_ids.data() + std::size_t{index} * 4)};
}

} // namespace tandem::pgoutput
