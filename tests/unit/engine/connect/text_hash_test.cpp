#include "engine/connect/text_hash.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tandem::connect {
namespace {

// The digests are of `openssl dgst` over the bytes that Java's ObjectOutputStream makes, and over the text alone.
TEST(TextHash, OfTheBytesBehindTheSalt) {
    auto const hash = text_hash::of("SHA-256", "salt", text_hash::form::bytes).value();
    EXPECT_EQ(hash("text"), "8f40d2c1caea4f10a6375603f18ed44f186066fd94eb7c3f1d115d8dc245527d");
    auto const md5 = text_hash::of("MD5", "", text_hash::form::bytes).value();
    EXPECT_EQ(md5(""), "d41d8cd98f00b204e9800998ecf8427e");
}

TEST(TextHash, OfTheTextAsJavaSerializesIt) {
    auto const hash = text_hash::of("SHA-256", "salt", text_hash::form::serialized).value();
    EXPECT_EQ(hash("text"), "852c2b116a8beae2d98bdbaa9f316cbcfc03c53f0cef9e0602f1b4f26ca7d70a");
    EXPECT_EQ(
        hash("\xf0\x9f\x99\x82"),
        "6510e0ddf7a94cef3f3641ac3a3b99000415718476f03089b47f28d42e0c042c"); // two halves of three bytes each
    EXPECT_EQ(hash(std::string(65'536, 'x')),
              "2701004dbe8412c9380ce8f9c2e9c68405f0dcc579a98cfb151c9e7668251e82");
}

TEST(TextHash, AnUnknownAlgorithmIsRefused) {
    EXPECT_EQ(text_hash::of("ROT13", "salt", text_hash::form::bytes).error().what,
              "ROT13 is no hash algorithm that is known here: SHA-256, SHA-512, SHA-1 and MD5 are");
}

} // namespace
} // namespace tandem::connect
