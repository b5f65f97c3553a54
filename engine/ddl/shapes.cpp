#include "engine/ddl/shapes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::engine::ddl {
namespace {

shape const nothing;
shape const no_elements = shape::array();

// The whole of something can be long.
std::string in_short(shape const& what) {
    constexpr std::size_t most = 200;
    auto written = what.is_null()     ? "nothing"
                   : what.is_string() ? what.get<std::string>()
                                      : what.dump();
    return written.size() > most ? written.substr(0, most) + "..." : written;
}

} // namespace

shape const& value(shape const& of, char const* key) {
    if (!of.is_object()) {
        return nothing;
    }
    auto const at = of.find(key);
    return at == of.end() ? nothing : *at;
}

std::string text(shape const& of, char const* key) {
    auto const& found = value(of, key);
    return found.is_string() ? found.get<std::string>() : std::string{};
}

bool flag(shape const& of, char const* key) {
    auto const& found = value(of, key);
    return found.is_boolean() && found.get<bool>();
}

shape const& list(shape const& of, char const* key) {
    auto const& found = value(of, key);
    return found.is_array() ? found : no_elements;
}

std::string qualified(shape const& of) {
    return sql::qualified(text(of, "schema"), text(of, "name"));
}

std::string shown(shape const& of) {
    auto const kind = text(of, "kind");
    if (kind == "schema") {
        return "schema " + text(of, "name");
    }
    auto made = fmt::format("{} {}.{}", kind, text(of, "schema"), text(of, "name"));
    return of.contains("arguments") ? fmt::format("{}({})", made, text(of, "arguments")) : made;
}

shape const* named(shape const& elements, std::string const& name) {
    auto const at = std::ranges::find_if(
        elements, [&](shape const& each) { return text(each, "name") == name; });
    return at == elements.end() ? nullptr : &*at;
}

bool part::renamed() const {
    return before != nullptr && after != nullptr && text(*before, "name") != text(*after, "name");
}

std::vector<part> parts_of(object_change const& change, char const* key) {
    auto const& before = list(change.before, key);
    auto const& after = list(change.after, key);
    auto const same = [](shape const& in, shape const& one) -> shape const* {
        auto const at = std::ranges::find_if(
            in, [&](shape const& each) { return value(each, "oid") == value(one, "oid"); });
        return at == in.end() ? nullptr : &*at;
    };
    std::vector<part> found;
    for (auto const& each : before) {
        if (same(after, each) == nullptr) {
            found.push_back({&each, nullptr});
        }
    }
    for (auto const& each : after) {
        found.push_back({same(before, each), &each});
    }
    return found;
}

way three_way(shape const& before, shape const& after, shape const& here) {
    if (before == after || here == after) {
        return way::stays;
    }
    return here == before ? way::change : way::clash;
}

bool takes(shape const& before, shape const& after, shape const& here) {
    auto const what = three_way(before, after, here);
    return what == way::change || (what == way::clash && after.dump() > here.dump());
}

bool takes_option(bool of_steps, shape const& before, shape const& after, shape const& here) {
    return of_steps ? three_way(before, after, here) == way::change : takes(before, after, here);
}

found_part find_here(part const& of, shape const& elements) {
    if (of.after != nullptr) {
        if (auto const* const now = named(elements, text(*of.after, "name"))) {
            return {now, false};
        }
    }
    return {of.before == nullptr ? nullptr : named(elements, text(*of.before, "name")), true};
}

std::optional<std::pair<std::size_t, std::size_t>> place_of_table(std::string const& def) {
    auto const end = def.find(" USING ");
    auto const begin = end == std::string::npos ? end : def.rfind(" ON ", end);
    return begin == std::string::npos ? std::nullopt
                                      : std::optional{std::pair{begin + 4, end - begin - 4}};
}

std::string clash_text(std::string const& what, shape const& before, shape const& after,
                       shape const& here) {
    return fmt::format(
        "{} was changed from {} to {} there, and is {} here: make it {} here or there, "
        "then 'tandem table resume'",
        what, in_short(before), in_short(after), in_short(here), "the same");
}

} // namespace tandem::engine::ddl
