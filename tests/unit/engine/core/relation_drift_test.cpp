// How a table was altered, as its descriptions in the stream tell.
#include "engine/core/relation_drift.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

pgoutput::relation_shape table(std::vector<std::pair<std::string, std::uint32_t>> const& columns) {
    pgoutput::relation_shape made;
    made.schema = "s";
    made.name = "t";
    for (auto const& [name, type] : columns) {
        pgoutput::column_shape column;
        column.name = name;
        column.type = oid{type};
        made.columns.push_back(std::move(column));
    }
    return made;
}

TEST(RelationDrift, TheSameDescriptionAgainIsNone) {
    EXPECT_THAT(relation_drift(table({{"a", 23}}), table({{"a", 23}})), IsEmpty());
}

TEST(RelationDrift, ColumnsThatCameWentAndChanged) {
    EXPECT_THAT(relation_drift(table({{"a", 23}, {"b", 25}}), table({{"a", 20}, {"c", 25}})),
                ElementsAre("column a of table s.t has another type now",
                            "column b of table s.t is not there any more",
                            "column c of table s.t is new"));
}

TEST(RelationDrift, AnotherNameAndAnotherReplicaIdentity) {
    auto renamed = table({{"a", 23}});
    renamed.name = "u";
    renamed.replica_identity = 'f';
    EXPECT_THAT(relation_drift(table({{"a", 23}}), renamed),
                ElementsAre("table s.t is called s.u now",
                            "the replica identity of table s.u is another one now"));
}

} // namespace
} // namespace tandem::engine
