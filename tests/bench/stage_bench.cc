// What each stage costs alone (Google Benchmark): decode, flow look-up, the parsers, normalisation, the scan.
#include <benchmark/benchmark.h>

#include <array>
#include <random>
#include <vector>

#include "dataplane/flow/slot_index.h"
#include "dataplane/packet/checksum.h"
#include "dataplane/packet/decode.h"
#include "dataplane/protocol/client_hello.h"
#include "dataplane/protocol/dns_message.h"
#include "dataplane/protocol/quic_initial.h"
#include "dataplane/protocol/tls_record.h"
#include "tests/bench/bench_pipeline.h"
#include "tests/bench/browser_hello.h"
#include "tests/bench/script_parts.h"
#include "tests/unit/whole_http_request.h"

namespace sluis::bench {
namespace {

/// Frames of `flow` as they are decoded.
struct DecodedFrame {
    explicit DecodedFrame(Buffer bytes_given) : bytes(std::move(bytes_given)) {
        frame.data = bytes.data();
        frame.length = static_cast<std::uint32_t>(bytes.size());
        Reason reason = Reason::none;
        decode(frame, {}, packet, reason);
    }
    Buffer bytes;
    Frame frame;
    Packet packet;
};
DecodedFrame quic_frame() {
    std::mt19937 random(1);
    return DecodedFrame(quic_flow({"www.example.org", false}, kSmallHello, 1, random).steps[0].bytes);
}

void run_decode(benchmark::State& state, Buffer bytes) {
    DecodedFrame decoded(std::move(bytes));
    Reason reason = Reason::none;
    for (auto _ : state) {
        benchmark::DoNotOptimize(decode(decoded.frame, {}, decoded.packet, reason));
        benchmark::ClobberMemory();
    }
}
BENCHMARK_CAPTURE(run_decode, tcp, tcp_data_frame(false, 590))->Name("decode/tcp");
BENCHMARK_CAPTURE(run_decode, udp, quic_data_frame(false, 590))->Name("decode/udp");

void checksum_of_initial(benchmark::State& state) {
    const DecodedFrame decoded = quic_frame();
    for (auto _ : state) benchmark::DoNotOptimize(transport_checksum_holds(decoded.packet));
}
BENCHMARK(checksum_of_initial);

/// Look-ups of unknown flows, in a table that is half full of others: what every uninspected frame pays.
void flow_lookup(benchmark::State& state) {
    const auto flows = static_cast<std::uint32_t>(state.range(0));
    SlotIndex index(flows);
    std::mt19937_64 random(1);
    for (std::uint32_t slot = 0; slot < flows; ++slot) index.insert(random(), slot);
    std::vector<std::uint64_t> hashes(65536);
    for (std::uint64_t& hash : hashes) hash = random();
    std::size_t at = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(index.find(hashes[at++ % hashes.size()], [](std::uint32_t) { return true; }));
}
BENCHMARK(flow_lookup)->Arg(1024)->Arg(65536)->Arg(1 << 20);

void client_hello(benchmark::State& state) {
    const Buffer message = browser_hello("www.example.org", static_cast<std::size_t>(state.range(0)));
    const Bytes body = Bytes(message).subspan(kHandshakeHeaderSize);
    for (auto _ : state) benchmark::DoNotOptimize(parse_client_hello(body));
}
BENCHMARK(client_hello)->Arg(kSmallHello)->Arg(kLargeHello);

class CountNames final : public DnsNameVisitor {
public:
    bool on_name(const DnsName& name, DnsNameRole) noexcept override {
        const std::byte* bytes = name.wire.data();
        benchmark::DoNotOptimize(bytes);
        return true;
    }
};
void dns_message(benchmark::State& state) {
    const NameSource::Name name{"www.example.org", false};
    const DecodedFrame decoded((state.range(0) == 0 ? dns_question(name) : dns_answer(name)).steps[0].bytes);
    CountNames visitor;
    for (auto _ : state) benchmark::DoNotOptimize(visit_dns_names(decoded.packet.payload, visitor));
}
BENCHMARK(dns_message)->ArgName("answer")->Arg(0)->Arg(1);

void http_request(benchmark::State& state) {
    const Buffer head = test::buffer(std::string_view(
        "GET /index.html?lang=nl HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: Mozilla/5.0 (X11; Linux "
        "x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\nAccept: text/html,application/xml;q=0.9\r\n"
        "Accept-Language: nl,fr;q=0.8,de;q=0.5\r\nAccept-Encoding: gzip, deflate\r\nConnection: "
        "keep-alive\r\nCookie: session=0123456789abcdef\r\n\r\n"));
    for (auto _ : state) benchmark::DoNotOptimize(test::read_http_request(head));
}
BENCHMARK(http_request);

void quic_keys(benchmark::State& state) {
    const DecodedFrame decoded = quic_frame();
    const auto header = parse_quic_long_header(decoded.packet.payload);
    for (auto _ : state)
        benchmark::DoNotOptimize(derive_quic_initial_keys(header->version, header->destination, QuicSender::client));
}
BENCHMARK(quic_keys);

void quic_decrypt(benchmark::State& state) {
    const DecodedFrame decoded = quic_frame();
    const auto header = parse_quic_long_header(decoded.packet.payload);
    const auto keys = derive_quic_initial_keys(header->version, header->destination, QuicSender::client);
    Buffer scratch(65536);
    for (auto _ : state)
        if (!unprotect_quic_initial(*header, keys, scratch)) state.SkipWithError("an Initial that does not open");
}
BENCHMARK(quic_decrypt);

std::vector<Buffer> names() {
    NameSource source(1, 50);
    std::vector<Buffer> names;
    for (int i = 0; i < 64; ++i) names.push_back(test::buffer(std::string_view(source.next().text)));
    return names;
}

void normalise(benchmark::State& state) {
    const auto texts = names();
    NameBatch batch;
    for (auto _ : state) {
        batch.clear();
        for (const Buffer& text : texts) batch.add_text(text);
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(texts.size()));
}
BENCHMARK(normalise);

class CountMatches final : public MatchVisitor {
public:
    void on_match(std::uint32_t, std::uint32_t) noexcept override { ++matches; }
    std::uint64_t matches = 0;
};
/// A burst's names, by the number of rules.
void scan(benchmark::State& state) {
    const auto rules = bench_rules(static_cast<std::uint32_t>(state.range(0)));
    const RuleScanner scanner(*rules);
    NameBatch batch;
    for (const Buffer& text : names()) batch.add_text(text);
    CountMatches visitor;
    for (auto _ : state) scanner.scan(batch, visitor);
    if (visitor.matches == 0) state.SkipWithError("no forbidden name was found");
    state.SetItemsProcessed(state.iterations() * batch.size());
}
BENCHMARK(scan)->ArgName("rules")->Arg(0)->Arg(54)->Arg(5000)->Arg(50000);

}  // namespace
}  // namespace sluis::bench

BENCHMARK_MAIN();
