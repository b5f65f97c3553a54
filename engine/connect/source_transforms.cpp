#include "engine/connect/source_transforms.hpp"

#include "engine/connect/converter_settings.hpp"
#include "engine/connect/plugins.hpp"
#include "engine/connect/read_text.hpp"

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

constexpr std::string_view json_converter_class = "org.apache.kafka.connect.json.JsonConverter";

property_map const& who_names(property_map const& config, property_map const& worker,
                              std::string_view converter) {
    return config.contains(converter) ? config : worker;
}

// Of the encoder's own form.
bool is_plain_json(property_map const& config, property_map const& worker, std::string_view name) {
    auto const& from = who_names(config, worker, name);
    auto const* const of =
        find_plugin(text_in(from, name, json_converter_class), plugin_kind::converter);
    auto decimals = text_in(with_prefix(from, std::string{name} + "."), "decimal.format", "BASE64");
    std::ranges::transform(decimals, decimals.begin(), [](char each) {
        return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
    });
    return of != nullptr && of->class_name == json_converter_class && decimals == "base64";
}

// The standard is a worker's, which names one; a worker without is Debezium's image's.
outcome<std::unique_ptr<converter>> converter_of(task_setup const& setup, std::string_view name) {
    auto from = who_names(setup.config, setup.worker, name);
    if (!from.contains(name) && !name.starts_with("header.")) {
        from.emplace(name, json_converter_class);
    }
    return make_converter(from, name);
}

} // namespace

bool goes_as_encoded(property_map const& config, property_map const& worker) {
    return text_in(config, "transforms").empty() &&
           is_plain_json(config, worker, "key.converter") &&
           is_plain_json(config, worker, "value.converter");
}

outcome<std::unique_ptr<source_transforms>> source_transforms::of(task_setup const& setup) {
    std::unique_ptr<source_transforms> made{new source_transforms};
    auto chain = transformation_chain::of(setup.config);
    if (!chain) {
        return chain.error();
    }
    made->chain_ = std::move(*chain);
    for (auto const& [name, into] :
         {std::pair{"key.converter", &made->key_}, std::pair{"value.converter", &made->value_},
          std::pair{"header.converter", &made->header_}}) {
        auto one = converter_of(setup, name);
        if (!one) {
            return one.error();
        }
        *into = std::move(*one);
    }
    return made;
}

outcome<std::optional<std::string_view>> source_transforms::write(converter& by, data const& what,
                                                                  arena& into) {
    written_.clear();
    auto const wrote = by.write(what, written_);
    if (!wrote) {
        return wrote.error();
    }
    if (!*wrote) {
        return std::optional<std::string_view>{};
    }
    auto* const out = into.reserve(written_.size());
    std::ranges::copy(written_, out);
    return std::optional{into.commit(written_.size())};
}

outcome<changed_record const*> source_transforms::apply(std::string_view topic,
                                                        source_record const& encoded, arena& into) {
    memory_.clear();
    record_ = {};
    record_.topic = topic;
    auto key = read_text(keys_, encoded.key, key_room_, memory_);
    if (!key) {
        return key.error();
    }
    auto value = read_text(values_, encoded.value, value_room_, memory_);
    if (!value) {
        return value.error();
    }
    record_.key = std::move(*key);
    record_.value = std::move(*value);
    if (!encoded.header.name.empty()) {
        record_.headers.push_back(
            {encoded.header.name,
             {plain_schema(schema_type::string), value::of_string(encoded.header.value)}});
    }
    auto const stays = chain_.apply(record_, memory_);
    if (!stays) {
        return stays.error();
    }
    if (!*stays) {
        return nullptr;
    }
    made_ = {};
    auto* const name = into.reserve(record_.topic.size());
    std::ranges::copy(record_.topic, name);
    made_.topic = into.commit(record_.topic.size());
    made_.partition = record_.partition;
    for (auto const& [by, from, to] : {std::tuple{key_.get(), &record_.key, &made_.key},
                                       std::tuple{value_.get(), &record_.value, &made_.value}}) {
        auto const text = write(*by, *from, into);
        if (!text) {
            return text.error();
        }
        *to = *text;
    }
    for (auto const& each : record_.headers) {
        auto const text = write(*header_, each.what, into);
        if (!text) {
            return text.error();
        }
        auto* const header = into.reserve(each.name.size());
        std::ranges::copy(each.name, header);
        made_.headers.push_back({into.commit(each.name.size()), *text});
    }
    return &made_;
}

} // namespace tandem::connect
