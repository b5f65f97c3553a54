#include "engine/admin/spool_check.hpp"

#include "io/file/spool.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace tandem::engine {

std::string spool_cure(boost::system::error_code const& why) {
    switch (why.value()) {
    case EMFILE:
    case ENFILE:
        return "raise the limit of open files (ulimit -n), each large transaction needs one while it "
               "is open";
    case ENOENT:
    case ENOTDIR:
        return "the folder is not there: make it, or name another one (--spool-dir)";
    case EACCES:
    case EPERM:
    case EROFS:
        return "let this user write there, or name another folder (--spool-dir)";
    case ENOSPC:
    case EDQUOT:
        return "make room there, or name another folder (--spool-dir)";
    case EFBIG:
        return "raise the limit of a file's size (ulimit -f), or name another folder (--spool-dir)";
    default:
        return "name another folder (--spool-dir)";
    }
}

std::optional<finding> check_spool(options const& set) {
    if (!set.streaming) {
        return std::nullopt;
    }
    finding found;
    found.condition = "folder for large transactions";
    found.required = "a file can be made in it";
    found.current = set.spool_folder;
    found.status = exit_status::usage;
    if (auto const tried = io::spool::make(set.spool_folder); !tried) {
        bool const named = set.spool_folder != options{}.spool_folder;
        found.current += fmt::format(": {}", tried.error().message());
        found.level = named ? severity::error : severity::warning;
        found.cure = spool_cure(tried.error()) +
                     ", or set --streaming off: large transactions then come when they have "
                     "committed";
    }
    return found;
}

} // namespace tandem::engine
