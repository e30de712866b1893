// How one value of the configuration file is read, shown and described: a codec for each kind of value.
//
// A codec has three functions: `read` stores the value, or returns what is wrong and what to write instead (empty:
// nothing is wrong); `show` gives the value as TOML, empty when it has none; `accepts` says in words what may be
// written.
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <toml++/toml.h>

#include "dataplane/interface/config.h"
#include "dataplane/interface/device_name.h"
#include "dataplane/interface/limits.h"
#include "dataplane/interface/pair_mode.h"

namespace sluis::codec {

inline std::string quoted(const std::string& text) { return "\"" + text + "\""; }

/// A wrong value as an error repeats it: as much of it as a line has room for.
inline std::string repeated(const std::string& text) {
    constexpr std::size_t kMost = 60;  // bytes
    if (text.size() <= kMost) return quoted(text);
    std::size_t end = kMost;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not amid a character of UTF-8
    return quoted(text.substr(0, end) + "…");
}

inline std::string bytes_text(std::size_t count) { return std::to_string(count) + (count == 1 ? " byte" : " bytes"); }

template <std::int64_t least, std::int64_t most>
struct Integer {
    static std::string accepts() { return "integer, " + std::to_string(least) + " to " + std::to_string(most); }
    template <typename T>
    static std::string read(const toml::node& node, T& to) {
        if (!node.is_integer())
            return "is no integer; write an " + accepts() + (node.is_string() ? ", without quotes" : "");
        const std::int64_t value = node.as_integer()->get();
        if (value < least || value > most)
            return "is " + std::to_string(value) + ", out of range; write an " + accepts();
        to = static_cast<T>(value);
        return {};
    }
    template <typename T>
    static std::string show(const T& value) {
        return std::to_string(value);
    }
};

struct Boolean {
    static std::string accepts() { return "true or false"; }
    static std::string read(const toml::node& node, bool& to) {
        if (!node.is_boolean()) return "is neither true nor false; write one of them, without quotes";
        to = node.as_boolean()->get();
        return {};
    }
    static std::string show(const bool& value) { return value ? "true" : "false"; }
};

template <std::size_t least, std::size_t most>
struct Text {
    static std::string accepts() {
        return "text, " + (least == most ? "" : std::to_string(least) + " to ") + bytes_text(most);
    }
    static std::string read(const toml::node& node, std::string& to) {
        if (!node.is_string()) return "is no text; write it in quotes";
        const std::string& value = node.as_string()->get();
        const auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
        if (std::any_of(value.begin(), value.end(), control)) return "holds a control character; leave it out";
        if (value.empty() && least > 0) return "is empty; write " + accepts();
        if (value.size() < least || value.size() > most)
            return "has " + bytes_text(value.size()) + "; write " + accepts();
        to = value;
        return {};
    }
    static std::string show(const std::string& value) { return quoted(value); }
};

/// A folder or file that is the same for every program, whatever folder it was started in. `least` 0: empty for none.
template <std::size_t least, std::size_t most>
struct AbsolutePath {
    static std::string accepts() {
        return "path from the root on, up to " + bytes_text(most) + (least == 0 ? ", or \"\"" : "");
    }
    static std::string read(const toml::node& node, std::string& to) {
        std::string path;
        if (std::string problem = Text<least, most>::read(node, path); !problem.empty()) return problem;
        if (!path.empty() && path.front() != '/')
            return "is " + repeated(path) + "; write it from the root on, with a slash first";
        to = std::move(path);
        return {};
    }
    static std::string show(const std::string& value) { return quoted(value); }
};

/// A name that may stand in a file's name, in a metric's label and in a log's field.
template <std::size_t most>
struct Word {
    static std::string accepts() {
        return "1 to " + std::to_string(most) + " letters, digits, \".\", \"_\" and \"-\", no \".\" first";
    }
    static std::string read(const toml::node& node, std::string& to) {
        if (!node.is_string()) return "is no text; write it in quotes";
        const std::string& value = node.as_string()->get();
        constexpr const char* kMay = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
        if (value.empty()) return "is empty; leave the key out, or write " + accepts();
        if (value.size() > most) return "has " + bytes_text(value.size()) + "; write " + accepts();
        if (value.find_first_not_of(kMay) != std::string::npos || value.front() == '.')
            return "is " + repeated(value) + ", which will not do; write " + accepts();
        to = value;
        return {};
    }
    static std::string show(const std::string& value) { return value.empty() ? "" : quoted(value); }
};

/// A list, each item of which another codec reads.
template <typename Item>
struct List {
    static std::string accepts() { return "list of: " + Item::accepts(); }
    template <typename T>
    static std::string read(const toml::node& node, std::vector<T>& to) {
        if (!node.is_array()) return "is no list; write [ITEM, ITEM], or [] for none, each item: " + Item::accepts();
        to.clear();
        for (const toml::node& item : *node.as_array()) {
            T value{};
            if (const std::string problem = Item::read(item, value); !problem.empty())
                return "has a wrong item " + std::to_string(to.size() + 1) + ", which " + problem;
            to.push_back(value);
        }
        return {};
    }
    template <typename T>
    static std::string show(const std::vector<T>& values) {
        std::string text;
        for (const T& value : values) text += (text.empty() ? "" : ", ") + Item::show(value);
        return "[" + text + "]";
    }
};

struct Device {
    static std::string accepts() { return "PCI address, or vdev with its arguments"; }
    static std::string read(const toml::node& node, std::string& to) {
        if (!node.is_string()) return "is no text; write a device's name in quotes";
        const auto device = parse_device_name(node.as_string()->get());
        if (!device) return "is wrong: " + device.error();
        to = device->text();
        return {};
    }
    static std::string show(const std::string& value) { return quoted(value); }
};

/// A length of time as "500ms", "10s", "5m" or "1h"; from a millisecond to a day.
struct Duration {
    static constexpr Nanoseconds kLongest = 86400 * kSecond;
    struct Unit {
        std::string_view name;
        Nanoseconds length;
    };
    static constexpr std::array kUnits{Unit{"ms", kSecond / 1000}, Unit{"s", kSecond}, Unit{"m", 60 * kSecond},
                                       Unit{"h", 3600 * kSecond}};

    static std::string accepts() {
        return "time such as \"500ms\", \"10s\", \"5m\" or \"1h\", from \"1ms\" to a day, no fractions";
    }
    static std::string read(const toml::node& node, Nanoseconds& to) {
        return read(node, kSecond / 1000, to, accepts());
    }
    static std::string read(const toml::node& node, Nanoseconds least, Nanoseconds& to, const std::string& accepts) {
        if (!node.is_string()) return "is no text with a unit; write a " + accepts + ", in quotes";
        const std::string& text = node.as_string()->get();
        const std::optional<Nanoseconds> value = parse(text);
        if (!value) return "is " + repeated(text) + ", which is no length of time; write a " + accepts;
        if (*value < least || *value > kLongest)
            return "is " + repeated(text) + ", which is too " + (*value < least ? "short" : "long") + "; write a " +
                   accepts;
        to = *value;
        return {};
    }
    static std::string show(const Nanoseconds& value) {
        if (value % kSecond == 0) return quoted(std::to_string(value / kSecond) + "s");
        return quoted(std::to_string(value / (kSecond / 1000)) + "ms");
    }
    static std::optional<Nanoseconds> parse(const std::string& text) {
        std::uint64_t count = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
        const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
        if (error == std::errc::invalid_argument) return std::nullopt;
        for (const Unit& unit : kUnits)
            if (name == unit.name)  // whatever is longer than a day: how much longer does not matter
                return error == std::errc{} ? std::min(count, kLongest / unit.length + 1) * unit.length : kLongest + 1;
        return std::nullopt;
    }
};

/// A length of time that is kept as whole seconds.
struct Seconds {
    static std::string accepts() {
        return "time such as \"10s\", \"5m\" or \"1h\", from \"1s\" to a day, whole seconds";
    }
    static std::string read(const toml::node& node, std::uint32_t& to) {
        Nanoseconds value = 0;
        if (std::string problem = Duration::read(node, kSecond, value, accepts()); !problem.empty()) return problem;
        if (value % kSecond != 0)
            return "is " + repeated(node.as_string()->get()) + ", which is no whole number of seconds; write a " +
                   accepts();
        to = static_cast<std::uint32_t>(value / kSecond);
        return {};
    }
    static std::string show(const std::uint32_t& value) { return Duration::show(value * kSecond); }
};

/// One of a few words, kept as an enum, or two of them as a bool: the word at index 1 is the true one.
template <typename Words>
struct OneOf {
    static std::string accepts() {
        std::string text = quoted(std::string(Words::kWords[0]));
        for (std::size_t i = 1; i < Words::kWords.size(); ++i)
            text += (i + 1 == Words::kWords.size() ? " or " : ", ") + quoted(std::string(Words::kWords[i]));
        return text;
    }
    template <typename T>
    static std::string read(const toml::node& node, T& to) {
        if (!node.is_string()) return "is no text; write " + accepts() + ", in quotes";
        const std::string& word = node.as_string()->get();
        for (std::size_t i = 0; i < Words::kWords.size(); ++i)
            if (word == Words::kWords[i]) return to = static_cast<T>(i), "";
        return "is " + repeated(word) + ", which is not known here; write " + accepts();
    }
    template <typename T>
    static std::string show(const T& value) {
        return quoted(std::string(Words::kWords[static_cast<std::size_t>(value)]));
    }
};

struct OpenOrClosed {
    static constexpr std::array<const char*, 2> kWords{"open", "closed"};
};
static_assert(static_cast<int>(FailPolicy::open) == 0 && static_cast<int>(FailPolicy::closed) == 1);

struct OverloadPolicies {
    static constexpr std::array<const char*, 3> kWords{"open", "closed", "inspect"};
};
static_assert(static_cast<int>(OverloadPolicy::inspect) == 2);

/// A table of causes, each open or closed.
struct OnFailure {
    using Policy = OneOf<OpenOrClosed>;
    static std::string accepts() { return "{ dataplane = " + Policy::accepts() + " }"; }
    static std::string read(const toml::node& node, FailureConfig& to) {
        if (!node.is_table()) return "is no table; write " + accepts() + ", one of the two";
        for (const auto& [cause, value] : *node.as_table()) {
            if (cause.str() != "dataplane")
                return "has the unknown cause " + repeated(std::string(cause.str())) + "; write " + accepts();
            if (const std::string problem = Policy::read(value, to.dataplane); !problem.empty())
                return "has a dataplane that " + problem;
        }
        return {};
    }
    static std::string show(const FailureConfig& value) {
        return "{ dataplane = " + Policy::show(value.dataplane) + " }";
    }
};

struct PairModes {
    static constexpr auto& kWords = kPairModeNames;
};

struct RefusalMode {
    static constexpr std::array<const char*, 2> kWords{"nxdomain", "sinkhole"};
};

struct TlsRefusal {
    static constexpr std::array<const char*, 2> kWords{"reset", "alert"};
};

struct HttpRefusal {
    static constexpr std::array<const char*, 2> kWords{"reset", "redirect"};
};

/// An address of the web that can stand in a header field as it is (RFC 3986, appendix A); empty for none.
struct WebAddress {
    static constexpr std::size_t kLimit = 256;  ///< bytes
    static std::string accepts() {
        return "address such as \"http://notice.example/\", up to " + bytes_text(kLimit) + ", or \"\"";
    }
    static std::string read(const toml::node& node, std::string& to) {
        if (!node.is_string()) return "is no text; write an " + accepts();
        const std::string& value = node.as_string()->get();
        const auto may = [](char c) {
            return c > ' ' && c <= '~' && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
        };
        const bool is_web =
            (value.starts_with("http://") && value.size() > 7) || (value.starts_with("https://") && value.size() > 8);
        if (!value.empty() && (!is_web || value.size() > kLimit || !std::all_of(value.begin(), value.end(), may)))
            return "is " + repeated(value) + ", which is no address of the web; write an " + accepts();
        to = value;
        return {};
    }
    static std::string show(const std::string& value) { return quoted(value); }
};

/// An IP address of `Size` bytes in network byte order.
template <int family, std::size_t Size>
struct Address {
    using Value = std::optional<std::array<std::byte, Size>>;
    static std::string accepts() { return Size == 4 ? "IPv4 address" : "IPv6 address"; }
    static std::string read(const toml::node& node, Value& to) {
        std::array<std::byte, Size> bytes{};
        if (!node.is_string()) return "is no text; write an " + accepts() + " in quotes";
        const std::string& text = node.as_string()->get();
        // inet_pton() would see no more of it than what comes before a zero.
        if (text.find('\0') != text.npos || inet_pton(family, text.c_str(), bytes.data()) != 1)
            return "is " + repeated(text) + ", which is no address; write an " + accepts() + " such as " +
                   (Size == 4 ? "\"192.0.2.10\"" : "\"2001:db8::10\"");
        to = bytes;
        return {};
    }
    static std::string show(const Value& value) {
        std::array<char, INET6_ADDRSTRLEN> text{};
        if (!value) return {};
        return quoted(inet_ntop(family, value->data(), text.data(), text.size()));
    }
};

}  // namespace sluis::codec
