#include "codecs/event/json_text.hpp"
#include "codecs/event/row_json.hpp"
#include "codecs/event/row_json_isa.hpp"

namespace tandem::event {
namespace {

constexpr row_writer all[] = {
    {"baseline", write_row_baseline},
#ifdef TANDEM_X86_64_V3
    {"x86-64-v3", write_row_x86_64_v3},
#endif
};

write_row_function const chosen = row_writers(processor_has_v3()).back().write;

} // namespace

bool processor_has_v3() noexcept {
#ifdef TANDEM_X86_64_V3
    // No processor has these three without the rest of x86-64-v3.
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi2") != 0 &&
           __builtin_cpu_supports("fma") != 0;
#else
    return false;
#endif
}

std::span<row_writer const> row_writers(bool has_v3) noexcept {
    return has_v3 ? std::span<row_writer const>{all} : std::span<row_writer const>{all}.first(1);
}

std::size_t row_plan::room(pgoutput::tuple_view row) const noexcept {
    return fixed + row.raw().size() * growth + slack;
}

result<char*> write_row(row_plan const& plan, pgoutput::tuple_view row, row_part part, char* out) {
    row_end const end = chosen(plan.columns.data(), plan.fragments.data(), row, part, out);
    if (end.at == nullptr) {
        return codec_error{codec_errc::bad_value, end.column};
    }
    return end.at;
}

} // namespace tandem::event
