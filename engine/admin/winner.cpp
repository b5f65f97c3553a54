#include "engine/admin/winner.hpp"

#include "codecs/sql/repair_statements.hpp"

namespace tandem::engine {
namespace {

bool bears(row_look const& row, std::uint32_t origin) noexcept {
    return origin != 0 && row.origin == origin;
}

bool source_came_over(row_look const& row, repair_rules const& rules) noexcept {
    return bears(row, rules.source_origin) || bears(row, rules.source_silent);
}

bool target_came_over(row_look const& row, repair_rules const& rules) noexcept {
    return bears(row, rules.target_origin) || bears(row, rules.target_silent);
}

// As the oldest version that there is (table_fill.hpp).
bool filled(row_look const& row, std::uint32_t silent) noexcept {
    return bears(row, silent) && row.committed_us == sql::oldest_us;
}

// A row's own version is known at the node that wrote it; its copy bears the time of the batch that brought it.
bool source_wins(row_look const& source, row_look const& target,
                 repair_rules const& rules) noexcept {
    bool const source_came = source_came_over(source, rules);
    bool const target_came = target_came_over(target, rules);
    if (source_came != target_came) {
        return target_came;
    }
    if (source.committed_us != target.committed_us) {
        return source.committed_us > target.committed_us; // one that is not known is the oldest
    }
    return rules.source_outranks;
}

} // namespace

repair_deed decide(key_look const& rows, repair_rules const& rules) noexcept {
    using enum repair_deed;
    auto const& [source, target] = rows;
    if (rules.prefer == repair_side::source) {
        return source.there ? resend_source : remove_target;
    }
    if (rules.prefer == repair_side::target) {
        return target.there ? resend_target : remove_source;
    }
    if (!target.there) {
        bool const gone = rules.deletes_at == repair_side::target ||
                          (rules.peer_deletes && bears(source, rules.source_origin)) ||
                          (rules.filled_deletes && filled(source, rules.source_silent));
        return gone ? remove_source : resend_source;
    }
    if (!source.there) {
        bool const gone = rules.deletes_at == repair_side::source ||
                          (rules.peer_deletes && bears(target, rules.target_origin)) ||
                          (rules.filled_deletes && filled(target, rules.target_silent));
        return gone ? remove_target : resend_target;
    }
    return source_wins(source, target, rules) ? resend_source : resend_target;
}

} // namespace tandem::engine
