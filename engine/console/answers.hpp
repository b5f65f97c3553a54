#pragma once
// What the console answers, apart from how it is asked. Pure.

#include "engine/admin/status_view.hpp"
#include "engine/admin/topic_record.hpp"
#include "engine/config/options.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace tandem::console {

// {"tables":[{"schema","table","key","state","reason","directions":{"a:b":{"insert","update","delete","truncate",
//  "last_commit"}}}]}: those that are synced, then those left out. last_commit: unix seconds or null.
[[nodiscard]] std::string tables_json(engine::status_view const& seen,
                                      std::vector<std::vector<engine::table_view>> const& tables);

// {"settings":[{"name","help","group","values":[{"text","from"}]}],"read_only":false}; without values: the default.
[[nodiscard]] std::string settings_json(engine::options const& set);

// {"record":{...},"bytes":N,"cut":false}: as record_json(), a key or value longer than `most` bytes cut to a text.
[[nodiscard]] std::string record_line(engine::topic_record record, std::size_t most, bool hidden);

// As a JSON string.
[[nodiscard]] std::string as_json_text(std::string const& text);

} // namespace tandem::console
