// Names of hostile clients: the normal form separates labels at dots only, and a batch gives each name back unchanged.
#include <cstdlib>
#include <cstring>
#include <string>

#include "dataplane/match/name.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

bool is_normal(std::string_view name) {
    for (char c : name) {
        if (c <= 0x20 || c > 0x7e || (c >= 'A' && c <= 'Z')) return false;
    }
    return true;
}

/// Whether bytes are a well-formed name on the wire, and the number of its labels.
bool read_wire(sluis::Bytes bytes, std::size_t& labels) {
    if (bytes.size() > 255) return false;
    for (labels = 0; !bytes.empty(); ++labels) {
        const auto size = std::to_integer<std::size_t>(bytes.front());
        if (size == 0) return bytes.size() == 1;
        if (size > 63 || size >= bytes.size()) return false;
        bytes = bytes.subspan(1 + size);
    }
    return false;
}

void check_dns(sluis::Bytes input, std::string_view normal) {
    std::size_t labels = 0;
    if (!read_wire(input, labels)) return;
    std::size_t dots = 0;
    for (char c : normal) dots += c == '.';
    require(dots == (labels == 0 ? 0 : labels - 1));
    require(normal.empty() == (labels == 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const sluis::Bytes input{reinterpret_cast<const std::byte*>(data), size};
    char room[sluis::kNormalNameLimit];
    const std::string dns(room, sluis::normalise_dns_name(input, room));
    const std::string text(room, sluis::normalise_text_name(input, room));
    require(is_normal(dns) && is_normal(text));
    check_dns(input, dns);
    static sluis::NameBatch batch;
    batch.clear();
    require(batch.add_text(input) == 0 && batch.add_dns(input) == 1);
    require(batch.name(0) == text && batch.name(1) == dns);
    require(batch.text() == "\n." + text + "\n." + dns + "\n");
    require(batch.name_ending_at(text.size() + 3) == 0 && batch.name_ending_at(batch.text().size()) == 1);
    // A room of any size is kept to.
    const std::size_t small = size % 64;
    const std::string guarded(small, '\0');
    std::string copy = guarded + "guard";
    sluis::normalise_dns_name(input, {copy.data(), small});
    sluis::normalise_text_name(input, {copy.data(), small});
    require(copy.ends_with("guard"));
    return 0;
}
