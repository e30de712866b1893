// A JSON value. Its text is nlohmann's matter, whose header alone takes a file that uses it seconds to compile: here it
// is included once, in json.cc.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace sluis {

class Json {
public:
    struct Member;
    using Value = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string,
                               std::vector<Json>, std::vector<Member>>;

    Json();  ///< null
    Json(std::nullptr_t);
    Json(bool value);
    Json(std::int64_t value);
    Json(std::uint64_t value);
    Json(double value);
    Json(const char* text);
    Json(std::string_view text);
    Json(std::string text);
    Json(std::vector<Json> elements);
    /// An object of members in this order.
    Json(std::initializer_list<Member> members);
    template <std::integral Number>
    Json(Number value)
        : Json(static_cast<std::conditional_t<std::is_signed_v<Number>, std::int64_t, std::uint64_t>>(value)) {}
    Json(const Json& other);
    Json(Json&& other) noexcept;
    Json& operator=(const Json& other);
    Json& operator=(Json&& other) noexcept;
    ~Json();

    static Json array(std::vector<Json> elements = {});
    static Json object();
    /// Null when `text` is no JSON.
    static Json parse(std::string_view text);

    /// An int64_t is below 0.
    const Value& value() const { return value_; }
    bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
    bool is_string() const { return std::holds_alternative<std::string>(value_); }
    bool is_array() const { return std::holds_alternative<std::vector<Json>>(value_); }
    bool is_object() const { return std::holds_alternative<std::vector<Member>>(value_); }
    bool is_number() const;
    /// Numbers are equal by what they are worth.
    bool operator==(const Json& other) const;

    /// Numbers; 0 of what is none.
    double number() const;
    std::int64_t integer() const;
    /// A string as it is; of what is none, its JSON on one line.
    std::string text() const;
    /// JSON on one line. What is no UTF-8 becomes U+FFFD, here and below.
    std::string dump() const;
    /// JSON, each value on its line, two spaces a level.
    std::string pretty() const;

    /// Of an array its elements, of an object its members, of null 0.
    std::size_t size() const;
    bool empty() const { return size() == 0; }

    /// The elements of an array; none of anything else.
    const Json* begin() const;
    const Json* end() const;
    Json* begin();
    Json* end();
    const Json& front() const { return *begin(); }
    /// Null becomes an array. REQUIRES: null, or an array.
    void push_back(Json element);

    /// The members of an object; none of anything else.
    const std::vector<Member>& members() const;
    bool contains(std::string_view name) const;
    /// A member, added as null when it is not there. What is no object becomes one.
    Json& operator[](std::string_view name);
    /// Adds, or replaces, the members of another object.
    void update(const Json& other);

private:
    Value value_;
};

struct Json::Member {
    std::string name;
    Json value;
    bool operator==(const Member&) const = default;
};

/// A member; null when it is not there, or `object` is none: another version, or another server, may have sent it.
const Json& at(const Json& object, std::string_view name);

/// Its text, fit to be printed on a line.
std::string text_of(const Json& value);

/// Prints it on standard output.
void print_json(const Json& value);

}  // namespace sluis
