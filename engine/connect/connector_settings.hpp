#pragma once
// What every connector can be told, whatever its class: its name, converters, transformations, errors.
// https://kafka.apache.org/39/documentation/#sourceconnectconfigs and #sinkconnectconfigs

#include "engine/config/definitions.hpp"

namespace tandem::connect {

[[nodiscard]] setting_definitions source_connector_definitions();
[[nodiscard]] setting_definitions sink_connector_definitions();

// Those and what the transformations and predicates that `given` names can be told, with the names' prefixes
// ("transforms.route.regex").
[[nodiscard]] setting_definitions with_transformations(setting_definitions base,
                                                       property_map const& given);

// The topics of a sink: its list, without empty ones and each once.
[[nodiscard]] string_list listed_topics(property_map const& given);

} // namespace tandem::connect
