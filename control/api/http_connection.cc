#include "control/api/http_connection.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "control/api/http_limits.h"

namespace sluis {
namespace {

/// Read ahead of what is asked for, at the most.
constexpr std::size_t kReadAhead = 65536;

/// For a browser that shows an answer: it loads nothing, and lies in no frame.
constexpr std::string_view kNoContent =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string head_of(const Response& response, bool keep_alive) {
    std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, status_title(response.status));
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) head += fmt::format("{}: {}\r\n", name, value);
    };
    add("Content-Type", response.body.empty() && response.stream == nullptr ? "" : response.media_type);
    // RFC 9110, section 8.6: none with 204 and 304.
    if (response.status != 204 && response.status != 304 && response.stream == nullptr)
        add("Content-Length", std::to_string(response.body.size()));
    add("ETag", response.etag);
    add("Location", response.location);
    add("Allow", response.allow);
    add("Retry-After", response.retry ? "1" : "");
    add("Connection", keep_alive ? "" : "close");
    add("Cache-Control", "no-cache");
    add("Content-Security-Policy", response.content_policy.empty() ? kNoContent : response.content_policy);
    add("Cross-Origin-Opener-Policy", "same-origin");
    add("Cross-Origin-Resource-Policy", "same-origin");
    add("Referrer-Policy", "no-referrer");
    add("X-Content-Type-Options", "nosniff");
    return head + "\r\n";
}

}  // namespace

HttpConnection::HttpConnection(HttpConnectionOwner& owner, event_base& base, int descriptor, Caller caller)
    : owner_(owner),
      caller_(std::move(caller)),
      stream_(bufferevent_socket_new(&base, descriptor, BEV_OPT_CLOSE_ON_FREE)),
      deadline_(event_new(&base, -1, EV_TIMEOUT, on_deadline, this)) {
    bufferevent_setcb(stream_.get(), on_read, on_written, on_event, this);
    bufferevent_setwatermark(stream_.get(), EV_READ, 0, kReadAhead);
    enter(State::idle);
    bufferevent_enable(stream_.get(), EV_READ | EV_WRITE);
}

HttpConnection::~HttpConnection() { release_room(); }

void HttpConnection::on_read(bufferevent*, void* connection) {
    auto& self = *static_cast<HttpConnection*>(connection);
    while (self.read_some()) continue;
}

void HttpConnection::on_written(bufferevent*, void* connection) {
    auto& self = *static_cast<HttpConnection*>(connection);
    if (self.state_ == State::answer) return self.after_answer();
    if (self.state_ == State::stream && !self.advance_stream()) self.owner_.close(self);
}

void HttpConnection::on_event(bufferevent*, short what, void* connection) {
    auto& self = *static_cast<HttpConnection*>(connection);
    // A client that has closed its side may still wait for its answer.
    if ((what & BEV_EVENT_EOF) != 0 && self.state_ == State::answer) {
        self.has_ended_ = true;
        return;
    }
    if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0) self.owner_.close(self);
}

void HttpConnection::on_deadline(evutil_socket_t, short, void* connection) {
    auto& self = *static_cast<HttpConnection*>(connection);
    if (self.state_ == State::head || self.state_ == State::body)
        return self.answer_last(refusal({408, "the request did not come whole in time", ""}));
    if (self.state_ == State::stream && self.beat()) return;
    self.owner_.close(self);
}

void HttpConnection::enter(State state) {
    constexpr std::array<std::chrono::seconds, 6> kTimes{kIdleTime,   kHeadTime,   kBodyTime,
                                                         kAnswerTime, kLingerTime, kStreamBeat};
    state_ = state;
    const timeval time = interval(kTimes[static_cast<std::size_t>(state)]);
    event_add(deadline_.get(), &time);
}

/// One step; false when there is nothing to do before the next event.
bool HttpConnection::read_some() {
    evbuffer* input = bufferevent_get_input(stream_.get());
    if (evbuffer_get_length(input) == 0) return false;
    switch (state_) {
        case State::idle:
            enter(State::head);
            [[fallthrough]];
        case State::head:
            return read_head();
        case State::body:
            return read_body();
        case State::answer:
            return false;
        case State::linger:
        case State::stream:
            throw_away_input();
            return false;
    }
    return false;
}

void HttpConnection::throw_away_input() {
    evbuffer* input = bufferevent_get_input(stream_.get());
    evbuffer_drain(input, evbuffer_get_length(input));
}

bool HttpConnection::read_head() {
    evbuffer* input = bufferevent_get_input(stream_.get());
    std::array<char, kHeadLimit> room;
    const auto copied = evbuffer_copyout(input, room.data(), room.size());
    const std::string_view seen(room.data(), copied < 0 ? 0 : static_cast<std::size_t>(copied));
    if (seen.starts_with("\r\n")) return evbuffer_drain(input, 2) == 0;  // RFC 9112, section 2.2
    const auto end = seen.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        if (seen.size() == kHeadLimit) answer_last(refusal({431, "the request's head is too long", ""}));
        return false;
    }
    auto head = parse_request_head(seen.substr(0, end + 4));
    evbuffer_drain(input, end + 4);
    if (!head) return answer_last(refusal(head.error())), false;
    request_ = Request{std::move(*head), "", caller_, {}, {}};
    keep_alive_ = request_.head.keep_alive;
    auto admission = owner_.router().admit(request_.head, caller_);
    if (admission.route == nullptr) {
        // What follows may be the body that was refused.
        keep_alive_ = keep_alive_ && request_.head.content_length.value_or(0) == 0 && !request_.head.chunked;
        return answer(admission.answer), state_ == State::idle;
    }
    route_ = admission.route;
    request_.media_type = admission.media_type;
    request_.path_rest = admission.path_rest;
    begin_body(admission.body_size);
    return true;
}

void HttpConnection::begin_body(std::size_t size) {
    if (size == 0) return handle();
    if (!owner_.take_room(size))
        return answer_last(refusal({503, "other large bodies are on their way; try again", ""}));
    body_size_ = size;
    request_.body.reserve(size);
    enter(State::body);
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    if (request_.head.expects_continue) bufferevent_write(stream_.get(), kContinue.data(), kContinue.size());
}

bool HttpConnection::read_body() {
    std::array<char, 16384> room;
    const std::size_t wanted = std::min(room.size(), body_size_ - request_.body.size());
    const std::size_t count = bufferevent_read(stream_.get(), room.data(), wanted);
    request_.body.append(room.data(), count);
    if (request_.body.size() == body_size_) handle();
    return true;
}

void HttpConnection::handle() {
    Response response = owner_.router().handle(*route_, request_);
    release_room();
    if (response.stream != nullptr && request_.head.method != Method::head) return begin_stream(std::move(response));
    answer(response);
}

void HttpConnection::release_room() {
    if (body_size_ != 0) owner_.give_room_back(body_size_);
    body_size_ = 0;
    request_.body = std::string();
}

void HttpConnection::answer(const Response& response) {
    owner_.count(request_.head.method, response.status);
    enter(State::answer);
    const std::string head = head_of(response, keep_alive_);
    bufferevent_write(stream_.get(), head.data(), head.size());
    if (request_.head.method != Method::head && !response.body.empty() && response.status != 304)
        bufferevent_write(stream_.get(), response.body.data(), response.body.size());
}

/// A stream ends with its connection: it has no length (RFC 9112, section 6.3).
void HttpConnection::begin_stream(Response response) {
    owner_.count(request_.head.method, response.status);
    keep_alive_ = false;
    const std::string head = head_of(response, keep_alive_);
    stream_body_ = std::move(response.stream);
    enter(State::stream);
    write_stream(head);
    advance_stream();
}

void HttpConnection::write_stream(std::string_view bytes) {
    streamed_ += bytes.size();
    if (!bytes.empty()) bufferevent_write(stream_.get(), bytes.data(), bytes.size());
}

bool HttpConnection::advance_stream() {
    if (state_ != State::stream) return true;
    const std::size_t waiting = evbuffer_get_length(bufferevent_get_output(stream_.get()));
    if (waiting >= kStreamAhead) return true;
    std::string text;
    const auto more = stream_body_->read(text, kStreamAhead - waiting);
    if (more == ResponseStream::More::behind) {
        stream_body_->cut();
        return false;
    }
    write_stream(text);
    if (more == ResponseStream::More::open) return true;
    enter(State::answer);
    return waiting + text.size() != 0;  // or nothing would tell that all is sent
}

/// False when the client has taken nothing since the last beat.
bool HttpConnection::beat() {
    const std::size_t waiting = evbuffer_get_length(bufferevent_get_output(stream_.get()));
    const std::uint64_t taken = streamed_ - waiting;
    if (waiting != 0 && taken == taken_at_beat_) {
        stream_body_->cut();
        return false;
    }
    taken_at_beat_ = taken;
    enter(State::stream);
    if (waiting == 0) write_stream(stream_body_->heartbeat());
    return true;
}

/// The answer is with the kernel.
void HttpConnection::after_answer() {
    if (has_ended_) return owner_.close(*this);
    if (keep_alive_) {
        request_ = Request{};
        enter(State::idle);
        while (read_some()) continue;  // a request that came meanwhile
        return;
    }
    // To close with bytes unread would reset the connection, and could take the answer with it.
    enter(State::linger);
    ::shutdown(bufferevent_getfd(stream_.get()), SHUT_WR);
    throw_away_input();
}

/// For what leaves in doubt where the next request begins.
void HttpConnection::answer_last(const Response& response) {
    keep_alive_ = false;
    answer(response);
}

void HttpConnection::turn_away() { answer_last(refusal({503, "too many clients are connected; try again", ""})); }

}  // namespace sluis
