#include "engine/ddl/beside.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::engine::ddl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

shape table(char const* name, int columns = 1) {
    return {{"kind", "table"}, {"schema", "public"}, {"name", name}, {"columns", columns}};
}
shape function(char const* arguments) {
    return {{"kind", "function"}, {"schema", "public"}, {"name", "f"}, {"arguments", arguments}};
}

message of(std::vector<object_change> changes) {
    message made;
    made.changes = std::move(changes);
    return made;
}

TEST(Beside, WhatTheMessageNamesMayGoOrChange) {
    auto const told = of({{table("a"), nullptr}, {table("b"), table("b", 2)}});
    auto const before = shape::array({table("a"), table("b"), table("c")});
    EXPECT_THAT(changed_beside(before, shape::array({table("b", 3), table("c")}), told), IsEmpty());
}

TEST(Beside, WhatElseIsGoneOrChangedIsNamed) {
    auto const told = of({{table("a"), nullptr}});
    auto const before = shape::array({table("a"), table("b"), table("c"), function("integer")});
    EXPECT_THAT(changed_beside(before, shape::array({table("b", 2), function("integer")}), told),
                ElementsAre("table public.b", "table public.c"));
}

TEST(Beside, FunctionsAreToldApartByTheirArguments) {
    auto const told = of({{function("text"), nullptr}});
    auto const before = shape::array({function("integer"), function("text")});
    EXPECT_THAT(changed_beside(before, shape::array({function("integer")}), told), IsEmpty());
    EXPECT_THAT(changed_beside(before, shape::array({function("text")}), told).size(), 1U);
}

TEST(Beside, WhatCameIsNoHarm) {
    EXPECT_THAT(changed_beside(shape::array(), shape::array({table("a")}), of({})), IsEmpty());
}

} // namespace
} // namespace tandem::engine::ddl
