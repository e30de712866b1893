// Any bytes as a client's stream: a reader that is called in steps comes to the same as one that is called once.
// The first byte of the input gives the size of the steps.
#include "dataplane/protocol/tls_record.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace sluis;

struct Reading {
    std::vector<std::string> names;
    std::vector<std::uint32_t> ends;
    bool beyond = false;
    Reason failure = Reason::none;
    friend bool operator==(const Reading&, const Reading&) = default;
};

void take(TlsClientReader& reader, Bytes stream, Reading& reading) {
    static std::vector<std::byte> scratch(kHandshakeLimit + kHandshakeHeaderSize);
    for (;;) {
        const Result<TlsClientProgress> progress = reader.advance(stream, scratch);
        if (!progress) reading.failure = progress.error();
        if (!progress || progress->event == TlsClientEvent::more) return;
        reading.beyond = progress->event == TlsClientEvent::beyond_hello;
        if (reading.beyond) return;
        if (progress->end > stream.size()) std::abort();
        reading.names.emplace_back(as_text(progress->hello.server_name));
        reading.ends.push_back(progress->end);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t step = std::size_t{data[0]} + 1;
    const Bytes stream = std::as_bytes(std::span(data, size)).subspan(1);

    Reading whole;
    TlsClientReader at_once;
    take(at_once, stream, whole);

    Reading steps;
    TlsClientReader stepwise;
    for (std::size_t end = 0; end < stream.size(); end = std::min(end + step, stream.size())) {
        const std::vector<std::byte> seen(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(end));
        take(stepwise, seen, steps);
    }
    take(stepwise, stream, steps);
    if (whole != steps) std::abort();
    if (!whole.names.empty() && !stream.empty() && !may_be_tls_client(stream)) std::abort();

    std::uint32_t record_length = 0;
    if (read_server_answer(stream, record_length) && record_length < kTlsRecordHeaderSize) std::abort();
    return 0;
}
