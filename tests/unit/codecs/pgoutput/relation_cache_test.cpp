#include "codecs/pgoutput/relation_cache.hpp"

#include "tests/support/exact_buffer.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

namespace tandem::pgoutput {
namespace {

using outcome = relation_cache::outcome;

// The message's buffer is gone when this returns: the cache must own what it keeps.
outcome store(relation_cache& cache, std::string const& bytes) {
    wire::exact_buffer const buffer{bytes};
    auto const decoded = decode(buffer.view());
    return cache.store(std::get<relation>(decoded.value()));
}

std::vector<wire::relation_column> const two_columns{{"id", 20, true}, {"body", 25, false, 84}};
std::string const described = wire::relation(16'400, "public", "chat", 'd', two_columns);

TEST(RelationCache, OwnsWhatWasDescribed) {
    relation_cache cache;
    EXPECT_EQ(cache.find(oid{16'400}), nullptr);
    EXPECT_EQ(store(cache, described), outcome::added);

    relation_ptr const* const found = cache.find(oid{16'400});
    ASSERT_NE(found, nullptr);
    relation_shape const expected{oid{16'400},
                                  "public",
                                  "chat",
                                  'd',
                                  {{"id", oid{20}, -1, true}, {"body", oid{25}, 84, false}}};
    EXPECT_EQ(**found, expected);
    EXPECT_EQ(cache.find(oid{16'401}), nullptr);
}

TEST(RelationCache, AnEqualShapeKeepsItsPointer) {
    relation_cache cache;
    store(cache, described);
    relation_ptr const before = *cache.find(oid{16'400});
    EXPECT_EQ(store(cache, described), outcome::unchanged);
    EXPECT_EQ(*cache.find(oid{16'400}), before);
}

TEST(RelationCache, EveryPartThatDiffersIsAChange) {
    auto const with = [](std::vector<wire::relation_column> const& columns) {
        return wire::relation(16'400, "public", "chat", 'd', columns);
    };
    struct {
        char const* name;
        std::string bytes;
    } const cases[] = {
        {"schema", wire::relation(16'400, "other", "chat", 'd', two_columns)},
        {"name", wire::relation(16'400, "public", "talk", 'd', two_columns)},
        {"replica identity", wire::relation(16'400, "public", "chat", 'f', two_columns)},
        {"column added", with({{"id", 20, true}, {"body", 25, false, 84}, {"more"}})},
        {"column dropped", with({{"id", 20, true}})},
        {"columns swapped", with({{"body", 25, false, 84}, {"id", 20, true}})},
        {"column name", with({{"id", 20, true}, {"text", 25, false, 84}})},
        {"column type", with({{"id", 23, true}, {"body", 25, false, 84}})},
        {"column modifier", with({{"id", 20, true}, {"body", 25, false, -1}})},
        {"key", with({{"id", 20, true}, {"body", 25, true, 84}})},
    };
    for (auto const& [name, bytes] : cases) {
        relation_cache cache;
        store(cache, described);
        relation_ptr const before = *cache.find(oid{16'400});
        EXPECT_EQ(store(cache, bytes), outcome::changed) << name;
        EXPECT_NE(**cache.find(oid{16'400}), *before) << name;
        EXPECT_EQ(before->name, "chat") << "who holds a shape keeps it: " << name;
        EXPECT_EQ(store(cache, bytes), outcome::unchanged) << name;
        EXPECT_EQ(store(cache, described), outcome::changed) << name << ", and back";
    }
}

TEST(RelationCache, KeepsManyApart) {
    relation_cache cache;
    constexpr std::uint32_t count = 1000;
    for (std::uint32_t id = 0; id < count; ++id) {
        EXPECT_EQ(store(cache, wire::relation(id, "s", "t" + std::to_string(id), 'd', {})),
                  outcome::added);
    }
    for (std::uint32_t id = 0; id < count; ++id) {
        ASSERT_NE(cache.find(oid{id}), nullptr);
        EXPECT_EQ((*cache.find(oid{id}))->name, "t" + std::to_string(id));
    }
}

TEST(RelationCache, AnEmptySchemaIsPgCatalog) {
    relation_cache cache;
    store(cache, wire::relation(1, "", "t", 'd', {}));
    EXPECT_EQ((*cache.find(oid{1}))->schema, "pg_catalog");
}

} // namespace
} // namespace tandem::pgoutput
