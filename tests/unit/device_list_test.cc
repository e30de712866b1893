// Device lists as exports write them, and what is wrong with others.
#include "control/policy/device_list.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/policy/csv_reader.h"

namespace sluis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> devices_of(std::string_view text) {
    const auto list = read_device_list(text, "list.csv");
    if (!list) return {"error: " + list.error()[0]};
    std::vector<std::string> devices;
    for (const std::uint64_t device : list->devices) devices.push_back(device_text(device));
    return devices;
}

TEST(DeviceList, ReadsWhatExportsWrite) {
    const std::string a = "00:00:5e:00:53:01", b = "00:00:5e:00:53:02";
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"Intune", "Device name,OS,macOS version,WiFiMACAddress\nx,iOS,16,00005E005301\ny,iOS,17,00005e005302\n"},
        {"Jamf",
         "\"Name\",\"Is this a Mac\",\"Wi-Fi MAC Address\"\r\n\"x, y\",\"yes\",\"00:00:5E:00:53:01\"\r\n"
         "\"z\",\"no\",\"00:00:5E:00:53:02\"\r\n"},
        {"Workspace ONE", "Friendly Name;Wi-Fi MAC;Ethernet MAC\nx;00-00-5E-00-53-01;\ny;;00-00-5E-00-53-02\n"},
        {"tabs", "host\tMAC\nx\t0000.5e00.5301\ny\t0000.5E00.5302"},
        {"a mark of byte order", "\xef\xbb\xbfMAC address\n00:00:5e:00:53:01\n00:00:5e:00:53:02\n"},
        {"no header", "00:00:5e:00:53:01\n00:00:5e:00:53:02\n"},
        {"no header, second column", "x,00:00:5e:00:53:01\ny,00:00:5e:00:53:02\n"},
        {"empty lines", "\n\nMAC\n\n00:00:5e:00:53:01\n\r\n\n00:00:5e:00:53:02\n\n"},
        {"old line ends", "MAC\r00:00:5e:00:53:01\r00:00:5e:00:53:02"},
        {"blanks", "  Mac  , x\n  00:00:5e:00:53:01  , 1\n \"00:00:5e:00:53:02\" , 2\n"},
        {"a line within quotes", "note,MAC\n\"two\nlines\",00:00:5e:00:53:01\n\"say \"\"x\"\"\",00:00:5e:00:53:02\n"},
        {"rows of any length", "MAC,x\n00:00:5e:00:53:01\n00:00:5e:00:53:02,1,2,3\n"},
        {"other addresses", "Bluetooth MAC Address,MAC\n00:00:5e:00:53:09,00:00:5e:00:53:01\n,00:00:5e:00:53:02\n"},
        {"cells that say none",
         "Wi-Fi MAC,Ethernet MAC\n00:00:5e:00:53:01,N/A\n00:00:5e:00:53:02,00:00:00:00:00:00\n"
         "None,-\nunknown,\"\"\n"},
    };
    for (const auto& [what, text] : rows) EXPECT_THAT(devices_of(text), ElementsAre(a, b)) << what;
}

TEST(DeviceList, Counts) {
    const auto list = read_device_list(
        "Wi-Fi MAC,Ethernet MAC\n"
        "00:00:5e:00:53:01,\n"
        "00005e005301,02:00:5e:00:53:02\n"
        "da:a1:19:00:00:01,n/a\n",
        "list.csv");
    ASSERT_TRUE(list) << list.error()[0];
    EXPECT_EQ(list->rows, 3u);
    EXPECT_EQ(list->devices.size(), 3u);
    EXPECT_EQ(list->empty_cells, 2u);
    EXPECT_EQ(list->duplicates, 1u);
    EXPECT_EQ(list->randomised, 2u);
    EXPECT_THAT(list->columns, ElementsAre("Wi-Fi MAC", "Ethernet MAC"));
    EXPECT_THAT(list->warnings, ElementsAre(HasSubstr("list.csv:3:14: 2 locally administered"),
                                            HasSubstr("1 addresses are in the list more than once")));
}

TEST(DeviceList, CountsTheRowsOfAListWithoutAHeader) {
    EXPECT_EQ(read_device_list("00:00:5e:00:53:01\n00:00:5e:00:53:02\n", "l")->rows, 2u);
    EXPECT_EQ(read_device_list("MAC\n00:00:5e:00:53:01\n00:00:5e:00:53:02\n", "l")->rows, 2u);
    EXPECT_EQ(read_device_list("00:00:5e:00:53:01", "l")->rows, 1u);
}

TEST(DeviceList, SaysWhatIsWrongAndWhere) {
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"", "list.csv:1:1: no column's header"},
        {"name,os\nx,iOS\n", "list.csv:1:1: no column's header"},
        {"MAC\n", "list.csv:1:1: there is no device"},
        {"MAC\nn/a\n", "list.csv:1:1: there is no device"},
        {"x,MAC\ny,00:00:5e:00:53\n", "list.csv:2:3: \"00:00:5e:00:53\" is no MAC address"},
        {"x;MAC\ny;00:00:5e:00:53:0g\n", "list.csv:2:3: \"00:00:5e:00:53:0g\" is no MAC address"},
        {"MAC\n00:00-5e:00:53:01\n", "list.csv:2:1: \"00:00-5e:00:53:01\" is no MAC address"},
        {"MAC\n0000:5e00:5301\n", "list.csv:2:1: \"0000:5e00:5301\" is no MAC address"},
        {"MAC\n00005e0053012\n", "list.csv:2:1:"},
        {"MAC\nff:ff:ff:ff:ff:ff\n", "list.csv:2:1: \"ff:ff:ff:ff:ff:ff\" is a group's address"},
        {"MAC\n\"a\nb\"\n", "list.csv:2:1: \"a\\x0ab\" is no MAC address"},
        {"x,MAC\n\"two\nlines\",1\n", "list.csv:3:8: \"1\" is no MAC address"},
        {"MAC\n\"00:00:5e:00:53:01\n", "list.csv:2:1: a quoted cell does not end"},
        {"\xff\xfeM\0A\0", "list.csv:1:1: is UTF-16"},
    };
    for (const auto& [text, error] : rows) {
        const auto list = read_device_list(text, "list.csv");
        ASSERT_FALSE(list) << text;
        EXPECT_THAT(list.error()[0], HasSubstr(error));
        EXPECT_EQ(list.error()[0].find('\n'), std::string::npos);
    }
}

TEST(DeviceList, StopsAfterTwentyErrors) {
    std::string text = "MAC\n";
    for (int i = 0; i < 1000; ++i) text += "wrong\n";
    EXPECT_EQ(read_device_list(text, "l").error().size(), 20u);
}

TEST(DeviceList, ReadsAHundredThousand) {
    std::string text = "Name,Wi-Fi MAC\n";
    for (std::uint64_t i = 1; i <= 100'000; ++i) text += "device," + device_text(0x0000'5e00'0000 + i) + "\r\n";
    const auto list = read_device_list(text, "list.csv");
    ASSERT_TRUE(list) << list.error()[0];
    EXPECT_EQ(list->devices.size(), 100'000u);
    EXPECT_EQ(list->devices.back(), 0x0000'5e00'0000u + 100'000);
}

TEST(CsvReader, GivesCellsWithTheirPlaces) {
    CsvReader reader("a,,\" b\"\"\n\"\r\n\r\n,c");
    std::vector<std::string> cells;
    for (CsvCell cell; reader.next(cell);)
        cells.push_back(std::to_string(cell.place.line) + ":" + std::to_string(cell.place.column) + " " +
                        std::to_string(cell.index) + " " + std::string(cell.text));
    EXPECT_THAT(cells, ElementsAre("1:1 0 a", "1:3 1 ", "1:4 2 b\"\n", "4:1 0 ", "4:2 1 c"));
    EXPECT_FALSE(reader.broken());
}

}  // namespace
}  // namespace sluis
