// Any Initial payload: frames stay in bounds, are no more than its bytes, and an end is for good.
#include <cstdlib>

#include "dataplane/protocol/quic_frame.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const sluis::Bytes payload(reinterpret_cast<const std::byte*>(data), size);
    sluis::QuicFrameReader reader(payload);
    std::size_t consumed = 0;
    auto frame = reader.next();
    for (; frame; frame = reader.next()) {
        require(frame->data.empty() || (frame->data.data() >= payload.data() &&
                                        frame->data.data() + frame->data.size() <= payload.data() + size));
        require(frame->offset + frame->data.size() < std::uint64_t{1} << 62);
        consumed += 3 + frame->data.size();
        require(consumed <= size);
    }
    require(frame.error() == sluis::Reason::incomplete || frame.error() == sluis::Reason::quic_frame);
    const auto again = reader.next();
    require(!again && again.error() == frame.error());
    return 0;
}
