#include "dataplane/verdict/departures.h"

namespace sluis {

void Departures::inject(Frame* frame, Side egress) noexcept {
    ++counters_.injected_frames;
    send(frame, egress);
}

void Departures::drop(Frame* chain, Reason reason) noexcept {
    while (chain != nullptr) {
        Frame* following = chain->next;
        chain->next = nullptr;
        ++counters_.drops[static_cast<std::size_t>(reason)];
        give_back(chain);
        chain = following;
    }
}

void Departures::discard(Frame* chain) noexcept {
    while (chain != nullptr) {
        Frame* following = chain->next;
        chain->next = nullptr;
        give_back(chain);
        chain = following;
    }
}

void Departures::give_back(Frame* frame) noexcept {
    if (dropped_.count == kBatch) flush_dropped();
    dropped_.frames[dropped_.count++] = frame;
}

void Departures::flush(Side egress) noexcept {
    Batch& batch = out_[static_cast<std::size_t>(egress)];
    if (batch.count != 0) io_->transmit(egress, {batch.frames.data(), batch.count});
    batch.count = 0;
}

void Departures::flush_dropped() noexcept {
    if (dropped_.count != 0) io_->drop({dropped_.frames.data(), dropped_.count});
    dropped_.count = 0;
}

void Departures::flush() noexcept {
    flush(Side::inside);
    flush(Side::outside);
    flush_dropped();
}

}  // namespace sluis
