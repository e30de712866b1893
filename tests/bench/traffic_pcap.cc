// Writes a class of traffic as capture files (pcap, microseconds, Ethernet).
//
//   traffic_pcap [--frames N] [--flows N] [--size BYTES] [--seed N] CLASS INSIDE.pcap OUTSIDE.pcap [BOTH.pcap]
//
// INSIDE and OUTSIDE hold what either port receives, BOTH all frames in order. No tuple and no QUIC connection ID comes
// twice. The first two are of one length, so that bursts of both ports in turn keep the order of every flow. Prints
// what is in them as JSON.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/bench/traffic.h"

namespace sluis::bench {
namespace {

struct CaptureHeader {  // of the machine's byte order
    std::uint32_t magic = 0xa1b2c3d4;
    std::uint16_t major = 2, minor = 4;
    std::uint32_t zone = 0, accuracy = 0, longest = 65535, link_type = 1;
};
struct RecordHeader {
    std::uint32_t seconds, microseconds, kept, length;
};

/// A file that is written in order; the program ends when it cannot be.
class CaptureFile {
public:
    explicit CaptureFile(const char* path) : path_(path), file_(std::fopen(path, "wb")) {
        if (file_ == nullptr) fail();
        const CaptureHeader header;
        write(&header, sizeof header);
    }
    ~CaptureFile() {
        if (std::fclose(file_) != 0) fail();
    }
    CaptureFile(const CaptureFile&) = delete;
    CaptureFile& operator=(const CaptureFile&) = delete;
    void add(const Frame& frame, std::uint64_t microseconds) {
        const RecordHeader record{static_cast<std::uint32_t>(1'700'000'000 + microseconds / 1'000'000),
                                  static_cast<std::uint32_t>(microseconds % 1'000'000), frame.length, frame.length};
        write(&record, sizeof record);
        write(frame.data, frame.length);
    }

private:
    void write(const void* from, std::size_t size) {
        if (std::fwrite(from, size, 1, file_) != 1) fail();
    }
    [[noreturn]] void fail() {
        std::perror(path_);
        std::exit(1);
    }
    const char* path_;
    std::FILE* file_;
};

struct Options {
    std::uint32_t frames = 1'000'000, flows = 1000;
    ScriptOptions script;
    std::vector<const char*> words;
};

[[noreturn]] void usage() {
    std::fputs("Usage: traffic_pcap [--frames N] [--flows N] [--size BYTES] [--seed N] CLASS INSIDE OUTSIDE [BOTH]\n",
               stderr);
    std::exit(2);
}

Options read_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        std::uint32_t* number = nullptr;
        if (argument == "--frames") number = &options.frames;
        if (argument == "--flows") number = &options.flows;
        if (argument == "--size") number = &options.script.frame_size;
        if (argument == "--seed") number = &options.script.seed;
        if (number == nullptr) {
            options.words.push_back(argv[i]);
            continue;
        }
        if (++i == argc) usage();
        *number = static_cast<std::uint32_t>(std::strtoul(argv[i], nullptr, 10));
    }
    if (options.words.size() != 3 && options.words.size() != 4) usage();
    return options;
}

/// What the files hold, added up over scripts.
struct Contents {
    std::array<std::uint64_t, 2> frames{};  ///< by Side
    std::uint64_t bytes = 0, tcp_flows = 0, quic_connections = 0;
    std::array<std::uint64_t, 8> names{};  ///< by Protocol

    std::uint64_t total() const noexcept { return frames[0] + frames[1]; }
    void add(const Script& script) {
        tcp_flows += script.tcp_flows;
        quic_connections += script.quic_connections;
        for (std::size_t i = 0; i < names.size(); ++i) names[i] += script.names[i];
    }
    void add(const Frame& frame) {
        ++frames[static_cast<std::size_t>(frame.ingress)];
        bytes += frame.length;
    }
    nlohmann::json json() const {
        nlohmann::json result{{"inside", frames[0]},
                              {"outside", frames[1]},
                              {"bytes", bytes},
                              {"tcp_flows", tcp_flows},
                              {"quic_connections", quic_connections}};
        for (const Protocol protocol : {Protocol::dns, Protocol::tls, Protocol::quic})
            result["names"][name(protocol)] = names[static_cast<std::size_t>(protocol)];
        return result;
    }
};

int run(int argc, char** argv) {
    Options options = read_options(argc, argv);
    const auto traffic_class = traffic_class_of(options.words[0]);
    if (!traffic_class) usage();
    CaptureFile inside(options.words[1]), outside(options.words[2]);
    std::unique_ptr<CaptureFile> both;
    if (options.words.size() == 4) both = std::make_unique<CaptureFile>(options.words[3]);
    Contents contents;
    // A script for each loop: a renewal leaves QUIC connection IDs as they are, and the keys made from them.
    for (std::uint64_t fresh = 0; contents.total() < options.frames; ++options.script.seed) {
        const Script script = make_script(*traffic_class, options.script);
        const Traffic traffic(script, options.flows, options.script.seed, fresh);
        fresh = traffic.next_fresh();
        contents.add(script);
        for (const Frame* frame : traffic.frames()) {
            const std::uint64_t time = contents.total() / 4;  // as if four million came each second
            (frame->ingress == Side::inside ? inside : outside).add(*frame, time);
            if (both) both->add(*frame, time);
            contents.add(*frame);
        }
    }
    std::printf("%s\n", contents.json().dump().c_str());
    return 0;
}

}  // namespace
}  // namespace sluis::bench

int main(int argc, char** argv) { return sluis::bench::run(argc, argv); }
