// Hostile zone tables: refused with one line, or loaded and looked up in; never anything else. Every second input is
// made to pass the checks of magic, size and digest, so that those behind them are met.
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "dataplane/interface/zone_table.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

void seal(std::vector<std::byte>& table) {
    ZoneTableHeader header;
    std::memcpy(&header, table.data(), sizeof header);
    header.magic = kZoneTableMagic;
    header.version = kZoneTableVersion;
    header.header_size = sizeof header;
    header.file_size = table.size();
    std::memcpy(table.data(), &header, sizeof header);
    header.digest = sha256(Bytes(table).subspan(kZoneDigestFrom));
    std::memcpy(table.data(), &header, sizeof header);
}

void look_up(const ZoneTable& table, ZoneQuery query) {
    const std::size_t zone = table.zone_of(query);
    require(zone < table.zone_count());
    require(is_zone_name(table.name(zone)));
    for (std::size_t i = 0; i < table.category_count(); ++i) {
        require(static_cast<std::size_t>(table.mode(zone, i)) < kZoneModes);
        require(!table.category(i).empty());
    }
}

void use(const ZoneTable& table, Bytes from) {
    require(table.rule_set_digest().size() == 64);
    ZoneQuery query;
    look_up(table, query);
    query.pair = table.pair_index("pair0");
    if (from.size() < 16) return;
    std::memcpy(query.client.bytes.data(), from.data() + from.size() - 16, 16);
    query.outer_vlan = load_be<std::uint16_t>(from.data());
    query.inner_vlan = load_be<std::uint16_t>(from.data() + 2);
    query.device = device_number(from.data() + 4);
    look_up(table, query);
    query.ipv6 = true;
    look_up(table, query);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto* const bytes = reinterpret_cast<const std::byte*>(data);
    std::vector<std::byte> image(bytes + 1, bytes + size);
    if (data[0] % 2 == 0 && image.size() >= sizeof(ZoneTableHeader)) seal(image);
    const auto table = ZoneTable::load(image);
    if (table) use(*table, image);
    if (!table) require(!table.error().empty() && table.error().find('\n') == std::string::npos);
    return 0;
}
