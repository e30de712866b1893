// Fragments on their way through a pipeline: held until their datagram is whole, which is then judged as one packet.
#include <algorithm>

#include "dataplane/packet/decode.h"
#include "dataplane/pipeline_impl.h"
#include "dataplane/verdict/ech_frame.h"

namespace sluis {

void Pipeline::Impl::take_fragment(Action& action) noexcept {
    if (mode == PairMode::monitor) return watch_fragment(action);
    add_fragment(action.packet);
}

/// The fragment goes on, and its copy is put together with others'.
void Pipeline::Impl::watch_fragment(Action& action) noexcept {
    Frame* copy = copy_of(*action.packet.frame);
    burst.commit();
    if (copy == nullptr) return count_would_drop(action.packet.frame, Reason::no_frame);
    Packet packet;
    Reason why = Reason::none;
    decode(*copy, {limits.tunnel_depth}, packet, why);
    if (burst.full()) end_burst();
    begin_action();
    add_fragment(packet);
}

/// nullptr when no frame is free.
Frame* Pipeline::Impl::copy_of(const Frame& frame) noexcept {
    Frame* copy = io.allocate(frame.length);
    if (copy == nullptr) return nullptr;
    std::copy_n(frame.data, frame.length, copy->data);
    copy->length = frame.length;
    copy->ingress = frame.ingress;
    copy->link = frame.link;
    copy->ip_checksum = frame.ip_checksum;
    copy->l4_checksum = frame.l4_checksum;
    copy->injected = true;
    copy->next = nullptr;
    return copy;
}

void Pipeline::Impl::add_fragment(const Packet& packet) noexcept {
    if (relief.is_on() && !fragments.knows(packet)) [[unlikely]]
        return relieve_of_fragment(packet);
    bool passed = false;
    FragmentTracker::Whole whole = fragments.add(packet, now, passed);
    if (passed && mode == PairMode::monitor) return departures.discard(packet.frame);
    if (passed) return burst.commit();
    if (whole.chain == nullptr) return;
    Action& action = burst.next();
    action.packet = whole.first;
    action.memory = whole.bytes;
    Reason why = Reason::none;
    const Decoded decoded = decode_reassembled(whole.bytes, whole.protocol, {limits.tunnel_depth}, action.packet, why);
    look_at(action, decoded, why);
    if (action.rewritten) write_back(whole.chain, whole.bytes, {limits.tunnel_depth});
    burst.commit();
    end_burst();  // the whole's bytes are gone with the next one
}

/// Fragments of the datagram that come once the overload is over wait for this one in vain.
void Pipeline::Impl::relieve_of_fragment(const Packet& packet) noexcept {
    Action& action = burst.next();
    relief.takes(action);
    if (mode == PairMode::monitor) return departures.discard(packet.frame);
    burst.commit();
}

/// What the tracker of fragments does not hold any longer, since its time is over or the pair's mode changes.
void Pipeline::Impl::dispose(Frame* chain, Reason reason) noexcept {
    if (chain->injected) {
        if (!changing) count_would_drop(chain, reason);
        return departures.discard(chain);
    }
    if (!changing) return departures.drop(chain, reason);
    mode == PairMode::closed ? departures.drop(chain, Reason::pair_closed) : departures.forward(chain);
}

}  // namespace sluis
