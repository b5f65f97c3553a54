#pragma once
// What an instance's options mean for one direction, with what was found in the databases. Pure.

#include "engine/admin/init.hpp"
#include "engine/config/options.hpp"
#include "engine/flow/direction_setup.hpp"
#include "engine/flow/kafka_setup.hpp"

#include <memory>
#include <string>

namespace tandem::engine {

[[nodiscard]] direction_setup setup_of(options const& set, prepared const& ready,
                                       table_choice const& choice, std::string const& spool_folder,
                                       std::shared_ptr<tuning const> tuned);
[[nodiscard]] kafka_setup kafka_of(options const& set);

} // namespace tandem::engine
