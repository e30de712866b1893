#include "control/policy/device_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "control/policy/csv_reader.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

constexpr std::size_t kErrorLimit = 20;
constexpr std::uint64_t kGroupBit = std::uint64_t{1} << 40;  // IEEE 802, of the first byte: group, and local
constexpr std::uint64_t kLocalBit = std::uint64_t{1} << 41;

int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Letters and digits, small: "Wi-Fi MAC Address" is "wifimacaddress".
std::string bare(std::string_view text) {
    std::string word;
    for (const char c : text) {
        if (c >= 'A' && c <= 'Z') word += static_cast<char>(c + ('a' - 'A'));
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) word += c;
    }
    return word;
}

/// Whether a header says that its column has Ethernet addresses; "macOS version" and "Bluetooth MAC" do not.
bool names_addresses(std::string_view header) {
    constexpr std::array<std::string_view, 8> kEnds{"macaddress", "macaddr",     "macaddresses", "wifimac",
                                                    "wlanmac",    "ethernetmac", "lanmac",       "primarymac"};
    const std::string word = bare(header);
    if (word.find("bluetooth") != word.npos) return false;
    return word == "mac" || std::any_of(kEnds.begin(), kEnds.end(), [&](auto end) { return word.ends_with(end); });
}

/// Whether a cell says that there is no address. Nothing but zeros is none, either.
bool is_empty(std::string_view cell) {
    if (cell.empty()) return true;
    constexpr std::array<std::string_view, 8> kWords{"",        "na",           "none", "null",
                                                     "unknown", "notavailable", "0",    "000000000000"};
    const std::string word = cell.size() <= 20 ? bare(cell) : "much";
    return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

/// Takes the cells of one file, line by line.
class ListReader {
public:
    ListReader(std::string_view text, std::string file) : cells_(text), file_(std::move(file)) {}

    tl::expected<DeviceList, std::vector<std::string>> read() {
        const bool ready = read_header();
        CsvCell cell;
        while (ready && errors_.size() < kErrorLimit && cells_.next(cell)) take(cell);
        if (cells_.broken()) fail(cells_.broken_at(), "a quoted cell does not end; write the closing quote");
        if (errors_.empty() && list_.devices.empty()) fail({1, 1}, "there is no device in this list");
        if (!errors_.empty()) return tl::unexpected(std::move(errors_));
        finish();
        return std::move(list_);
    }

private:
    void fail(CsvPlace at, std::string_view what) { errors_.push_back(place(at) + ": " + one_line(what)); }
    std::string place(CsvPlace at) const { return fmt::format("{}:{}:{}", file_, at.line, at.column); }

    /// Finds the columns to read; without a header, takes the first line's addresses at once.
    bool read_header() {
        CsvCell cell;
        std::vector<CsvCell> first;
        std::vector<std::string> texts;
        while (cells_.next(cell)) {
            if (!first.empty() && cell.index == 0) break;
            first.push_back(cell);
            texts.emplace_back(cell.text);
        }
        wanted_.assign(texts.size(), false);
        for (std::size_t i = 0; i < texts.size(); ++i)
            if (names_addresses(texts[i])) wanted_[i] = true, list_.columns.push_back(one_line(texts[i]));
        const bool has_header = !list_.columns.empty();
        if (!has_header) want_addresses(texts);
        if (list_.columns.empty()) {
            fail({1, 1},
                 "no column's header says that it has MAC addresses; call one \"MAC address\" or \"Wi-Fi MAC\"");
            return false;
        }
        for (std::size_t i = 0; i < texts.size() && !has_header; ++i) first[i].text = texts[i], take(first[i]);
        if (cell.index == 0 && !first.empty() && cells_.at_cell()) take(cell);
        return true;
    }

    void want_addresses(const std::vector<std::string>& texts) {
        std::uint64_t device = 0;
        std::string_view problem;
        for (std::size_t i = 0; i < texts.size(); ++i)
            if (read_device(texts[i], device, problem))
                wanted_[i] = true, list_.columns.push_back(fmt::format("column {}", i + 1));
    }

    void take(const CsvCell& cell) {
        if (cell.index == 0) ++list_.rows;
        if (cell.index >= wanted_.size() || !wanted_[cell.index]) return;
        if (is_empty(cell.text)) {
            ++list_.empty_cells;
            return;
        }
        std::uint64_t device = 0;
        std::string_view problem;
        if (!read_device(cell.text, device, problem))
            return fail(cell.place, fmt::format("\"{}\" {}", cell.text.substr(0, 40), problem));
        if (list_.devices.size() == kDeviceLimit)
            return fail(cell.place, fmt::format("more than {} devices; split the list", kDeviceLimit));
        if ((device & kLocalBit) != 0 && list_.randomised++ == 0) first_randomised_ = cell.place;
        list_.devices.push_back(device);
    }

    void finish() {
        const std::size_t all = list_.devices.size();
        std::sort(list_.devices.begin(), list_.devices.end());
        list_.devices.erase(std::unique(list_.devices.begin(), list_.devices.end()), list_.devices.end());
        list_.duplicates = all - list_.devices.size();
        if (list_.randomised != 0)
            list_.warnings.push_back(
                fmt::format("{}: {} locally administered (randomised) address{}, the first one here; such a device may "
                            "show another "
                            "one in this network: have private addresses switched off by the device management",
                            place(first_randomised_), list_.randomised, list_.randomised == 1 ? "" : "es"));
        if (list_.duplicates != 0)
            list_.warnings.push_back(fmt::format("{}: {} addresses are in the list more than once; they count once",
                                                 file_, list_.duplicates));
    }

    CsvReader cells_;
    std::string file_;
    std::vector<bool> wanted_;
    CsvPlace first_randomised_;
    DeviceList list_;
    std::vector<std::string> errors_;
};

}  // namespace

bool read_device(std::string_view text, std::uint64_t& device, std::string_view& problem) noexcept {
    constexpr std::string_view kForms = "is no MAC address; write it as aa:bb:cc:dd:ee:ff";
    problem = kForms;
    const char separator = text.size() == 17 ? text[2] : text.size() == 14 ? text[4] : '\0';
    const std::size_t group = text.size() == 17 ? 2 : text.size() == 14 ? 4 : 12;
    if (group == 12 ? text.size() != 12 : group == 4 ? separator != '.' : separator != ':' && separator != '-')
        return false;
    device = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i % (group + 1) == group) {
            if (text[i] != separator) return false;
            continue;
        }
        const int value = digit(text[i]);
        if (value < 0) return false;
        device = device << 4 | static_cast<std::uint64_t>(value);
    }
    if ((device & kGroupBit) != 0) problem = "is a group's address, and no device's; leave it out";
    if (device == 0) problem = "is no device's address; leave it out";
    return (device & kGroupBit) == 0 && device != 0;
}

std::string device_text(std::uint64_t device) {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", device >> 40 & 0xff, device >> 32 & 0xff,
                       device >> 24 & 0xff, device >> 16 & 0xff, device >> 8 & 0xff, device & 0xff);
}

tl::expected<DeviceList, std::vector<std::string>> read_device_list(std::string_view text, const std::string& file) {
    const auto refuse = [&](std::string_view what) {
        return tl::unexpected(std::vector<std::string>{fmt::format("{}:1:1: {}", file, what)});
    };
    if (text.size() > kDeviceFileLimit) return refuse(fmt::format("more than {} bytes; split it", kDeviceFileLimit));
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
        return refuse("is UTF-16; export or save it as UTF-8");
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    return ListReader(text, file).read();
}

}  // namespace sluis
