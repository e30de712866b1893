#include "tests/bench/script_parts.h"

#include <algorithm>
#include <array>

#include "dataplane/dns_announcer.h"
#include "tests/bench/browser_hello.h"
#include "tests/unit/dns_message_builder.h"
#include "tests/unit/quic_client.h"

namespace sluis::bench {
namespace {

using namespace sluis::test;

constexpr std::size_t kSegment = 1400;
constexpr const char* kClient = "10.0.0.1";
constexpr const char* kServer = "198.51.100.20";

Buffer tcp_frame(bool to_client, TcpFields fields, const Buffer& payload) {
    fields.source = to_client ? 443 : 50000;
    fields.destination = to_client ? 50000 : 443;
    const Ipv4Fields ip{.source = to_client ? kServer : kClient, .destination = to_client ? kClient : kServer};
    return ethernet(ipv4(ip, tcp(fields, payload)), kEtherIpv4, to_client);
}
Buffer udp_frame(bool to_client, int port, const Buffer& payload) {
    const Ipv4Fields ip{.source = to_client ? kServer : kClient,
                        .destination = to_client ? kClient : kServer,
                        .protocol = kProtocolUdp};
    return ethernet(ipv4(ip, to_client ? udp(port, 50000, payload) : udp(50000, port, payload)), kEtherIpv4, to_client);
}
/// MSS, SACK permitted, timestamps, window scale, as Linux sends them.
Buffer syn_options() { return buffer({2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7}); }
/// Bytes that begin like a TLS application data record and tell nothing.
Buffer opaque_payload(std::size_t size) {
    Buffer bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 167 + 89);
    const Buffer head = buffer({23, 3, 3, 0x40, 0});
    std::copy_n(head.begin(), std::min(size, head.size()), bytes.begin());
    return bytes;
}

}  // namespace

std::string NameSource::label(std::size_t syllables) {
    static constexpr std::array kSyllables = {"ba", "cor", "di",  "en", "fra", "gus", "ho",  "in", "ka", "lu",
                                              "me", "nor", "out", "pa", "ri",  "sta", "tec", "ul", "ve", "zon"};
    std::string text;
    for (std::size_t i = 0; i < syllables; ++i) text += kSyllables[random_() % kSyllables.size()];
    return text;
}

NameSource::Name NameSource::next() {
    static constexpr std::array kHosts = {"www", "api", "cdn", "static", "img-2", "login", "a1b2c3.edge"};
    static constexpr std::array kZones = {"be", "com", "net", "org", "brussels", "co.uk"};
    static constexpr std::array kForbidden = {"www.tiktok.com", "v16-webapp.tiktok.com",
                                              "api16-normal-c-useast1a.tiktokv.com", "p16-sign-va.tiktokcdn.com"};
    // The middle one: `mixed` takes fewer for TLS and QUIC than would have one of each at the end.
    const bool forbidden = forbidden_each_ != 0 && count_++ % forbidden_each_ == forbidden_each_ / 2;
    if (forbidden) return {kForbidden[random_() % kForbidden.size()], true};
    const std::string host = kHosts[random_() % kHosts.size()];
    const std::string site = label(2 + random_() % 4);
    return {host + '.' + site + '.' + kZones[random_() % kZones.size()], false};
}

Buffer tcp_data_frame(bool to_client, std::size_t size) {
    const std::size_t headers = tcp_frame(to_client, {}, {}).size();
    return tcp_frame(to_client, {.seq = 100000, .ack = 100000}, opaque_payload(size > headers ? size - headers : 0));
}
Buffer quic_data_frame(bool to_client, std::size_t size) {
    const std::size_t headers = udp_frame(to_client, 443, {}).size();
    Buffer payload = opaque_payload(size > headers ? size - headers : 1);
    payload[0] = std::byte{0x4b};  // a short header (RFC 9000, section 17.3)
    return udp_frame(to_client, 443, payload);
}

FlowScript tls_flow(const NameSource::Name& name, std::size_t hello_size, bool closes) {
    const Buffer stream = record(22, browser_hello(name.text, hello_size));
    const auto end = static_cast<std::uint32_t>(1 + stream.size());
    FlowScript flow;
    flow.protocol = Protocol::tls;
    flow.names = 1;
    flow.kept = name.forbidden;
    const auto add = [&](Side ingress, const TcpFields& fields, const Buffer& payload, const char* phase,
                         bool with_previous = false) {
        flow.steps.push_back({ingress, tcp_frame(ingress == Side::outside, fields, payload), phase, with_previous});
    };
    add(Side::inside, {.seq = 0, .flags = kTcpSyn, .options = syn_options()}, {}, "SYN");
    add(Side::outside, {.seq = 0, .ack = 1, .flags = kTcpSyn | kTcpAck, .options = syn_options()}, {}, "SYN-ACK");
    add(Side::inside, {.seq = 1, .ack = 1}, {}, "ACK");
    for (std::uint32_t at = 0; at < stream.size(); at += kSegment)
        add(Side::inside, {.seq = 1 + at, .ack = 1, .flags = kTcpAck | kTcpPsh}, slice(stream, at, kSegment),
            "ClientHello", at != 0);
    const Buffer answer = tls_server_hello() + opaque_payload(1300);
    const auto heard = static_cast<std::uint32_t>(1 + answer.size());
    add(Side::outside, {.seq = 1, .ack = end}, answer, "ServerHello");
    const int flags = closes ? kTcpAck | kTcpFin : kTcpAck;
    add(Side::inside, {.seq = end, .ack = heard, .flags = flags}, {}, closes ? "FIN" : "ACK");
    return flow;
}

FlowScript dns_question(const NameSource::Name& name) {
    const Buffer query = buffer(dns_query_text(name.text));
    return {{{Side::inside, udp_frame(false, 53, query), "question"}}, Protocol::dns, 1};
}

FlowScript dns_answer(const NameSource::Name& name) {
    const std::string answer = dns_header_text(0x8180, 1, 1) + dns_question_text(wire_name(name.text), 1) +
                               dns_record_text(pointer_to(12), 1, std::string("\xc6\x33\x64\x0a"));
    // A name is announced for the question, and none for an address record's owner that is the same.
    return {{{Side::outside, udp_frame(true, 53, buffer(answer)), "answer"}}, Protocol::dns, 1};
}

FlowScript dns_worst_answer() {
    // Of labels from the rules, alone and by twos and threes, this one takes the engine most cycles a byte.
    constexpr std::string_view kLabel = "tiktokw-us";
    constexpr std::size_t kSize = 1360, kLabels = 22;
    std::string question;
    for (std::size_t i = 0; i < kLabels; ++i) question += wire_name(std::string(kLabel)).substr(0, 1 + kLabel.size());
    question += dns_question_text(std::string(1, '\0'), 1);
    std::string records;
    std::size_t text = DnsAnnouncer::kTextGrowth + kSize - question.size();
    std::uint32_t names = 1, count = 0;
    for (; records.size() + question.size() < kSize; ++count) {
        // While there is room for another name, an alias of the long one; then addresses of the last.
        const bool alias = text > question.size() + 8;
        const std::string label = alias ? std::string("\1") + static_cast<char>('a' + count) : "";
        if (alias) text -= question.size() + 8, ++names;
        records += alias ? dns_record_text(label + pointer_to(12), 5, pointer_to(12))
                         : dns_record_text(pointer_to(12), 1, std::string("\xc6\x33\x64\x0a"));
    }
    const std::string answer = dns_header_text(0x8180, 1, count) + question + records;
    return {{{Side::outside, udp_frame(true, 53, buffer(answer)), "answer"}}, Protocol::dns, names};
}

FlowScript quic_flow(const NameSource::Name& name, std::size_t hello_size, std::uint32_t datagrams,
                     std::mt19937& random) {
    constexpr std::size_t kPieces = 5;
    const Buffer message = browser_hello(name.text, hello_size, std::string_view("\x02h3"));
    const std::size_t pieces = kPieces * datagrams, step = (message.size() + pieces - 1) / pieces;
    std::vector<Buffer> frames;
    for (std::size_t at = 0; at < message.size(); at += step)
        frames.push_back(crypto_frame(at, slice(message, at, step)));
    std::shuffle(frames.begin(), frames.end(), random);
    Buffer id(8);
    for (std::byte& byte : id) byte = static_cast<std::byte>(random());
    FlowScript flow;
    flow.protocol = Protocol::quic;
    flow.names = 1;
    flow.kept = true;
    for (std::uint32_t number = 0; number < datagrams; ++number) {
        Buffer payload;
        for (std::size_t i = number; i < frames.size(); i += datagrams)
            payload = payload + frames[i] + buffer({1}) + Buffer(random() % 16);  // PING, PADDING
        const Buffer packet = quic_initial(payload, {.destination = id, .source = {}, .number = number, .size = 1250});
        flow.steps.push_back({Side::inside, udp_frame(false, 443, packet), "Initial", number != 0});
    }
    return flow;
}

FlowScript syn_alone() {
    return {{{Side::inside, tcp_frame(false, {.seq = 0, .flags = kTcpSyn, .options = syn_options()}, {}), "SYN"}},
            Protocol::none,
            0,
            true};
}

FlowScript fragment_alone() {
    const Ipv4Fields ip{
        .source = kClient, .destination = kServer, .protocol = kProtocolUdp, .more = true, .whole = false};
    return {{{Side::inside, ethernet(ipv4(ip, udp(50000, 5000, Buffer(1200)))), "fragment"}}, Protocol::none, 0, true};
}

}  // namespace sluis::bench
