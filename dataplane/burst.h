// What happens to the frames of one burst: decided while they are read, carried out in order once the names are
// matched.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/interface/finding.h"
#include "dataplane/match/name.h"
#include "dataplane/packet/packet.h"
#include "dataplane/verdict/refusal.h"

namespace sluis {

/// Who waits for a name's verdict.
enum class Subject : std::uint8_t { datagram, tcp_flow, quic_connection };

/// A name that was announced in this burst; it has the same index in the NameBatch.
struct Announcement {
    Protocol protocol = Protocol::none;
    Subject subject = Subject::datagram;
    std::uint32_t slot = 0;         ///< of the flow or connection
    std::uint32_t action = 0;       ///< index of the action whose packet completed the message
    std::uint32_t message_seq = 0;  ///< DNS over TCP: sequence number of the message's first byte (after its length);
                                    ///< HTTP: one past the line that holds the name
    std::uint16_t message_length = 0;  ///< DNS over TCP: bytes
    bool encrypted_dns = false;        ///< the hello is for DNS over TLS or QUIC
    bool nameless = false;             ///< a hello without a server name
};

/// What is done with a frame (or a chain of them) at the burst's end.
enum class ActionKind : std::uint8_t {
    forward,
    drop,   ///< with `reason`
    await,  ///< forwarded unless the subject that it waits for is refused by then
};

struct Action {
    Packet packet;  ///< its `frame` chain is what is forwarded or dropped
    ActionKind kind = ActionKind::forward;
    Reason reason = Reason::none;         ///< for `drop`; an awaiting datagram's gets it with its verdict
    Subject subject = Subject::datagram;  ///< for `await`
    Protocol protocol = Protocol::none;   ///< of a drop for other than a rule, where it is known
    Refusal refusal = Refusal::none;      ///< what the box answers when the frame is dropped
    std::uint64_t flow_hash = 0;          ///< TCP: as TcpTracker::look_ahead gives it; 0 where that is not known
    MutableBytes memory;      ///< what the packet's views lie in: its frame, or what its fragments were put together in
    bool opens_flow = false;  ///< TCP: TcpTracker::select said Selection::open
    bool rewritten = false;   ///< bytes in `memory` were changed
    std::uint8_t refused_zone = 0;    ///< of the client whose name was refused; once Judge has refused one
    std::uint32_t slot = 0;           ///< of the flow or connection waited for
    std::uint32_t receiver_next = 0;  ///< TCP: the sequence number that the receiver expects when this frame is dropped
    std::uint32_t refused_name = 0;   ///< index of the announcement that was refused

    void drop(Reason why, Refusal answer = Refusal::none) noexcept {
        kind = ActionKind::drop;
        reason = why;
        refusal = answer;
    }
};

/// The actions of one burst, and what else waits behind them, in the order in which frames leave.
class Burst {
public:
    /// Places of one burst; carried out early when they fill up.
    static constexpr std::uint32_t kCapacity = 256;

    /// Nothing waits.
    bool empty() const noexcept { return places_ == 0; }
    bool full() const noexcept { return places_ == kCapacity; }
    /// Actions.
    std::uint32_t size() const noexcept { return count_; }
    Action& operator[](std::uint32_t index) noexcept { return actions_[index]; }
    /// Room for the next action, to decode into. REQUIRES: !full(). It counts once `commit` is called.
    Action& next() noexcept { return actions_[count_]; }
    void commit() noexcept {
        order_[places_++] = nullptr;
        ++count_;
    }
    /// A frame that only has to wait its turn: nine of ten, which so touch no action's memory. REQUIRES: !full().
    void pass(Frame* frame) noexcept { order_[places_++] = frame; }
    /// Calls `pass(frame)` or `act(action)` for everything that waits, in its order.
    template <typename Pass, typename Act>
    void visit(Pass&& pass, Act&& act) noexcept {
        Action* next = actions_.data();
        for (Frame* frame : std::span(order_).first(places_)) {
            if (frame != nullptr)
                pass(frame);
            else
                act(*next++);
        }
    }
    std::uint32_t index_of(const Action& action) const noexcept {
        return static_cast<std::uint32_t>(&action - actions_.data());
    }
    void clear() noexcept {
        places_ = count_ = 0;
        names.clear();
    }

    /// Announces a name that came as text (SNI, Host): room to say who waits for its verdict, which the caller does, or
    /// nullptr when there is none.
    Announcement* announce_text(Bytes name) noexcept { return place_of(names.add_text(name)); }
    /// Announces a DNS name in wire form. False when there is no room for it.
    bool announce_dns(Bytes name, const Announcement& announcement) noexcept {
        Announcement* const place = place_of(names.add_dns(name));
        if (place != nullptr) *place = announcement;
        return place != nullptr;
    }
    const Announcement& announcement(std::uint32_t name) const noexcept { return announcements_[name]; }

    NameBatch names;

private:
    Announcement* place_of(int name) noexcept {
        return name < 0 ? nullptr : &announcements_[static_cast<std::uint32_t>(name)];
    }

    std::array<Announcement, NameBatch::kMaxNames> announcements_;
    std::array<Action, kCapacity> actions_;
    std::array<Frame*, kCapacity> order_;  ///< of all that waits; nullptr is the next action
    std::uint32_t places_ = 0;
    std::uint32_t count_ = 0;
};

}  // namespace sluis
