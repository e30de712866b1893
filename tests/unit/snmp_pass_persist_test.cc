#include "control/snmp/pass_persist.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace sluis {
namespace {

const MibView kView{{{1, 3, 1, 0}, {"integer", "4"}}, {{1, 3, 2, 0}, {"string", "x"}}, {{1, 3, 10, 0}, {"gauge", "5"}}};

std::string served(const std::string& orders) {
    std::istringstream in(orders);
    std::ostringstream out;
    serve_pass_persist(in, out, []() -> const MibView& { return kView; });
    return out.str();
}

TEST(PassPersistTest, Answers) {
    struct Row {
        const char *orders, *answers;
    };
    const Row kRows[] = {
        {"PING\n", "PONG\n"},
        {"get\n.1.3.1.0\n", ".1.3.1.0\ninteger\n4\n"},
        {"get\n.1.3.1\n", "NONE\n"},
        {"get\n.1.3.1.0.0\n", "NONE\n"},
        {"getnext\n.1.3\n", ".1.3.1.0\ninteger\n4\n"},
        {"getnext\n.1.3.1.0\n", ".1.3.2.0\nstring\nx\n"},
        {"getnext\n.1.3.2.4294967295\n", ".1.3.10.0\ngauge\n5\n"},  // by number, not by text
        {"getnext\n.1.3.10.0\n", "NONE\n"},
        {"set\n.1.3.1.0\ninteger 5\n", "not-writable\n"},
        {"get\nno oid\nPING\n", "NONE\nPONG\n"},
        {"getnext\n.1.3.99999999999\nPING\n", "NONE\nPONG\n"},
        {"reboot\nPING\n", "NONE\nPONG\n"},
        {"\nPING\n", ""},  // the agent ends
        {"get\n", ""},
        {"get", ""},
        {"", ""},
    };
    for (const Row& row : kRows) EXPECT_EQ(served(row.orders), row.answers) << row.orders;
}

TEST(PassPersistTest, ALineThatIsTooLongIsNoObject) {
    const std::string longest(kPassLineLimit, '1');
    EXPECT_EQ(served("get\n." + longest + "\nPING\n"), "NONE\nPONG\n");
    EXPECT_EQ(served("getnext\n.1.3" + std::string(10'000'000, '.') + "\nPING\n"), "NONE\nPONG\n");
}

TEST(PassPersistTest, AnyByteIsAnswered) {
    std::string all;
    for (int byte = 1; byte < 256; ++byte)
        if (byte != '\n') all += static_cast<char>(byte);
    EXPECT_EQ(served("get\n" + all + "\nPING\n"), "NONE\nPONG\n");
    EXPECT_EQ(served(all + "\nPING\n"), "NONE\nPONG\n");
}

}  // namespace
}  // namespace sluis
