// decode() on any bytes, in both places a message can stand, against the plain reading of the protocol page:
// the same bytes are accepted and say the same. So nothing is misread, skipped or invented; the sanitizers
// see the rest.
#include "codecs/pgoutput/message.hpp"
#include "codecs/pgoutput/relation_cache.hpp"
#include "tests/support/pgoutput_line.hpp"
#include "tests/support/plain_pgoutput.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace tandem::pgoutput {
namespace {

// The cache owns what it stores and knows it again.
void store_twice(relation const& read) {
    relation_cache cache;
    bool const stored = cache.store(read) == relation_cache::outcome::added &&
                        cache.store(read) == relation_cache::outcome::unchanged &&
                        (*cache.find(read.id))->columns.size() == read.column_count;
    if (!stored) {
        std::abort();
    }
}

void check(std::string_view input, within where) {
    bool const in_block = where == within::stream_block;
    auto const plain = wire::plain_pgoutput::read(input, in_block);
    auto const decoded = decode(input, where);
    if (decoded.has_value() != plain.has_value()) {
        std::abort();
    }
    if (!decoded.has_value()) {
        if (decoded.error().code == codec_errc::ok || decoded.error().offset > input.size()) {
            std::abort();
        }
        return;
    }
    if (wire::pgoutput_line::of(*decoded, in_block) != *plain) {
        std::abort();
    }
    if (auto const* const described = std::get_if<relation>(&*decoded)) {
        store_twice(*described);
    }
}

} // namespace
} // namespace tandem::pgoutput

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace tandem;
    std::string_view const input{reinterpret_cast<char const*>(data), size};
    pgoutput::check(input, pgoutput::within::transaction);
    pgoutput::check(input, pgoutput::within::stream_block);
    return 0;
}
