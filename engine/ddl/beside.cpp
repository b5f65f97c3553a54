#include "engine/ddl/beside.hpp"

#include "engine/ddl/shapes.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace tandem::engine::ddl {
namespace {

std::string identity(shape const& of) {
    return fmt::format("{} {}({})", text(of, "kind"), qualified(of), text(of, "arguments"));
}

} // namespace

std::vector<std::string> changed_beside(shape const& before, shape const& after,
                                        message const& told) {
    std::set<std::string> meant;
    for (auto const& change : told.changes) {
        for (auto const* side : {&change.before, &change.after}) {
            if (!side->is_null()) {
                meant.insert(identity(*side));
            }
        }
    }
    std::map<std::string, shape const*> left;
    for (auto const& each : after) {
        left.emplace(identity(each), &each);
    }
    std::vector<std::string> found;
    for (auto const& each : before) {
        auto const name = identity(each);
        auto const there = left.find(name);
        bool const same = there != left.end() && *there->second == each;
        if (!same && !meant.contains(name)) {
            found.push_back(shown(each));
        }
    }
    return found;
}

} // namespace tandem::engine::ddl
