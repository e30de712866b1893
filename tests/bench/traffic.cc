#include "tests/bench/traffic.h"

#include <algorithm>
#include <cstring>

#include "dataplane/packet/packet.h"
#include "dataplane/pipeline.h"
#include "tests/unit/frame_builder.h"

namespace sluis::bench {
namespace {

constexpr std::size_t kIp = 14, kTransport = kIp + 20;
constexpr std::size_t kHeadroom = 128, kAlignment = 64;
/// Clients, each with all its ports: fresh flows and settled ones live in networks of their own.
constexpr std::uint32_t kClients = 4096, kFreshNetwork = 0x0a100000, kSettledNetwork = 0x0a200000;
constexpr std::uint32_t kFirstPort = 1024, kPorts = 60000;
/// Ethernet stations that the clients share, so that none comes to its part of a table. The last byte of the client's
/// Ethernet address says which: the source of what it sends, the destination of what it gets.
constexpr std::uint32_t kStations = 64;
constexpr std::size_t kSourceStation = 11, kDestinationStation = 5;

void store16(std::byte* at, std::uint32_t value) noexcept {
    at[0] = static_cast<std::byte>(value >> 8);
    at[1] = static_cast<std::byte>(value);
}
void store32(std::byte* at, std::uint32_t value) noexcept {
    store16(at, value >> 16);
    store16(at + 2, value);
}
std::uint32_t words(std::uint32_t value) noexcept { return (value >> 16) + (value & 0xffff); }
std::uint16_t fold(std::uint32_t sum) noexcept {
    sum = words(sum);
    return static_cast<std::uint16_t>(~words(sum));
}

}  // namespace

Traffic::Traffic(const Script& script, std::uint32_t settled_flows, std::uint32_t seed, std::uint64_t first_fresh)
    : kinds_(script.flows),
      tuples_(script.flows.size()),
      frames_(script.frames.size()),
      settled_flows_(std::max(settled_flows, 1u)),
      next_fresh_(first_fresh),
      random_(seed * 0x9e3779b97f4a7c15 + 1) {
    std::size_t size = kAlignment;
    for (const ScriptFrame& frame : script.frames)
        size += (kHeadroom + frame.bytes.size() + kAlignment) & ~(kAlignment - 1);
    room_.resize(size);
    std::size_t at = kAlignment - reinterpret_cast<std::uintptr_t>(room_.data()) % kAlignment;
    for (std::size_t i = 0; i < script.frames.size(); ++i) {
        const ScriptFrame& from = script.frames[i];
        std::copy(from.bytes.begin(), from.bytes.end(), room_.begin() + static_cast<std::ptrdiff_t>(at + kHeadroom));
        frames_[i].data = room_.data() + at + kHeadroom;
        frames_[i].length = static_cast<std::uint32_t>(from.bytes.size());
        frames_[i].ingress = from.ingress;
        order_.push_back(&frames_[i]);
        patches_.push_back(patch_of(from));
        at += (kHeadroom + from.bytes.size() + kAlignment) & ~(kAlignment - 1);
    }
    add_bursts(script);
    renew();
}

Traffic::Patch Traffic::patch_of(const ScriptFrame& frame) const {
    Buffer bytes = frame.bytes;
    Patch patch{};
    patch.flow = frame.flow;
    patch.to_client = frame.ingress == Side::outside;
    patch.address_at = static_cast<std::uint8_t>(kIp + (patch.to_client ? 16 : 12));
    patch.port_at = static_cast<std::uint8_t>(kTransport + (patch.to_client ? 2 : 0));
    const bool first_fragment = (test::get16(bytes, kIp + 6) & 0x3fff) == 0;
    patch.protocol = first_fragment ? std::to_integer<std::uint8_t>(bytes[kIp + 9]) : 0;
    std::fill_n(bytes.begin() + patch.address_at, 4, std::byte{});
    test::put16(bytes, kIp + 10, 0);
    patch.id = static_cast<std::uint16_t>(test::get16(bytes, kIp + 4));
    test::put16(bytes, kIp + 4, 0);
    patch.ip_sum = test::plain_sum(Bytes(bytes).subspan(kIp, 20));
    if (patch.protocol == 0) return patch;
    const std::uint32_t length = static_cast<std::uint32_t>(test::get16(bytes, kIp + 2) - 20);
    test::put16(bytes, patch.port_at, 0);
    if (patch.protocol == kProtocolTcp) {
        patch.seq = test::get32(bytes, kTransport + 4);
        patch.ack = test::get32(bytes, kTransport + 8);
        patch.has_ack = (test::get16(bytes, kTransport + 12) & kTcpAck) != 0;
        std::fill_n(bytes.begin() + kTransport + 4, 8, std::byte{});
    }
    test::put16(bytes, kTransport + (patch.protocol == kProtocolTcp ? 16 : 6), 0);
    const Bytes addresses = Bytes(bytes).subspan(kIp + 12, 8);
    patch.transport_sum =
        test::plain_sum(Bytes(bytes).subspan(kTransport, length), test::plain_sum(addresses, patch.protocol + length));
    return patch;
}

void Traffic::add_bursts(const Script& script) {
    for (std::uint32_t i = 0; i < script.frames.size(); ++i) {
        const ScriptFrame& frame = script.frames[i];
        const bool begins = bursts_.empty() || bursts_.back().count == Pipeline::kBurst ||
                            script.frames[i - 1].ingress != frame.ingress || bursts_.back().phase != frame.phase;
        if (begins) bursts_.push_back({i, 0, frame.phase});
        ++bursts_.back().count;
    }
}

std::uint32_t Traffic::random() noexcept {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return static_cast<std::uint32_t>(random_ >> 32);
}

void Traffic::renew(Tuple& tuple, FlowTuple kind) noexcept {
    const bool fresh = kind == FlowTuple::fresh;
    const std::uint64_t number = fresh ? next_fresh_++ : (std::uint64_t{random()} * settled_flows_) >> 32;
    tuple.address = (fresh ? kFreshNetwork : kSettledNetwork) + static_cast<std::uint32_t>(number % kClients);
    tuple.port = static_cast<std::uint16_t>(kFirstPort + number / kClients % kPorts);
    tuple.first_client = random();
    tuple.first_server = random();
}

void Traffic::apply(const Patch& patch, std::byte* bytes) const noexcept {
    const Tuple& tuple = tuples_[patch.flow];
    // Fragments of one datagram share its identification; a flow without ports needs a new one each loop.
    const auto id = static_cast<std::uint16_t>(patch.id + tuple.first_client);
    bytes[patch.to_client ? kDestinationStation : kSourceStation] = static_cast<std::byte>(tuple.address % kStations);
    store16(bytes + kIp + 4, id);
    store32(bytes + patch.address_at, tuple.address);
    store16(bytes + kIp + 10, fold(patch.ip_sum + words(tuple.address) + id));
    if (patch.protocol == 0) return;
    store16(bytes + patch.port_at, tuple.port);
    std::uint32_t sum = patch.transport_sum + words(tuple.address) + tuple.port;
    if (patch.protocol == kProtocolUdp) {
        const std::uint16_t checksum = fold(sum);
        return store16(bytes + kTransport + 6, checksum == 0 ? 0xffff : checksum);
    }
    const std::uint32_t seq = patch.seq + (patch.to_client ? tuple.first_server : tuple.first_client);
    const std::uint32_t ack =
        patch.has_ack ? patch.ack + (patch.to_client ? tuple.first_client : tuple.first_server) : 0;
    sum += words(seq) + words(ack);
    store32(bytes + kTransport + 4, seq);
    store32(bytes + kTransport + 8, ack);
    store16(bytes + kTransport + 16, fold(sum));
}

void Traffic::renew() noexcept {
    for (std::size_t i = 0; i < tuples_.size(); ++i) renew(tuples_[i], kinds_[i]);
    for (std::size_t i = 0; i < patches_.size(); ++i) apply(patches_[i], frames_[i].data);
}

}  // namespace sluis::bench
