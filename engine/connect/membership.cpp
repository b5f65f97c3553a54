#include "engine/connect/membership.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

constexpr std::string_view prefix = "tandem-worker-";

// The same on every worker, and other for each pair.
std::uint64_t weight(std::string_view worker, std::string_view connector) noexcept {
    std::uint64_t made = 0xcbf29ce484222325U; // FNV-1a
    auto const add = [&made](unsigned char byte) { made = (made ^ byte) * 0x100000001b3U; };
    for (auto const text : {worker, connector}) {
        for (char const each : text) {
            add(static_cast<unsigned char>(each));
        }
        add(0xff); // in no UTF-8
    }
    made ^= made >> 33U; // its high bits hardly depend on the last characters
    made *= 0xff51afd7ed558ccdU;
    return made ^ (made >> 33U);
}

} // namespace

membership::membership(std::string worker, std::string group, std::string incarnation)
    : worker_{std::move(worker)}, group_{std::move(group)}, incarnation_{std::move(incarnation)} {}

bool membership::is_beat(std::string_view key) noexcept {
    return key.starts_with(prefix);
}

outcome<std::optional<membership::beat_text>> membership::read(std::string_view key,
                                                               std::string_view value) const {
    auto const read = nlohmann::json::parse(value, nullptr, false);
    if (!read.is_object() || !read.contains("worker") || !read["worker"].is_string() ||
        !read.contains("group") || !read["group"].is_string()) {
        return data_problem("a worker's beat has to be an object with worker and group");
    }
    if (read["group"].get<std::string>() != group_) {
        return std::optional<beat_text>{};
    }
    return std::optional{
        beat_text{std::string{key.substr(prefix.size())}, read["worker"].get<std::string>()}};
}

outcome<void> membership::take(std::string_view key, std::optional<std::string_view> value) {
    auto const incarnation = key.substr(prefix.size());
    if (!value) {
        auto const gone = others_.find(incarnation);
        if (gone != others_.end()) {
            others_.erase(gone);
            ++version_;
        }
        return {};
    }
    auto const beat = read(key, *value);
    if (!beat) {
        return beat.error();
    }
    if (!*beat) {
        return {};
    }
    if (incarnation == incarnation_) {
        ++own_beats_;
        for (auto& [name, each] : others_) {
            ++each.missed;
        }
        version_ += std::erase_if(
            others_, [](auto const& each) { return each.second.missed >= beats_missed_most; });
        return {};
    }
    auto const [known, fresh] = others_.try_emplace((*beat)->incarnation);
    known->second = {(*beat)->worker, 0};
    if (fresh) { // that worker was started again
        std::erase_if(others_, [&](auto const& each) {
            return each.first != (*beat)->incarnation && each.second.worker == (*beat)->worker;
        });
        ++version_;
    }
    return {};
}

outcome<void> membership::take_old(std::string_view key, std::optional<std::string_view> value,
                                   std::int64_t age_ms) {
    if (value && age_ms > beat_age_most_ms) {
        return {};
    }
    auto taken = take(key, value);
    std::erase_if(others_, [this](auto const& each) { return each.second.worker == worker_; });
    return taken;
}

topic_record membership::beat() const {
    return {fmt::format("{}{}", prefix, incarnation_),
            nlohmann::json{{"worker", worker_}, {"group", group_}}.dump(
                -1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

topic_record membership::farewell() const {
    return {fmt::format("{}{}", prefix, incarnation_), std::nullopt};
}

bool membership::is_mine(std::string_view connector) const {
    auto const own = std::pair{weight(worker_, connector), std::string_view{incarnation_}};
    return std::ranges::none_of(others_, [&](auto const& each) {
        return std::pair{weight(each.second.worker, connector), std::string_view{each.first}} > own;
    });
}

bool membership::is_live(std::string_view worker) const {
    return worker == worker_ || std::ranges::any_of(others_, [&](auto const& each) {
               return each.second.worker == worker;
           });
}

bool membership::has_twin() const {
    return std::ranges::any_of(others_,
                               [this](auto const& each) { return each.second.worker == worker_; });
}

} // namespace tandem::connect
