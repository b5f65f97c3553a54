#include "io/file/spool.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace tandem::io {
namespace {

class folder {
public:
    folder() {
        std::string name = testing::TempDir() + "spool-XXXXXX";
        path_ = ::mkdtemp(name.data());
    }
    ~folder() { std::filesystem::remove_all(path_); }
    folder(folder const&) = delete;
    folder& operator=(folder const&) = delete;

    [[nodiscard]] std::string const& path() const noexcept { return path_; }

private:
    std::string path_;
};

std::vector<std::string> read_all(spool& from) {
    std::vector<std::string> read;
    for (;;) {
        auto const next = from.next();
        if (!next || !*next) {
            EXPECT_TRUE(next.has_value());
            return read;
        }
        read.emplace_back(**next);
    }
}

TEST(Spool, GivesBackWhatItTookInOrder) {
    struct {
        char const* name;
        std::vector<std::size_t> sizes;
        bool flushed_each;
    } const cases[] = {
        {"nothing", {}, false},
        {"one", {10}, false},
        {"empty records", {0, 0, 0}, false},
        {"flushed between", {1, 0, 300, 7}, true},
        {"ends with the buffer", {(256U << 10) - 4}, false},
        {"a length across the buffer's end", {(256U << 10) - 6, 5, 5}, true},
        {"one larger than the buffer", {3, 5'000'000, 3}, false},
        {"many", std::vector<std::size_t>(50'000, 97), false},
    };
    folder const here;
    for (auto const& each : cases) {
        SCOPED_TRACE(each.name);
        auto made = spool::make(here.path());
        ASSERT_TRUE(made.has_value()) << made.error().message();
        std::vector<std::string> expected;
        std::uint64_t bytes = 0;
        for (std::size_t const size : each.sizes) {
            expected.emplace_back(size, static_cast<char>('a' + expected.size() % 26));
            ASSERT_TRUE(made->append(expected.back()).has_value());
            if (each.flushed_each) {
                ASSERT_TRUE(made->flush().has_value());
            }
            bytes += size + 4;
        }
        EXPECT_EQ(made->bytes(), bytes);
        ASSERT_TRUE(made->rewind().has_value());
        EXPECT_EQ(read_all(*made), expected);
        EXPECT_FALSE((*made->next()).has_value());
    }
}

TEST(Spool, LeavesNothingBehind) {
    folder const here;
    auto made = spool::make(here.path());
    ASSERT_TRUE(made.has_value());
    ASSERT_TRUE(made->append("text").has_value());
    ASSERT_TRUE(made->flush().has_value());
    EXPECT_TRUE(std::filesystem::is_empty(here.path()));
}

TEST(Spool, MovesWithItsFile) {
    folder const here;
    auto first = spool::make(here.path());
    auto second = spool::make(here.path());
    ASSERT_TRUE(first && second);
    ASSERT_TRUE(first->append("of the first").has_value());
    ASSERT_TRUE(first->flush().has_value());
    *second = std::move(*first);
    spool third{std::move(*second)};
    ASSERT_TRUE(third.rewind().has_value());
    EXPECT_EQ(read_all(third), std::vector<std::string>{"of the first"});
}

TEST(Spool, NamesWhatTheSystemRefuses) {
    folder const here;
    EXPECT_EQ(spool::make(here.path() + "/nowhere").error().value(), ENOENT);
    std::ofstream{here.path() + "/file"} << "text";
    EXPECT_EQ(spool::make(here.path() + "/file").error().value(), ENOTDIR);
}

// A disk that is full answers like a limit of the process: the write takes a part, then nothing.
TEST(Spool, AFullDiskIsAnError) {
    folder const here;
    auto made = spool::make(here.path());
    ASSERT_TRUE(made.has_value());
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    auto const handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit const small{1000, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    ASSERT_TRUE(made->append(std::string(2000, 'x')).has_value());
    auto const flushed = made->flush();
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    ASSERT_FALSE(flushed.has_value());
    EXPECT_EQ(flushed.error().value(), EFBIG);
}

} // namespace
} // namespace tandem::io
