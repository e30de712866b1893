// Lists of devices as mobile device management exports them: CSV with a header, one device a line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace sluis {

inline constexpr std::size_t kDeviceFileLimit = std::size_t{1} << 28;  ///< bytes
inline constexpr std::size_t kDeviceLimit = std::size_t{1} << 20;      ///< of one list

struct DeviceList {
    std::vector<std::uint64_t> devices;  ///< device_number(), ascending, each once
    std::vector<std::string> columns;    ///< the headers of the columns that were read
    std::size_t rows = 0;                ///< below the header, empty lines not counted
    std::size_t empty_cells = 0;         ///< or such as say that there is none
    std::size_t duplicates = 0;          ///< addresses that the list has already
    std::size_t randomised = 0;          ///< locally administered addresses: another one tomorrow, perhaps
    std::vector<std::string> warnings;   ///< one line each: file:line:column, what, and what to do
};

/// Reads Ethernet addresses (aa:bb:cc:dd:ee:ff, aa-bb-cc-dd-ee-ff, aabb.ccdd.eeff or aabbccddeeff) from each column
/// whose header says that it has some ("Wi-Fi MAC", "WiFiMACAddress", "Ethernet MAC", "MAC Address"); without a header,
/// from each column whose first cell is one. Cells are separated by commas, semicolons or tabs and quoted as RFC 4180
/// says. The errors are one line each, the first twenty: file:line:column (the column counts characters' bytes), what,
/// and what to do.
tl::expected<DeviceList, std::vector<std::string>> read_device_list(std::string_view text, const std::string& file);

/// One address in any of these forms; in what it is none, `problem` says why.
bool read_device(std::string_view text, std::uint64_t& device, std::string_view& problem) noexcept;

/// "02:00:00:00:ff:01"
std::string device_text(std::uint64_t device);

}  // namespace sluis
