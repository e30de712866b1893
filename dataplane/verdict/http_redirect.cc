#include "dataplane/verdict/http_redirect.h"

namespace sluis {

std::string make_http_redirect(std::string_view url) {
    std::string answer = "HTTP/1.1 303 See Other\r\nLocation: ";
    answer += url;
    answer += "\r\nContent-Length: 0\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n";
    answer += "Connection: close\r\n\r\n";
    return answer;
}

}  // namespace sluis
