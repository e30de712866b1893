#include "control/bundle/self_test_source.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "control/bundle/bundle_limits.h"
#include "control/bundle/store_files.h"
#include "control/rules/toml_key_depth.h"
#include "dataplane/interface/edit_distance.h"
#include "dataplane/interface/one_line.h"
#include "dataplane/match/address_prefix.h"

namespace sluis {
namespace {

constexpr std::size_t kTestFileLimit = std::size_t{16} << 20;

/// The bytes of pairs of hexadecimal digits.
std::optional<std::string> bytes_of(std::string_view text) {
    std::string bytes;
    if (text.size() % 2 != 0) return std::nullopt;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        int value = 0;
        for (const char c : text.substr(i, 2)) {
            constexpr std::string_view kDigits = "0123456789abcdef";
            const auto digit = kDigits.find(c);
            if (digit == kDigits.npos) return std::nullopt;
            value = value * 16 + static_cast<int>(digit);
        }
        bytes += static_cast<char>(value);
    }
    return bytes;
}

class TestFileReader {
public:
    TestFileReader(const std::string& file, google::protobuf::RepeatedPtrField<wire::SelfTest>& tests,
                   std::vector<std::string>& errors)
        : file_(file), tests_(tests), errors_(errors) {}

    void read(const toml::table& file) {
        check_keys(file, {"match", "pass"});
        tests_of(file, "match", wire::EXPECTATION_MATCH);
        tests_of(file, "pass", wire::EXPECTATION_PASS);
    }
    void fail(const toml::source_region& at, const std::string& what) {
        errors_.push_back(fmt::format("{}:{}:{}: {}", file_, at.begin.line, at.begin.column, what));
    }

private:
    void check_keys(const toml::table& table, const std::vector<std::string_view>& known) {
        for (const auto& [key, value] : table) {
            if (std::find(known.begin(), known.end(), key.str()) == known.end())
                fail(key.source(), fmt::format("unknown key '{}'{}", key.str(), hint(key.str(), known, '\'')));
        }
    }
    void tests_of(const toml::table& file, std::string_view key, wire::Expectation expected) {
        const toml::node* node = file.get(key);
        if (node == nullptr) return;
        const toml::array* rows = node->as_array();
        if (rows == nullptr) return fail(node->source(), fmt::format("'{}' must be tables: [[{}]]", key, key));
        for (const toml::node& row : *rows) {
            if (row.is_table()) {
                test(*row.as_table(), expected);
            } else {
                fail(row.source(), fmt::format("a test must be a table: [[{}]]", key));
            }
        }
    }
    void test(const toml::table& row, wire::Expectation expected) {
        check_keys(row, {"name", "dns_name", "tls_stream", "quic_hello", "address", "rule", "category"});
        wire::SelfTest test;
        test.set_expected(expected);
        int inputs = 0;
        if (const auto name = text(row, "name")) ++inputs, test.set_name(*name);
        if (const auto digits = text(row, "dns_name")) ++inputs, set_dns_name(row, *digits, test);
        if (const auto path = text(row, "tls_stream")) ++inputs, set_tls_stream(row, *path, test);
        if (row.contains("quic_hello")) ++inputs, set_quic_hello(row, test);
        if (const auto address = text(row, "address")) ++inputs, set_address(row, *address, test);
        if (inputs != 1) {
            return fail(
                row.source(),
                "a test needs one of 'name', 'address', 'dns_name', 'tls_stream' and 'quic_hello', and only one");
        }
        test.set_rule(text(row, "rule").value_or(""));
        test.set_category(text(row, "category").value_or(""));
        *tests_.Add() = std::move(test);
    }
    std::optional<std::string> text(const toml::table& row, std::string_view key) {
        const toml::node* node = row.get(key);
        if (node == nullptr) return std::nullopt;
        const auto* value = node->as_string();
        if (value == nullptr || value->get().empty()) {
            fail(node->source(), fmt::format("'{}' must be a text in quotes, and not empty", key));
            return std::nullopt;
        }
        return value->get();
    }
    void set_dns_name(const toml::table& row, const std::string& digits, wire::SelfTest& test) {
        const auto bytes = bytes_of(digits);
        if (!bytes) return fail(row.source(), "'dns_name' must be pairs of the digits 0-9 and a-f");
        test.set_dns_name(*bytes);
    }
    void set_address(const toml::table& row, const std::string& address, wire::SelfTest& test) {
        if (!read_address(address)) return fail(row.source(), "'address' must be one IPv4 or IPv6 address");
        test.set_address(address);
    }
    void set_tls_stream(const toml::table& row, const std::string& path, wire::SelfTest& test) {
        if (auto content = read_beside(row, "tls_stream", path)) test.set_tls_stream(std::move(*content));
    }
    void set_quic_hello(const toml::table& row, wire::SelfTest& test) {
        const toml::array* paths = row.get("quic_hello")->as_array();
        if (paths == nullptr || paths->empty() || !paths->is_homogeneous<std::string>())
            return fail(row.source(), "'quic_hello' must be a list of file names: [\"1.bin\", \"2.bin\"]");
        for (const toml::node& path : *paths)
            if (auto content = read_beside(row, "quic_hello", path.as_string()->get()))
                test.mutable_quic_hello()->add_datagrams(std::move(*content));
    }
    /// A test file may come from somebody else than who makes and signs the bundle: it must not pull in what that
    /// person can read.
    std::optional<std::string> read_beside(const toml::table& row, std::string_view key, const std::string& path) {
        const auto beside = std::filesystem::path(file_).parent_path() / path;
        std::error_code ignored;
        if (path.find('/') != path.npos || std::filesystem::is_symlink(beside, ignored)) {
            fail(row.source(), fmt::format("'{}' is '{}'; it must be the plain name of a file beside this one, no link",
                                           key, one_line(path)));
            return std::nullopt;
        }
        auto content = read_whole_file(beside.string(), kSelfTestSizeLimit);
        if (content) return std::move(*content);
        fail(row.source(), content.error().message);
        return std::nullopt;
    }

    const std::string& file_;
    google::protobuf::RepeatedPtrField<wire::SelfTest>& tests_;
    std::vector<std::string>& errors_;
};

}  // namespace

void read_self_test_file(const std::string& path, google::protobuf::RepeatedPtrField<wire::SelfTest>& tests,
                         std::vector<std::string>& errors) {
    const auto content = read_whole_file(path, kTestFileLimit);
    if (!content) {
        errors.push_back(content.error().message);
        return;
    }
    if (const std::size_t line = find_deep_key(*content); line != 0) {
        errors.push_back(
            fmt::format("{}:{}:1: a key of more than {} parts; tests have none", path, line, kKeyDotLimit));
        return;
    }
    TestFileReader reader(path, tests, errors);
    try {
        reader.read(toml::parse(*content, path));
    } catch (const toml::parse_error& error) {
        reader.fail(error.source(), one_line(error.description()));
    }
}

}  // namespace sluis
