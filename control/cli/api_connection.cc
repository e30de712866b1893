#include "control/cli/api_connection.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "control/cli/api_stream.h"

namespace sluis {
namespace {

constexpr std::size_t kAnswerLimit = std::size_t{64} << 20;  ///< bytes

std::string head_of(const ApiTarget& target, const ApiRequest& request) {
    std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAccept: {}\r\n", request.method,
                                   request.path, target.server.empty() ? "localhost" : target.server, request.accept);
    if (!request.content_type.empty()) head += fmt::format("Content-Type: {}\r\n", request.content_type);
    if (!request.if_match.empty()) head += fmt::format("If-Match: {}\r\n", request.if_match);
    if (request.method != "GET" && request.method != "DELETE")
        head += fmt::format("Content-Length: {}\r\n", request.body.size());
    return head + "\r\n";
}

/// The value of a header field as sluis-control writes it; empty when there is none.
std::string_view field_of(std::string_view head, std::string_view name) {
    const auto begin = head.find(fmt::format("\r\n{}: ", name));
    if (begin == std::string_view::npos) return {};
    const std::string_view value = head.substr(begin + name.size() + 4);
    return value.substr(0, value.find("\r\n"));
}

tl::expected<ApiAnswer, std::string> parse_answer(const std::string& text) {
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    const auto end = text.find("\r\n\r\n");
    ApiAnswer answer;
    if (!text.starts_with(kVersion) || end == std::string::npos)
        return tl::unexpected(std::string("the answer breaks off, or is none of sluis-control"));
    const std::string_view head = std::string_view(text).substr(0, end + 2);
    std::from_chars(text.data() + kVersion.size(), text.data() + kVersion.size() + 3, answer.status);
    answer.location = field_of(head, "Location");
    answer.body = text.substr(end + 4);
    const std::string_view length = field_of(head, "Content-Length");
    if (!length.empty() && length != std::to_string(answer.body.size()))
        return tl::unexpected(std::string("the answer breaks off"));
    return answer;
}

OpenedStream open_stream(const ApiTarget& target, const ApiRequest& request, long patience) {
    return target.server.empty() ? open_local_stream(target.runtime, request.needs_admin, patience)
                                 : open_tls_stream(target, patience);
}

}  // namespace

tl::expected<ApiAnswer, std::string> ask_api(const ApiTarget& target, const ApiRequest& request) {
    const auto stream = open_stream(target, request, request.method == "GET" ? kAnswerPatience : kChangePatience);
    if (!stream) return tl::unexpected(stream.error());
    // A server that refuses a body may answer, and close, before it has read all of it.
    const auto sent = (*stream)->send(head_of(target, request) + request.body);
    std::string text;
    const auto received = (*stream)->receive_all(text, kAnswerLimit);
    auto answer = parse_answer(text);
    if (answer) return answer;
    return tl::unexpected(!sent ? sent.error() : !received ? received.error() : answer.error());
}

tl::expected<ApiAnswer, std::string> stream_api(const ApiTarget& target, const ApiRequest& request,
                                                const std::function<bool(std::string_view line)>& take) {
    const auto stream = open_stream(target, request, kStreamPatience);
    if (!stream) return tl::unexpected(stream.error());
    if (const auto sent = (*stream)->send(head_of(target, request)); !sent) return tl::unexpected(sent.error());
    std::string text;
    std::size_t head_end = std::string::npos;
    while ((head_end = text.find("\r\n\r\n")) == std::string::npos) {
        const auto more = (*stream)->receive(text);
        if (!more) return tl::unexpected(more.error());
        if (!*more || text.size() > kAnswerLimit) return parse_answer(text);
    }
    auto answer = parse_answer(text.substr(0, head_end + 4));
    if (!answer || answer->status != 200) {
        if (const auto rest = (*stream)->receive_all(text, kAnswerLimit); !rest) return tl::unexpected(rest.error());
        return parse_answer(text);
    }
    text.erase(0, head_end + 4);
    for (;;) {
        std::size_t begin = 0;
        for (auto end = text.find('\n'); end != std::string::npos; begin = end + 1, end = text.find('\n', begin))
            if (!take(std::string_view(text).substr(begin, end - begin))) return answer;
        text.erase(0, begin);
        const auto more = (*stream)->receive(text);
        if (!more) return tl::unexpected(more.error());
        if (!*more) return answer;
        if (text.size() > kAnswerLimit) return tl::unexpected(std::string("a line of the answer has no end"));
    }
}

}  // namespace sluis
