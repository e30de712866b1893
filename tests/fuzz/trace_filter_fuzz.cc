// Any bytes as a trace that somebody asks for, and as a frame that it may be about: what the API makes of a request the
// dataplane takes, and a filter says the same of a frame each time. Two bytes of length come before the request.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "control/api/content.h"
#include "control/api/trace_request.h"
#include "dataplane/packet/decode.h"
#include "dataplane/trace_command.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

void check_filter(const TraceFilter& filter, std::string_view bytes) {
    std::vector<std::byte> block(bytes.size());
    std::transform(bytes.begin(), bytes.end(), block.begin(), [](char each) { return static_cast<std::byte>(each); });
    Frame frame{.data = block.data(), .length = static_cast<std::uint32_t>(block.size())};
    Packet packet;
    Reason reason = Reason::none;
    const Decoded decoded = decode(frame, {}, packet, reason);
    const bool is_ip = decoded == Decoded::transport || decoded == Decoded::fragment;
    const bool taken = filter.takes(packet, is_ip);
    require(filter.takes(packet, is_ip) == taken);
    // What a narrower filter takes, a wider one does, too.
    if (!taken) return;
    TraceFilter wider = filter;
    wider.client.reset();
    wider.vlan.reset();
    require(wider.takes(packet, is_ip) && TraceFilter{}.takes(packet, is_ip));
}

void check_request(std::string_view media_type, std::string_view body, std::string_view frame) {
    Request request;
    request.head.content_type = media_type;
    request.body = body;
    const auto asked = read_trace_request(request);
    if (!asked) return require(asked.error().status == 400 && !asked.error().detail.empty());
    const auto command = trace_command(*asked);
    if (!command) return require(command.error().status == 400 && !command.error().detail.empty());
    const auto filter = read_trace_filter(*command);
    require(filter && is_bounded(*command));
    check_filter(*filter, frame);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::string_view asked = rest.substr(0, (std::size_t{data[0]} << 8) | data[1]);
    const std::string_view frame = rest.substr(asked.size());
    check_request(kJson, asked, frame);
    check_request(kProtobuf, asked, frame);
    command::Trace command;
    if (!command.ParseFromArray(asked.data(), static_cast<int>(asked.size()))) return 0;
    if (const auto filter = read_trace_filter(command)) check_filter(*filter, frame);
    return 0;
}
