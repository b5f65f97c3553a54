#include "engine/transform/field_path.hpp"

#include "engine/transform/requirements.hpp"

#include <fmt/format.h>

namespace tandem::connect {
namespace {

constexpr std::string_view purpose = "nested field access";

problem incomplete(std::string_view path, std::size_t backtick) {
    return {
        problem_kind::config,
        fmt::format("Incomplete backtick pair in path: [{}], consider adding a backslash before "
                    "backtick at position {} to escape it",
                    path, backtick)};
}

// A step in backticks, which begin at `at`; sets `at` behind it and its dot. A backtick ends it where a dot or nothing
// follows, unless a backslash stands before it.
outcome<std::string> quoted_step(std::string_view path, std::size_t& at) {
    std::size_t const opened = at;
    std::string step;
    std::size_t start = opened + 1;
    for (std::size_t look = start;;) {
        auto const tick = path.find('`', look);
        if (tick == std::string_view::npos) {
            return incomplete(path, opened);
        }
        bool const escaped = path[tick - 1] == '\\';
        if (tick + 1 == path.size()) {
            if (escaped) {
                return incomplete(path, opened);
            }
            step += path.substr(start, tick - start);
            at = path.size();
            return step;
        }
        if (path[tick + 1] == '.') {
            if (!escaped) {
                step += path.substr(start, tick - start);
                at = tick + 2;
                return step;
            }
            step += path.substr(start, tick - 1 - start);
            step += '`';
            start = tick + 1;
        }
        look = tick + 1;
    }
}

} // namespace

outcome<field_path> field_path::of(std::string_view path, bool nested) {
    field_path made;
    if (!nested) {
        made.steps_.emplace_back(path);
        return made;
    }
    for (std::size_t at = 0; at < path.size();) {
        if (path[at] == '`') {
            auto step = quoted_step(path, at);
            if (!step) {
                return step.error();
            }
            made.steps_.push_back(std::move(*step));
            continue;
        }
        auto const dot = path.find('.', at);
        made.steps_.emplace_back(path.substr(at, dot - at));
        at = dot == std::string_view::npos ? path.size() : dot + 1;
    }
    if (path.ends_with('.')) {
        made.steps_.emplace_back();
    }
    return made;
}

outcome<schema_ptr> field_path::field_of(schema_ptr const& in) const {
    schema_ptr at = in;
    for (auto const& step : steps_) {
        if (at->type != schema_type::structure) {
            return data_problem("Cannot look up fields on non-struct type");
        }
        auto const index = at->index_of(step);
        if (!index) {
            return schema_ptr{};
        }
        at = at->fields[*index].of;
    }
    return at;
}

outcome<value> field_path::in_structure(value const& structure, bool null_with_default) const {
    value at = structure;
    for (std::size_t step = 0; step < steps_.size(); ++step) {
        bool const last = step + 1 == steps_.size();
        auto const index = at.shape().index_of(steps_[step]);
        if (!index) {
            return value{};
        }
        at = field_value(at, *index, !last || null_with_default);
        if (last || at.is_null()) {
            break;
        }
        if (auto wrong = require_structure(at, purpose)) {
            return *wrong;
        }
    }
    return at;
}

outcome<value> field_path::in_map(value const& map) const {
    value at = map;
    for (std::size_t step = 0; step < steps_.size(); ++step) {
        at = entry_of(at, steps_[step]);
        if (step + 1 == steps_.size() || at.is_null()) {
            break;
        }
        if (auto wrong = require_map(at, purpose)) {
            return *wrong;
        }
    }
    return at;
}

} // namespace tandem::connect
