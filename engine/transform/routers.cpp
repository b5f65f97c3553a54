// RegexRouter and TimestampRouter: another topic.
// https://kafka.apache.org/39/documentation/#org.apache.kafka.connect.transforms.RegexRouter

#include "codecs/connect/date_format.hpp"
#include "engine/transform/clock.hpp"
#include "engine/transform/java_regex.hpp"
#include "engine/transform/kinds.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace tandem::connect {
namespace {

class regex_router final : public transformation {
public:
    regex_router(java_regex regex, std::string replacement)
        : regex_{std::move(regex)}, replacement_{std::move(replacement)} {}

    outcome<bool> apply(record& of, arena& memory) override {
        // Few topics come here, and they come again and again.
        auto const known = routes_.find(of.topic);
        if (known != routes_.end()) {
            of.topic = memory.keep(known->second);
            return true;
        }
        std::string to{of.topic};
        if (regex_.matches(of.topic)) {
            auto made = regex_.replace_first(of.topic, replacement_);
            if (!made) {
                return made.error();
            }
            to = std::move(*made);
        }
        if (routes_.size() == routes_most) {
            routes_.clear();
        }
        of.topic = memory.keep(routes_.emplace(std::string{of.topic}, std::move(to)).first->second);
        return true;
    }

private:
    static constexpr std::size_t routes_most = 1'000;
    java_regex regex_;
    std::string replacement_;
    std::map<std::string, std::string, std::less<>> routes_;
};

// Every "${topic}" and "${timestamp}" of a text, in this order, as Kafka replaces them.
std::string replaced(std::string text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
    return text;
}

class timestamp_router final : public transformation {
public:
    timestamp_router(std::string topic, date_format format)
        : topic_{std::move(topic)}, format_{std::move(format)} {}

    outcome<bool> apply(record& of, arena& memory) override {
        if (!of.timestamp_ms) {
            return data_problem(fmt::format("Timestamp missing on record: topic '{}'", of.topic));
        }
        std::string time;
        format_.format(*of.timestamp_ms, time);
        of.topic =
            memory.keep(replaced(replaced(topic_, "${topic}", of.topic), "${timestamp}", time));
        return true;
    }

private:
    std::string topic_;
    date_format format_;
};

} // namespace

setting_definitions regex_router_definitions() {
    return {
        {"regex", setting_type::string, std::nullopt, importance::high,
         "Regular expression to use for matching.", check_regex},
        {"replacement", setting_type::string, std::nullopt, importance::high,
         "Replacement string."},
    };
}

outcome<transformation_ptr> make_regex_router(settings const& by) {
    auto regex = java_regex::of(by.string("regex"));
    if (!regex) {
        return regex.error();
    }
    return transformation_ptr{
        std::make_unique<regex_router>(std::move(*regex), by.string("replacement"))};
}

setting_definitions timestamp_router_definitions() {
    return {
        {"topic.format", setting_type::string, setting{std::string{"${topic}-${timestamp}"}},
         importance::high,
         "Format string which can contain <code>${topic}</code> and <code>${timestamp}</code> as "
         "placeholders for the topic and timestamp, respectively."},
        {"timestamp.format", setting_type::string, setting{std::string{"yyyyMMdd"}},
         importance::high,
         "Format string for the timestamp that is compatible with "
         "<code>java.text.SimpleDateFormat</code>."},
    };
}

// Kafka makes the format when the first record comes; a bad one is told at once here.
outcome<transformation_ptr> make_timestamp_router(settings const& by) {
    auto format = date_format::of(by.string("timestamp.format"), clock_ms());
    if (!format) {
        return format.error();
    }
    return transformation_ptr{
        std::make_unique<timestamp_router>(by.string("topic.format"), std::move(*format))};
}

} // namespace tandem::connect
