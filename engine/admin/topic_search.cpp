#include "engine/admin/topic_search.hpp"

#include "codecs/base/assert.hpp"
#include "engine/config/error.hpp"

#include <fmt/format.h>
#include <regex.h>

#include <cstring>
#include <utility>

namespace tandem::engine {
namespace {

bool has_back_reference(std::string_view pattern) noexcept {
    for (std::size_t at = 0; at + 1 < pattern.size(); ++at) {
        if (pattern[at] == '\\') {
            ++at;
            if (pattern[at] >= '1' && pattern[at] <= '9') {
                return true;
            }
        }
    }
    return false;
}

} // namespace

// The C library's matcher: automata over bytes (no locale is set). Behind ^.* it reads a text once; else it
// would begin anew at every byte of it.
struct topic_search::expression {
    explicit expression(std::string const& pattern) {
        // As grep -E, but that . is any byte, a ) without its ( a mistake, and \1 no back-reference.
        constexpr reg_syntax_t syntax =
            (RE_SYNTAX_POSIX_EXTENDED & ~(RE_UNMATCHED_RIGHT_PAREN_ORD | RE_DOT_NOT_NULL)) |
            RE_NO_BK_REFS | RE_NO_SUB;
        auto const before = re_set_syntax(syntax);
        problem = re_compile_pattern(pattern.data(), pattern.size(), &program);
        re_set_syntax(before);
    }
    ~expression() { regfree(&program); }
    expression(expression const&) = delete;
    expression& operator=(expression const&) = delete;

    regex_t program{};
    char const* problem; // null: none
};

topic_search::topic_search(std::string key, std::string const& pattern) : key_{std::move(key)} {
    if (pattern.empty()) {
        return;
    }
    expression const alone{pattern};
    bool const refers = has_back_reference(pattern);
    if (alone.problem != nullptr || refers) {
        throw config_error{fmt::format(
            "-g '{}': {} (an extended regular expression, as grep -E takes it)", pattern,
            refers ? "back-references, \\1 to \\9, are not supported" : alone.problem)};
    }
    compiled_ = std::make_unique<expression>("^.*(" + pattern + ")");
    TANDEM_ASSERT(compiled_->problem == nullptr);
    demand_ = demand_of(pattern);
}

topic_search::~topic_search() = default;

bool topic_search::found_in(std::optional<std::string_view> text) const noexcept {
    if (!text) {
        return false;
    }
    if (!demand_.literal.empty()) {
        auto const& literal = demand_.literal;
        bool const has =
            ::memmem(text->data(), text->size(), literal.data(), literal.size()) != nullptr;
        if (!has || demand_.whole) {
            return has;
        }
    }
    regmatch_t range{};
    range.rm_so = 0;
    range.rm_eo = static_cast<regoff_t>(text->size()); // records are far below 2 GiB
    char const* const bytes = text->empty() ? "" : text->data();
    return regexec(&compiled_->program, bytes, 0, &range, REG_STARTEND) == 0;
}

bool topic_search::matches(std::optional<std::string_view> key,
                           std::optional<std::string_view> value,
                           std::span<io::kafka::header const> headers) {
    if (!key_.empty() && (!key || key->find(key_) == key->npos)) {
        return false;
    }
    if (!compiled_ || found_in(key) || found_in(value)) {
        return true;
    }
    for (auto const& each : headers) {
        pair_.assign(each.name).append(1, '=').append(each.value.value_or(""));
        if (found_in(pair_)) {
            return true;
        }
    }
    return false;
}

} // namespace tandem::engine
