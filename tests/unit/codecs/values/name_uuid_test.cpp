#include "codecs/values/name_uuid.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace tandem::values {
namespace {

// Expected values come from Python's hashlib, the last one from Debezium 3.0.8.
TEST(NameUuid, EveryLengthOfTheLastBlock) {
    struct {
        std::size_t size;
        char const* uuid;
    } const cases[] = {
        {0, "d41d8cd9-8f00-3204-a980-0998ecf8427e"},
        {1, "9dd4e461-268c-3034-b5c8-564e155c67a6"},
        {55, "04364420-e25c-312f-9958-a70738aa8f72"},
        {56, "668a72d5-ba17-308e-a2da-bcafad6db14b"},
        {63, "7dc2ca20-8106-32f7-8356-7bdff99d8981"},
        {64, "c1bb4f81-d892-32d5-b947-682aeb252456"},
        {65, "1bc93205-2302-3074-bdec-39795fe00cf6"},
        {119, "ab347a5f-68c8-3443-8fcd-dc633f12c24f"},
        {120, "fb98667f-9809-3de9-a620-b64f46e1c5b5"},
        {1000, "398533d4-8111-39f6-a4b1-f64cb10c4b63"},
    };
    for (auto const& [size, uuid] : cases) {
        EXPECT_EQ(name_uuid(std::string(size, 'x')), uuid) << size;
    }
    EXPECT_EQ(name_uuid("a\"\u00e9"), "3d16eb3b-3b88-3f9b-a0d7-c2fb855fa18e");
    EXPECT_EQ(name_uuid("__debezium_unavailable_value"), "b68a35a7-17ad-35b3-af2a-ae46edb4545a");
}

} // namespace
} // namespace tandem::values
