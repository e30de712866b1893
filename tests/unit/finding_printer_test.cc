#include "control/cli/inspect/finding_printer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

namespace sluis {
namespace {

Finding blocked_finding() {
    Finding finding;
    finding.time = 1700000000'000000001;
    finding.protocol = Protocol::tls;
    finding.name = "www.tiktok.com";
    finding.verdict = Verdict::block;
    finding.reason = Reason::rule;
    finding.rule = "tiktok.com";
    finding.category = "tiktok";
    finding.endpoints.source = {{{std::byte{192}, std::byte{0}, std::byte{2}, std::byte{7}}}, 50000};
    finding.endpoints.destination = {{{std::byte{198}, std::byte{51}, std::byte{100}, std::byte{1}}}, 443};
    finding.vlan = {10, 20};
    finding.vlan_count = 2;
    return finding;
}

std::string printed(std::unique_ptr<FindingPrinter> (*make)(std::FILE*), const std::vector<Finding>& findings) {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* out = open_memstream(&text, &size);
    const auto printer = make(out);
    WorkerCounters counters{};
    counters.drops[static_cast<std::size_t>(Reason::rule)] = 3;
    counters.injected_frames = 2;
    printer->begin("a.pcap");
    for (const Finding& finding : findings) printer->on_finding(finding);
    printer->end({"a.pcap", 12, 1, &counters});
    std::fclose(out);
    const std::string result(text, size);
    std::free(text);
    return result;
}

TEST(JsonPrinter, KeysAndFormsAsDocumented) {
    EXPECT_EQ(printed(make_json_printer, {blocked_finding()}),
              R"({"time":1700000000.000000001,"protocol":"tls","name":"www.tiktok.com","verdict":"block",)"
              R"("reason":"rule","rule":"tiktok.com","category":"tiktok","source":"192.0.2.7:50000",)"
              R"("destination":"198.51.100.1:443","vlan":[10,20]})"
              "\n");
}

TEST(JsonPrinter, ValidWhateverTheNameHolds) {
    std::string name;
    for (int byte = 0; byte < 256; ++byte) name += static_cast<char>(byte);
    Finding finding = blocked_finding();
    finding.name = finding.rule = finding.category = name;
    finding.vlan_count = 0;
    const std::string line = finding_as_json(finding);
    for (const char c : line) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << static_cast<int>(c);
    const auto parsed = nlohmann::json::parse(line);
    EXPECT_EQ(parsed["name"].get<std::string>().substr(0, 128), name.substr(0, 128));
    EXPECT_TRUE(parsed["vlan"].empty());
}

TEST(JsonPrinter, Ipv6InBrackets) {
    Endpoint endpoint{{}, 853};
    endpoint.address.bytes[0] = std::byte{0x20};
    endpoint.address.bytes[1] = std::byte{0x01};
    endpoint.address.bytes[15] = std::byte{0x35};
    EXPECT_EQ(endpoint_text(endpoint, true), "[2001::35]:853");
}

TEST(TablePrinter, RowsAndSummary) {
    Finding allowed = blocked_finding();
    allowed.verdict = Verdict::allow;
    allowed.reason = Reason::none;
    allowed.name = "hostile\x1b[2J";
    allowed.category = "";
    allowed.rule = "";
    const std::string text = printed(make_table_printer, {blocked_finding(), allowed});
    EXPECT_NE(text.find("2023-11-14 22:13:20.000000  block    tls       www.tiktok.com "), std::string::npos) << text;
    EXPECT_NE(text.find("rule tiktok.com (tiktok) "), std::string::npos) << text;
    EXPECT_NE(text.find("192.0.2.7:50000 > 198.51.100.1:443  vlan 10,20\n"), std::string::npos) << text;
    EXPECT_NE(text.find("hostile\\x1b[2J"), std::string::npos) << text;
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_NE(text.find("12 frames read (1 not whole in the capture), 2 names found, 1 blocked; "
                        "3 frames not sent: rule 3; 2 frames made\n"),
              std::string::npos)
        << text;
}

}  // namespace
}  // namespace sluis
