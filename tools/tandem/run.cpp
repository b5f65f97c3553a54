// run: the sync itself.

#include "engine/flow/run.hpp"

#include "engine/config/load.hpp"
#include "engine/connect/row_transforms.hpp"
#include "tools/tandem/command.hpp"

namespace tandem::tool {

int run(call const& now) {
    engine::validate_sites(now.set);
    engine::validate_run(now.set);
    connect::check_row_transforms(now.set);
    return engine::run_instance(now.set);
}

} // namespace tandem::tool
