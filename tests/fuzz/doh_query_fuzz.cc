// Any bytes as a request target, and as protocols that a client announces: messages fit their room, and are no more
// than the target could hold.
#include <cstdlib>
#include <vector>

#include "dataplane/protocol/dns_message.h"
#include "dataplane/protocol/doh_query.h"
#include "dataplane/protocol/encrypted_dns.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

/// Decodes into `room` to the end; returns why it ended.
Reason read(Bytes target, MutableBytes room) {
    DohQueryReader reader(target);
    std::size_t total = 0;
    auto message = reader.next(room);
    for (; message; message = reader.next(room)) {
        require(message->size() >= kDnsHeaderSize && message->data() == room.data() && message->size() <= room.size());
        total += message->size() * 4 / 3;
        require(total <= target.size());
    }
    return message.error();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes{reinterpret_cast<const std::byte*>(data), size};
    std::vector<std::byte> room(size), small(size / 4);
    require(read(bytes, room) == Reason::incomplete);
    const Reason reason = read(bytes, small);
    require(reason == Reason::incomplete || reason == Reason::stream_limit);
    announces_encrypted_dns(bytes);
    return 0;
}
