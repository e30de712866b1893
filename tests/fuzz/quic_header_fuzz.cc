// Any datagram: every coalesced packet stays in bounds, and the walk comes to its end.
#include <cstdlib>

#include "dataplane/protocol/quic_header.h"

namespace {

bool lies_in(sluis::Bytes part, sluis::Bytes whole) {
    return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sluis::Bytes rest(reinterpret_cast<const std::byte*>(data), size);
    while (const auto header = sluis::parse_quic_long_header(rest)) {
        require(header->packet.data() == rest.data() && !header->packet.empty() && lies_in(header->packet, rest));
        for (const sluis::Bytes part : {header->destination, header->source, header->token}) {
            require(lies_in(part, header->packet));
        }
        require(header->packet_number_offset <= header->packet.size());
        if (sluis::is_readable_quic_version(header->version)) {
            require(header->destination.size() <= sluis::kQuicConnectionIdLimit);
            require(header->source.size() <= sluis::kQuicConnectionIdLimit);
        }
        rest = rest.subspan(header->packet.size());
    }
    return 0;
}
