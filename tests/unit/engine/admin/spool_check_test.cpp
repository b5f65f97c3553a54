#include "engine/admin/spool_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace tandem::engine {
namespace {

using testing::HasSubstr;

options keeping_in(std::string folder) {
    options set;
    set.spool_folder = std::move(folder);
    return set;
}

TEST(SpoolCheck, AFolderThatWasNamedMustDo) {
    EXPECT_EQ(check_spool(keeping_in(testing::TempDir()))->level, severity::ok);
    auto const found = check_spool(keeping_in("/no/such/folder"));
    EXPECT_EQ(found->level, severity::error);
    EXPECT_EQ(found->status, exit_status::usage);
    EXPECT_THAT(found->current, HasSubstr("/no/such/folder: No such file"));
    EXPECT_THAT(found->cure, HasSubstr("--streaming off"));
}

TEST(SpoolCheck, IsNotLookedAtWithoutStreaming) {
    auto set = keeping_in("/no/such/folder");
    set.streaming = false;
    EXPECT_FALSE(check_spool(set).has_value());
}

TEST(SpoolCheck, TheCureFitsTheCause) {
    struct {
        int why;
        char const* word;
    } const cases[] = {
        {EMFILE, "limit of open files"}, {ENFILE, "limit of open files"}, {ENOENT, "not there"},
        {EACCES, "write there"},         {ENOSPC, "make room"},           {EFBIG, "ulimit -f"},
        {EIO, "another folder"},
    };
    for (auto const& each : cases) {
        EXPECT_THAT(spool_cure({each.why, boost::system::generic_category()}),
                    HasSubstr(each.word));
    }
}

} // namespace
} // namespace tandem::engine
