#include "dataplane/verdict/outbox.h"

namespace sluis {

void Outbox::forward(Frame* chain) noexcept {
    while (chain != nullptr) {
        Frame* following = chain->next;
        chain->next = nullptr;
        send(chain, opposite(chain->ingress));
        chain = following;
    }
}

void Outbox::inject(Frame* frame, Side egress) noexcept {
    ++counters_.injected_frames;
    send(frame, egress);
}

void Outbox::drop(Frame* chain, Reason reason) noexcept {
    while (chain != nullptr) {
        Frame* following = chain->next;
        chain->next = nullptr;
        ++counters_.drops[static_cast<std::size_t>(reason)];
        if (dropped_.count == kBatch) flush_dropped();
        dropped_.frames[dropped_.count++] = chain;
        chain = following;
    }
}

void Outbox::send(Frame* frame, Side egress) noexcept {
    const auto side = static_cast<std::size_t>(egress);
    ++counters_.tx_frames[side];
    counters_.tx_bytes[side] += frame->length;
    Batch& batch = out_[side];
    if (batch.count == kBatch) flush(egress);
    batch.frames[batch.count++] = frame;
}

void Outbox::flush(Side egress) noexcept {
    Batch& batch = out_[static_cast<std::size_t>(egress)];
    if (batch.count != 0) io_.transmit(egress, {batch.frames.data(), batch.count});
    batch.count = 0;
}

void Outbox::flush_dropped() noexcept {
    if (dropped_.count != 0) io_.drop({dropped_.frames.data(), dropped_.count});
    dropped_.count = 0;
}

void Outbox::flush() noexcept {
    flush(Side::inside);
    flush(Side::outside);
    flush_dropped();
}

}  // namespace sluis
