#include "control/updates/mirror_client.h"

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string_view>

#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

struct CurlEnd {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, CurlEnd>;
using Fields = std::unique_ptr<curl_slist, CurlEnd>;

/// One answer on its way in.
struct Transfer {
    const MirrorRequest& request;
    AnswerBody& body;
    const std::atomic<bool>& stop;
    AnswerHead head{};
    std::size_t head_bytes = 0;
    std::uint64_t taken = 0;
    bool begun = false;
    UpdateFailure failure{};  ///< ours; libcurl then only says that it was told to end

    bool fail(UpdateCause cause, std::string message) {
        failure = {cause, std::move(message), head.retry_after};
        return false;
    }
    bool pass(const Fetched<void>& outcome) {
        if (!outcome) failure = outcome.error();
        if (!outcome && failure.retry_after == 0) failure.retry_after = head.retry_after;
        return outcome.has_value();
    }
    bool is_too_long(std::uint64_t bytes) const {
        return request.from > request.size_limit || bytes > request.size_limit - request.from;
    }
    bool begin() {
        begun = true;
        if (head.is_broken) return fail(UpdateCause::transfer, "the answer's head has a field with a wrong value");
        // What begins anew has room for all of the file.
        const std::uint64_t room = head.status == 206 ? request.size_limit - request.from : request.size_limit;
        if (head.length && *head.length > room && head.status / 100 == 2)
            return fail(UpdateCause::size, "the answer would have " + std::to_string(*head.length) + " bytes");
        return pass(body.begin(head));
    }
};

std::size_t on_head_line(char* data, std::size_t, std::size_t size, void* transfer) {
    Transfer& to = *static_cast<Transfer*>(transfer);
    to.head_bytes += size;
    if (to.head_bytes > kHeadLimit) return to.fail(UpdateCause::size, "the answer's head has no end"), 0;
    // Trailers come behind the body, and say nothing.
    if (!to.begun) read_head_line({data, size}, to.head);
    return size;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* transfer) {
    Transfer& to = *static_cast<Transfer*>(transfer);
    if (!to.begun && !to.begin()) return 0;
    to.taken += size;
    const std::uint64_t before = to.head.status == 206 ? to.request.from : 0;
    if (before + to.taken > to.request.size_limit)
        return to.fail(UpdateCause::size, "more than " + std::to_string(to.request.size_limit) + " bytes came"), 0;
    return to.pass(to.body.take(as_bytes(std::string_view(data, size)))) ? size : 0;
}

int on_progress(void* transfer, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const Transfer*>(transfer)->stop.load() ? 1 : 0;
}

UpdateCause cause_of(CURLcode code, int status) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_CONNECT:
        case CURLE_PROXY:
            return UpdateCause::connect;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
            return UpdateCause::tls;
        case CURLE_OPERATION_TIMEDOUT:
            return UpdateCause::timeout;
        case CURLE_TOO_MANY_REDIRECTS:
            return UpdateCause::redirect;
        case CURLE_UNSUPPORTED_PROTOCOL:  // of a redirection, or of what answers
            return status / 100 == 3 ? UpdateCause::redirect : UpdateCause::transfer;
        case CURLE_FILESIZE_EXCEEDED:
            return UpdateCause::size;
        default:
            return UpdateCause::transfer;
    }
}

/// Sets options until one is refused: a library that does not know one of them must not fetch without it.
class Options {
public:
    explicit Options(CURL* handle) : handle_(handle) {}
    template <typename Value>
    void set(CURLoption option, Value value) {
        if (is_right_) is_right_ = curl_easy_setopt(handle_, option, value) == CURLE_OK;
    }
    bool is_right() const { return is_right_; }

private:
    CURL* handle_;
    bool is_right_ = true;
};

void set_transfer(Options& options, Transfer& transfer, const MirrorLimits& limits) {
    options.set(CURLOPT_HEADERFUNCTION, on_head_line);
    options.set(CURLOPT_HEADERDATA, &transfer);
    options.set(CURLOPT_WRITEFUNCTION, on_body);
    options.set(CURLOPT_WRITEDATA, &transfer);
    options.set(CURLOPT_XFERINFOFUNCTION, on_progress);
    options.set(CURLOPT_XFERINFODATA, &transfer);
    options.set(CURLOPT_NOPROGRESS, 0L);
    options.set(CURLOPT_NOSIGNAL, 1L);
    options.set(CURLOPT_QUICK_EXIT, 1L);  // a resolver that hangs must not hold up the end
    options.set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(limits.connect.count()));
    options.set(CURLOPT_LOW_SPEED_LIMIT, kStallBytes);
    options.set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.stall.count()));
    options.set(CURLOPT_TIMEOUT, static_cast<long>(transfer.request.time.count()));
}

void set_protocols(Options& options) {
    options.set(CURLOPT_PROTOCOLS_STR, "https");
    options.set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
    options.set(CURLOPT_FOLLOWLOCATION, 1L);
    options.set(CURLOPT_MAXREDIRS, kRedirectLimit);
    options.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    options.set(CURLOPT_HTTP09_ALLOWED, 0L);
    options.set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    options.set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
}

void set_trust(Options& options, const std::string& ca, const std::string& proxy) {
    options.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    options.set(CURLOPT_SSL_VERIFYPEER, 1L);
    options.set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!ca.empty()) {
        options.set(CURLOPT_CAINFO, ca.c_str());
        options.set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    options.set(CURLOPT_PROXY, proxy.c_str());  // empty: none, whatever the environment says
    options.set(CURLOPT_NOPROXY, "");
    options.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

bool add(Fields& fields, const std::string& field) {
    curl_slist* longer = curl_slist_append(fields.get(), field.c_str());
    if (longer == nullptr) return false;
    [[maybe_unused]] curl_slist* same = fields.release();
    fields.reset(longer);
    return true;
}

/// Once, before any other use; the program has other threads by then, and none of them uses libcurl.
bool start_library() {
    static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    return started;
}

}  // namespace

MirrorClient::MirrorClient(std::string ca, std::string proxy, MirrorLimits limits, const std::atomic<bool>& stop)
    : ca_(std::move(ca)), proxy_(std::move(proxy)), limits_(limits), stop_(stop) {}

Fetched<AnswerHead> MirrorClient::get(const MirrorRequest& request, AnswerBody& body) const {
    const Handle handle(start_library() ? curl_easy_init() : nullptr);
    Fields fields;
    const bool has_fields = add(fields, "Accept-Encoding: identity") &&
                            (request.if_none_match.empty() || add(fields, "If-None-Match: " + request.if_none_match));
    if (handle == nullptr || !has_fields) return failed(UpdateCause::storage, "there is no memory for a transfer");
    Transfer transfer{request, body, stop_};
    std::array<char, CURL_ERROR_SIZE> message{};
    const std::string range = std::to_string(request.from) + "-";
    Options options(handle.get());
    set_transfer(options, transfer, limits_);
    set_protocols(options);
    set_trust(options, ca_, proxy_);
    options.set(CURLOPT_URL, request.url.c_str());
    options.set(CURLOPT_HTTPHEADER, fields.get());
    options.set(CURLOPT_USERAGENT, "sluis-control");
    options.set(CURLOPT_ERRORBUFFER, message.data());
    if (request.from != 0) options.set(CURLOPT_RANGE, range.c_str());
    if (!options.is_right()) return failed(UpdateCause::transfer, "this libcurl lacks an option that is needed");

    const CURLcode code = curl_easy_perform(handle.get());
    if (transfer.failure.cause != UpdateCause::none) return tl::unexpected(transfer.failure);
    if (code != CURLE_OK) {
        const std::string text = message[0] != '\0' ? message.data() : curl_easy_strerror(code);
        return failed(cause_of(code, transfer.head.status),
                      one_line(stop_.load() ? "cut off: sluis-control ends" : text));
    }
    if (!transfer.begun && !transfer.begin()) return tl::unexpected(transfer.failure);
    return transfer.head;
}

}  // namespace sluis
