#include "codecs/connect/literal.hpp"

#include "codecs/connect/date_format.hpp"
#include "codecs/connect/number_kind.hpp"
#include "codecs/connect/old_calendar.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tandem::connect {
namespace {

constexpr int depth_most = 64;

// As Java's trim(): what is not above a space.
std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') {
        text.remove_suffix(1);
    }
    return text;
}

// The text as delimiters and what is between them. A backslash makes a delimiter a part of that.
class literal_tokens {
public:
    explicit literal_tokens(std::string_view text) : text_{text} {}

    [[nodiscard]] std::string_view whole() const noexcept { return text_; }
    [[nodiscard]] std::size_t mark() const noexcept { return at_ - (ahead_ ? ahead_->size() : 0); }
    void rewind(std::size_t to) noexcept {
        at_ = to;
        ahead_.reset();
    }
    [[nodiscard]] bool more() const noexcept { return ahead_.has_value() || at_ < text_.size(); }
    std::string_view next() { return ahead_ ? *std::exchange(ahead_, std::nullopt) : consume(); }

    // The text of the next `count` tokens; none, and nothing is taken, when there are fewer.
    std::optional<std::string_view> next(int count) {
        std::size_t const from = mark();
        for (int each = 0; each < count; ++each) {
            if (!more()) {
                rewind(from);
                return std::nullopt;
            }
            next();
        }
        return text_.substr(from, at_ - from);
    }

    // Takes that token if it is the next one, blanks around it left out.
    bool take(std::string_view wanted) {
        if (!ahead_) {
            if (!more()) {
                return false;
            }
            ahead_ = consume();
        }
        while (trimmed(*ahead_).empty() && at_ < text_.size()) {
            ahead_ = consume();
        }
        if (trimmed(*ahead_) != wanted) {
            return false;
        }
        ahead_.reset();
        return true;
    }

private:
    std::string_view consume() {
        constexpr std::string_view delimiters = ":,{}[]\"";
        std::size_t const from = at_;
        bool escaped = false;
        for (; at_ < text_.size(); ++at_) {
            char const each = text_[at_];
            if (each == '\\') {
                escaped = !escaped;
                continue;
            }
            if (!escaped && delimiters.find(each) != std::string_view::npos) {
                at_ += at_ == from ? 1 : 0;
                break;
            }
            escaped = false;
        }
        return text_.substr(from, at_ - from);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::optional<std::string_view> ahead_;
};

// What a token stands for by its length alone.
std::optional<data> temporal_literal(std::string_view token) {
    struct form {
        std::size_t length;
        std::string_view schema;
        date_format pattern;
    };
    static std::vector<form> const forms{
        {13, time_name, *date_format::of("HH:mm:ss.SSS'Z'", 0)},
        {24, timestamp_name, *date_format::of("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", 0)},
        {10, date_name, *date_format::of("yyyy-MM-dd", 0)},
    };
    std::string text{token};
    for (auto at = text.find("\\:"); at != std::string::npos; at = text.find("\\:", at)) {
        text.erase(at, 1);
    }
    auto const found = std::ranges::find(forms, text.size(), &form::length);
    if (found == forms.end()) {
        return std::nullopt;
    }
    auto const ms = found->pattern.parse(text);
    return ms ? std::optional{data{logical_schema(found->schema), value::of_date(*ms)}}
              : std::nullopt;
}

int rank_of(schema_type type) noexcept {
    return type <= schema_type::float64 ? static_cast<int>(type) : -1;
}

// The schema that the elements of a list have in common. Numbers have the widest one's; anything else must be alike.
class common_schema {
public:
    void merge(schema_ptr const& latest) {
        if (latest == nullptr || !compatible_) {
            return;
        }
        if (common_ == nullptr) {
            common_ = latest;
        } else if (common_->type == latest->type) {
            common_ = latest;
        } else if (rank_of(common_->type) >= 0 && rank_of(latest->type) >= 0) {
            common_ = rank_of(common_->type) < rank_of(latest->type) ? latest : common_;
        } else {
            common_ = nullptr;
            compatible_ = false;
        }
    }
    [[nodiscard]] schema_ptr const& found() const noexcept { return common_; }

private:
    schema_ptr common_;
    bool compatible_ = true;
};

// A number as the Date, Time or Timestamp that stands beside it in a list. None: it is no time of a day.
std::optional<value> as_date(value const& from, std::string_view name) {
    std::int64_t const number = from.number();
    if (from.kind() == value_kind::date || name == timestamp_name) {
        return value::of_date(number);
    }
    if (name == date_name) {
        return value::of_date(number * day_ms);
    }
    return number < 0 || number > day_ms ? std::nullopt : std::optional{value::of_date(number)};
}

// A number as the wider type that a list has. None: a null, which no list with a schema can hold, or a date among numbers.
std::optional<value> widened(value const& from, schema const& to) {
    if (from.is_null()) {
        return std::nullopt;
    }
    if (to.name && *to.name != decimal_name) {
        return as_date(from, *to.name);
    }
    if (from.kind() == value_kind::date) {
        return std::nullopt;
    }
    auto const is_real = from.kind() == value_kind::float32 || from.kind() == value_kind::float64;
    double const real = is_real ? from.real() : static_cast<double>(from.number());
    switch (to.type) {
    case schema_type::int16:
        return value::of_integer(value_kind::int16, from.number());
    case schema_type::int32:
        return value::of_integer(value_kind::int32, from.number());
    case schema_type::int64:
        return value::of_integer(value_kind::int64, from.number());
    case schema_type::float32:
        return value::of_real(value_kind::float32, double{static_cast<float>(real)});
    case schema_type::float64:
        return value::of_real(value_kind::float64, real);
    default:
        return from;
    }
}

class literal_parser {
public:
    literal_parser(std::string_view text, arena& memory) : in_{text}, memory_{memory} {}

    // None where nothing that stands there can be a part of a list or map.
    std::optional<data> parse(bool embedded, int depth = 0) {
        if (!in_.more()) {
            return data{};
        }
        if (embedded && in_.take("\"")) {
            return quoted();
        }
        if (word(embedded, "null")) {
            return data{};
        }
        for (std::string_view const truth : {"true", "false"}) {
            if (word(embedded, truth)) {
                return data{plain_schema(schema_type::boolean), value::of_boolean(truth == "true")};
            }
        }
        std::size_t const start = in_.mark();
        if (depth < depth_most) {
            std::optional<data> made;
            if (in_.take("[")) {
                made = array(depth);
            } else if (in_.take("{")) {
                made = map(depth);
            }
            if (made) {
                return made;
            }
            in_.rewind(start);
        }
        auto const token = in_.next();
        auto const content = trimmed(token);
        if (content.empty()) {
            return string(token);
        }
        return scalar(embedded, content);
    }

private:
    static data string(std::string_view text) {
        return {plain_schema(schema_type::string), value::of_string(text)};
    }

    bool word(bool embedded, std::string_view wanted) {
        std::size_t const start = in_.mark();
        if (in_.take(wanted) && (embedded || !in_.more())) {
            return true;
        }
        in_.rewind(start);
        return false;
    }

    std::optional<data> scalar(bool embedded, std::string_view token) {
        bool const digit = token[0] >= '0' && token[0] <= '9';
        if (digit) {
            if (auto found = temporal(token)) {
                return found;
            }
        }
        if (digit || token[0] == '+' || token[0] == '-') {
            if (auto found = number_literal(token, memory_)) {
                return found;
            }
        }
        return embedded ? std::nullopt : std::optional{string(in_.whole())};
    }

    // A time's colons are delimiters, so that it is five tokens.
    std::optional<data> temporal(std::string_view token) {
        std::size_t const start = in_.mark();
        if (auto const rest = in_.next(4)) {
            if (auto found = temporal_literal(std::string{token} + std::string{*rest})) {
                return found;
            }
        }
        in_.rewind(start);
        return temporal_literal(token);
    }

    data quoted() {
        std::string content;
        while (in_.more() && !in_.take("\"")) {
            content += in_.next();
        }
        if (auto const found = temporal_literal(content)) {
            return *found;
        }
        return string(memory_.keep(content));
    }

    std::optional<data> array(int depth) {
        std::vector<value> elements;
        common_schema common;
        while (in_.more()) {
            if (in_.take("]")) {
                return made_array(std::move(elements), common.found());
            }
            if (in_.take(",")) {
                return std::nullopt;
            }
            auto const each = parse(true, depth + 1);
            if (!each) {
                return std::nullopt;
            }
            common.merge(each->of);
            elements.push_back(each->what);
            std::size_t const here = in_.mark();
            if (in_.take("]")) {
                in_.rewind(here);
            } else if (!in_.take(",")) {
                return std::nullopt;
            }
        }
        return std::nullopt;
    }

    std::optional<data> made_array(std::vector<value> elements, schema_ptr const& common) {
        auto shape = std::make_shared<schema>();
        shape->type = schema_type::array;
        shape->element = common;
        if (common != nullptr && !widen(elements, *common)) {
            return std::nullopt;
        }
        auto const kept = make_array<value>(memory_, elements.size());
        std::ranges::copy(elements, kept.begin());
        return data{std::move(shape), value::of_array(kept)};
    }

    static bool widen(std::vector<value>& all, schema const& to) {
        for (auto& each : all) {
            auto const wide = widened(each, to);
            if (!wide) {
                return false;
            }
            each = *wide;
        }
        return true;
    }

    std::optional<data> map(int depth) {
        std::vector<value> keys;
        std::vector<value> mapped;
        common_schema of_keys;
        common_schema of_mapped;
        while (in_.more()) {
            if (in_.take("}")) {
                return made_map(std::move(keys), std::move(mapped), of_keys.found(),
                                of_mapped.found());
            }
            if (in_.take(",")) {
                return std::nullopt;
            }
            auto const key = parse(true, depth + 1);
            if (!key || key->what.is_null() || !in_.take(":")) {
                return std::nullopt;
            }
            auto const each = parse(true, depth + 1);
            if (!each) {
                return std::nullopt;
            }
            auto const known = std::ranges::find_if(
                keys, [&](value const& other) { return same(other, key->what); });
            if (known != keys.end()) {
                mapped[static_cast<std::size_t>(known - keys.begin())] = each->what;
            } else {
                keys.push_back(key->what);
                mapped.push_back(each->what);
            }
            in_.take(",");
            of_keys.merge(key->of);
            of_mapped.merge(each->of);
        }
        return std::nullopt;
    }

    std::optional<data> made_map(std::vector<value> keys, std::vector<value> mapped,
                                 schema_ptr const& of_keys, schema_ptr const& of_mapped) {
        auto shape = std::make_shared<schema>();
        shape->type = schema_type::map;
        if (of_keys != nullptr) {
            shape->key = of_keys;
            shape->element = of_mapped;
            if (!widen(keys, *of_keys) || (of_mapped != nullptr && !widen(mapped, *of_mapped))) {
                return std::nullopt;
            }
        }
        auto const kept = make_array<map_entry>(memory_, keys.size());
        for (std::size_t index = 0; index < keys.size(); ++index) {
            kept[index] = {keys[index], mapped[index]};
        }
        return data{std::move(shape), value::of_map(kept)};
    }

    literal_tokens in_;
    arena& memory_;
};

} // namespace

data parse_literal(std::string_view text, arena& memory) {
    if (text.empty()) {
        return {plain_schema(schema_type::string), value::of_string(text)};
    }
    auto made = literal_parser{text, memory}.parse(false);
    return made ? std::move(*made)
                : data{plain_schema(schema_type::string), value::of_string(text)};
}

} // namespace tandem::connect
