// Any bytes as a DNS message: its names, its refusal, and its answers without ECH.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "dataplane/protocol/dns_message.h"
#include "dataplane/verdict/dns_ech.h"
#include "dataplane/verdict/dns_refusal.h"

namespace sluis {
namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

class CheckedNames final : public DnsNameVisitor {
public:
    bool on_name(const DnsName& name, DnsNameRole) noexcept override {
        ByteReader reader(name.bytes());
        require(skip_dns_name(reader) && reader.at_end());
        ++count;
        return true;
    }
    std::size_t count = 0;
};

void check_refusal(Bytes message, const DnsRefusal& refusal) {
    std::array<std::byte, kDnsRefusalLimit> room;
    const auto answer = write_dns_refusal(message, refusal, room);
    if (!answer) return require(answer.error() == Reason::dns_malformed);
    require(looks_like_dns(*answer) || parse_dns_header(message)->questions == 1);
    const auto asked = parse_dns_question(message, kDnsHeaderSize);
    const auto echoed = parse_dns_question(*answer, kDnsHeaderSize);
    require(asked && echoed && as_text(asked->name.bytes()) == as_text(echoed->name.bytes()));
    CheckedNames names;
    require(visit_dns_names(*answer, names).has_value());
    DnsRecordReader records(*answer, *parse_dns_header(*answer));
    std::size_t end = echoed->end;
    while (const auto record = records.next()) end = record->end();
    require(end == answer->size());
}

void check_ech(Bytes message) {
    std::vector<std::byte> copy(message.begin(), message.end());
    const bool stripped = strip_ech(copy);
    for (const std::size_t size : {message.size() / 4, message.size() / 2, message.size() * 3 / 4, message.size()}) {
        const std::size_t from = first_ech_byte(message.first(size));
        require(from <= size &&
                std::equal(copy.begin(), copy.begin() + static_cast<std::ptrdiff_t>(from), message.begin()));
    }
    if (!stripped) return require(std::equal(message.begin(), message.end(), copy.begin()));
    // Nothing is left to hide, and no record moved.
    const auto header = *parse_dns_header(message);
    require(!strip_ech(copy));
    DnsRecordReader before(message, header);
    DnsRecordReader after(copy, header);
    while (const auto record = before.next()) require(after.next()->end() == record->end());
}

}  // namespace
}  // namespace sluis

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluis;
    const Bytes message{reinterpret_cast<const std::byte*>(data), size};
    CheckedNames names;
    const bool readable = visit_dns_names(message, names).has_value();
    require(names.count <= 1024 + 2 * size);
    if (const auto header = parse_dns_header(message); header && readable)
        require(names.count >= (header->questions != 0));
    looks_like_dns(message);
    DnsRefusal refusal{.text = "Blocked"};
    check_refusal(message, refusal);
    refusal.mode = DnsRefusalMode::sinkhole;
    refusal.sinkhole_ipv4.emplace();
    check_refusal(message, refusal);
    check_ech(message);
    return 0;
}
