// Keys that would take a parser's stack.
#include "control/rules/toml_key_depth.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "control/rules/rule_source.h"

namespace sluis {
namespace {

std::string repeat(std::string_view text, std::size_t times) {
    std::string whole;
    for (std::size_t i = 0; i < times; ++i) whole += text;
    return whole;
}

std::string deep() { return "a" + repeat(".a", kKeyDotLimit + 1); }

TEST(TomlKeyDepth, CountsTheDotsOfEachKey) {
    struct Row {
        std::string text;
        std::size_t line;
    };
    const Row rows[] = {
        {"", 0},
        {"[" + deep() + "]", 1},
        {"\n\n" + deep() + " = 1\n", 3},
        {"a" + repeat(".a", kKeyDotLimit) + " = 1\n", 0},
        {repeat("a.a = 1\n", 100), 0},
        {"x = [" + repeat("1.5, ", 100) + "]", 0},
        {"x = { y = { " + deep() + " = 1 } }", 1},
        {repeat("'a' . ", 20) + "a = 1", 1},
        {repeat("\"a\".", 20) + "a = 1", 1},
        {"# " + deep() + "\n", 0},
        {"x = '" + deep() + "'", 0},
        {"x = \"" + deep() + "\"", 0},
        {"x = \"\\\"" + deep() + "\"", 0},
        {"x = '\\'\n" + deep() + " = 1", 2},
        {"x = \"\\\\\"\n" + deep() + " = 1", 2},
        {"x = '''\n" + deep() + "\n'''", 0},
        {"x = \"\"\"\n\"\" " + deep() + " \\\"\"\" " + deep() + "\n\"\"\"", 0},
        {"x = [ { y = \"\"\"a\"\"\"\", " + deep() + " = 1 } ]", 1},
        {"x = [ { y = '''a''''', " + deep() + " = 1 } ]", 1},
        {"x = [ { y = \"\", " + deep() + " = '' } ]", 1},
        {"x = \"not closed\n" + deep() + " = 1", 2},
        {"x = '''not closed", 0},
    };
    for (const Row& row : rows) EXPECT_EQ(find_deep_key(row.text), row.line) << row.text;
}

/// The deepest that is let through, and what is not: neither may end the process.
TEST(TomlKeyDepth, KeepsTheParserFromTheEndOfItsStack) {
    const std::string key = "a" + repeat(".a", kKeyDotLimit);
    const std::string texts[] = {"[" + repeat("a.", 60'000) + "a]\n", repeat("a.", 60'000) + "a = 1\n",
                                 "x = " + repeat("{" + key + " = [\n", 127) + repeat("]}", 127) + "\n",
                                 "x = " + repeat("[", 60'000) + "\n"};
    for (const std::string& text : texts) {
        RuleSource source;
        std::vector<std::string> errors;
        read_rule_text(text, "deep.toml", source, errors);
        EXPECT_FALSE(errors.empty());
    }
}

}  // namespace
}  // namespace sluis
