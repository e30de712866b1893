// The whole pipeline over a sequence of frames. Each is a byte of choices, a length of two bytes and its bytes:
//   bit 0: from outside; bit 1: its checksums are taken as good; bits 2 to 7: 2^n microseconds go by before it.
// However hostile they are: accounts close, every frame comes out once, and unchanged.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "dataplane/interface/counters_file.h"
#include "dataplane/packet/byte_reader.h"
#include "dataplane/pipeline.h"
#include "tests/fuzz/delivery.h"

namespace {

using namespace sluis;

using fuzz::require;

/// Owns frames in blocks of their exact size, and remembers what was in them.
class FuzzIo final : public FrameIo {
public:
    struct Owned {
        Frame frame;
        std::unique_ptr<std::byte[]> block;
        std::vector<std::byte> original;
        bool out = false;
    };
    Frame* make(std::uint32_t size) {
        frames_.push_back(std::make_unique<Owned>());
        Owned& owned = *frames_.back();
        owned.block = std::make_unique<std::byte[]>(size);
        owned.frame.data = owned.block.get();
        owned.frame.length = size;
        return &owned.frame;
    }
    void remember(Bytes bytes) { frames_.back()->original.assign(bytes.begin(), bytes.end()); }
    void transmit(Side side, std::span<Frame* const> frames) noexcept override {
        for (Frame* frame : frames) {
            require(side == opposite(frame->ingress) && frame->next == nullptr);
            const Owned& owned = give_back(frame);
            require(frame->injected || std::ranges::equal(frame->bytes(), owned.original));
        }
    }
    void drop(std::span<Frame* const> frames) noexcept override {
        for (Frame* frame : frames) give_back(frame);
    }
    Frame* allocate(std::uint32_t size) noexcept override { return make(size); }
    std::size_t held() const {
        return static_cast<std::size_t>(std::ranges::count_if(frames_, [](const auto& owned) { return !owned->out; }));
    }

private:
    Owned& give_back(Frame* frame) noexcept {
        const auto found = std::ranges::find_if(frames_, [&](const auto& owned) { return &owned->frame == frame; });
        require(found != frames_.end() && !(*found)->out);
        (*found)->out = true;
        return **found;
    }
    std::vector<std::unique_ptr<Owned>> frames_;
};

Limits small_limits() {
    Limits limits;
    limits.flows = 16;
    limits.flows_per_source = 12;
    limits.small_streams = 12;
    limits.large_streams = 4;
    limits.quic_connections = 8;
    limits.datagrams = 4;
    limits.fragments = 16;
    limits.fragments_per_source = 12;
    return limits;
}

void feed(ByteReader input, Pipeline& pipeline, FuzzIo& io, LiveCounters& counters) {
    Nanoseconds now = 1'679'900'400 * kSecond;
    for (int count = 0; count < 256 && !input.at_end(); ++count) {
        const std::uint8_t choices = input.u8();
        const std::size_t length = input.u16();
        const Bytes bytes = input.bytes(std::min(length, input.remaining()));
        Frame* const frame = io.make(static_cast<std::uint32_t>(bytes.size()));
        std::ranges::copy(bytes, frame->data);
        io.remember(bytes);
        frame->ingress = choices & 1 ? Side::outside : Side::inside;
        if (choices & 2) frame->ip_checksum = frame->l4_checksum = ChecksumState::good;
        now += (Nanoseconds{1} << std::min(choices >> 2, 28)) * 1000;
        pipeline.process({&frame, 1}, now);
        pipeline.tick(now);
        require(balance(counters) == 0 && io.held() == counters.held_frames);
    }
    pipeline.tick(now + 3 * kSecond);
    require(balance(counters) == 0);
    pipeline.give_up_held();
    require(balance(counters) == 0 && io.held() == 0 && counters.held_frames == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzIo io;
    LiveCounters counters{};
    PipelinePolicy policy;
    policy.enforced = {true};
    policy.strip_ech = false;  // the one thing that changes a frame
    Pipeline pipeline(small_limits(), io, counters);
    static const auto generation = test::generation_of(fuzz::tiktok_rules(), policy);
    pipeline.use(*generation);
    feed(ByteReader(std::as_bytes(std::span(data, size))), pipeline, io, counters);
    return 0;
}
