// Any bytes as the body of a request to the control API, as JSON or protobuf: the first byte chooses the message. A
// refusal has a status and a sentence; what is taken from JSON is taken from protobuf, too, and has the same meaning.
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

#include "control/api/content.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

template <typename Message>
void check(std::string_view body, tl::expected<Message, Problem> (*read)(const Request&)) {
    Request request;
    request.body = body;
    for (const std::string_view media_type : {kJson, kProtobuf}) {
        request.head.content_type = media_type;
        const auto message = read(request);
        if (!message) {
            require(message.error().status == 400 && !message.error().detail.empty());
            require(problem_json(message.error()).find('\n') >= problem_json(message.error()).size() - 1);
            continue;
        }
        Request again;
        again.head.content_type = kProtobuf;
        again.body = message->SerializeAsString();
        // proto3 has no text that is not UTF-8, and JSON lets it through in no other way than as it is written.
        const auto same = read(again);
        require(same && same->SerializeAsString() == again.body);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    void (*const checks[])(std::string_view) = {
        [](std::string_view text) { check(text, read_ruleset_action); },
        [](std::string_view text) { check(text, read_config_action); },
        [](std::string_view text) { check(text, read_trace_request); },
        [](std::string_view text) { check(text, read_firmware_action); },
        [](std::string_view text) { check(text, read_mode_change); },
        [](std::string_view text) { check(text, read_firmware_install); },
        [](std::string_view text) { check(text, read_factory_reset); },
        [](std::string_view text) { check(text, read_backup_order); },
    };
    checks[data[0] % std::size(checks)](body);
    return 0;
}
