#include "control/cli/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

using Text = nlohmann::ordered_json;

/// What std::visit calls, by the type of the value.
template <typename... Functions>
struct ByType : Functions... {
    using Functions::operator()...;
};
template <typename... Functions>
ByType(Functions...) -> ByType<Functions...>;

Json from_text(const Text& text) {
    switch (text.type()) {
        case Text::value_t::boolean:
            return text.get<bool>();
        case Text::value_t::number_integer:
            return text.get<std::int64_t>();
        case Text::value_t::number_unsigned:
            return text.get<std::uint64_t>();
        case Text::value_t::number_float:
            return text.get<double>();
        case Text::value_t::string:
            return text.get_ref<const std::string&>();
        case Text::value_t::array: {
            Json array = Json::array();
            for (const Text& element : text) array.push_back(from_text(element));
            return array;
        }
        case Text::value_t::object: {
            Json object = Json::object();
            for (const auto& [name, value] : text.items()) object[name] = from_text(value);
            return object;
        }
        default:
            return nullptr;
    }
}

Text to_text(const Json& value) {
    return std::visit(ByType{[](const std::vector<Json>& elements) {
                                 Text array = Text::array();
                                 for (const Json& element : elements) array.push_back(to_text(element));
                                 return array;
                             },
                             [](const std::vector<Json::Member>& members) {
                                 Text object = Text::object();
                                 for (const auto& [name, member] : members) object[name] = to_text(member);
                                 return object;
                             },
                             [](const auto& scalar) { return Text(scalar); }},
                      value.value());
}

std::string write(const Json& value, int indent) {
    return to_text(value).dump(indent, ' ', false, Text::error_handler_t::replace);
}

/// A number, by what `Number` makes of it; 0 of what is none.
template <typename Number>
Number number_as(const Json& value) {
    return std::visit(
        ByType{[](std::int64_t number) { return static_cast<Number>(number); },
               [](std::uint64_t number) { return static_cast<Number>(number); },
               [](double number) { return static_cast<Number>(number); }, [](const auto&) { return Number{}; }},
        value.value());
}

/// The place of a member; the end when it is not there.
template <typename Members>
auto find_member(Members& members, std::string_view name) {
    return std::find_if(members.begin(), members.end(), [&](const Json::Member& each) { return each.name == name; });
}

}  // namespace

Json::Json() = default;
Json::Json(std::nullptr_t) {}
Json::Json(bool value) : value_(value) {}
Json::Json(std::int64_t value) : value_(value) {
    if (value >= 0) value_ = static_cast<std::uint64_t>(value);
}
Json::Json(std::uint64_t value) : value_(value) {}
Json::Json(double value) : value_(value) {}
Json::Json(const char* text) : value_(std::string(text)) {}
Json::Json(std::string_view text) : value_(std::string(text)) {}
Json::Json(std::string text) : value_(std::move(text)) {}
Json::Json(std::vector<Json> elements) : value_(std::move(elements)) {}
Json::Json(std::initializer_list<Member> members) : value_(std::vector<Member>(members)) {}
Json::Json(const Json&) = default;
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(const Json&) = default;
Json& Json::operator=(Json&&) noexcept = default;
Json::~Json() = default;

Json Json::array(std::vector<Json> elements) { return elements; }
Json Json::object() { return Json(std::initializer_list<Member>{}); }

Json Json::parse(std::string_view text) { return from_text(Text::parse(text, nullptr, false)); }

bool Json::is_number() const {
    return std::visit(ByType{[](std::int64_t) { return true; }, [](std::uint64_t) { return true; },
                             [](double) { return true; }, [](const auto&) { return false; }},
                      value_);
}

bool Json::operator==(const Json& other) const {
    const auto is_fraction = [](const Json& value) { return std::holds_alternative<double>(value.value_); };
    if (is_number() && other.is_number() && (is_fraction(*this) || is_fraction(other)))
        return number() == other.number();
    return value_ == other.value_;
}

double Json::number() const { return number_as<double>(*this); }
std::int64_t Json::integer() const { return number_as<std::int64_t>(*this); }

std::string Json::text() const { return is_string() ? std::get<std::string>(value_) : dump(); }
std::string Json::dump() const { return write(*this, -1); }
std::string Json::pretty() const { return write(*this, 2); }

std::size_t Json::size() const {
    return std::visit(ByType{[](std::nullptr_t) { return std::size_t{0}; },
                             [](const std::vector<Json>& elements) { return elements.size(); },
                             [](const std::vector<Member>& members) { return members.size(); },
                             [](const auto&) { return std::size_t{1}; }},
                      value_);
}

const Json* Json::begin() const { return is_array() ? std::get<std::vector<Json>>(value_).data() : nullptr; }
const Json* Json::end() const { return is_array() ? begin() + size() : nullptr; }
Json* Json::begin() { return is_array() ? std::get<std::vector<Json>>(value_).data() : nullptr; }
Json* Json::end() { return is_array() ? begin() + size() : nullptr; }

void Json::push_back(Json element) {
    if (is_null()) value_ = std::vector<Json>{};
    std::get<std::vector<Json>>(value_).push_back(std::move(element));
}

const std::vector<Json::Member>& Json::members() const {
    static const std::vector<Member> none;
    return is_object() ? std::get<std::vector<Member>>(value_) : none;
}

bool Json::contains(std::string_view name) const { return find_member(members(), name) != members().end(); }

Json& Json::operator[](std::string_view name) {
    if (!is_object()) value_ = std::vector<Member>{};
    auto& members = std::get<std::vector<Member>>(value_);
    const auto found = find_member(members, name);
    return found != members.end() ? found->value : members.emplace_back(Member{std::string(name), nullptr}).value;
}

void Json::update(const Json& other) {
    for (const auto& [name, value] : other.members()) (*this)[name] = value;
}

const Json& at(const Json& object, std::string_view name) {
    static const Json null;
    const auto found = find_member(object.members(), name);
    return found == object.members().end() ? null : found->value;
}

std::string text_of(const Json& value) { return one_line(value.text()); }

void print_json(const Json& value) { fmt::print("{}\n", value.pretty()); }

}  // namespace sluis
