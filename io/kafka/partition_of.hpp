#pragma once
// Which partition of a topic a key belongs to: as the Java clients choose, murmur2 over the key's bytes.

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string_view>

namespace tandem::io::kafka {

[[nodiscard]] inline std::int32_t partition_of(std::string_view key,
                                               std::int32_t partitions) noexcept {
    return rd_kafka_msg_partitioner_murmur2(nullptr, key.data(), key.size(), partitions, nullptr,
                                            nullptr);
}

} // namespace tandem::io::kafka
