#include "control/notice/notice_connection.h"

#include <sys/socket.h>

#include <array>
#include <ctime>
#include <string_view>
#include <utility>

#include "control/notice/notice_limits.h"

namespace sluis {

NoticeConnection::NoticeConnection(NoticeConnectionOwner& owner, event_base& base, int descriptor, std::string source)
    : owner_(owner),
      source_(std::move(source)),
      stream_(bufferevent_socket_new(&base, descriptor, BEV_OPT_CLOSE_ON_FREE)),
      deadline_(event_new(&base, -1, EV_TIMEOUT, on_deadline, this)) {
    bufferevent_setcb(stream_.get(), on_read, on_written, on_event, this);
    bufferevent_setwatermark(stream_.get(), EV_READ, 0, kNoticeHeadLimit);
    enter(State::head);
    bufferevent_enable(stream_.get(), EV_READ | EV_WRITE);
}

void NoticeConnection::enter(State state) {
    constexpr std::array kTimes{kNoticeHeadTime, kNoticeAnswerTime, kNoticeLingerTime};
    state_ = state;
    const timeval time = interval(kTimes[static_cast<std::size_t>(state)]);
    event_add(deadline_.get(), &time);
}

void NoticeConnection::on_read(bufferevent*, void* connection) {
    auto& self = *static_cast<NoticeConnection*>(connection);
    if (self.state_ == State::head) return self.read_head();
    if (!self.drain()) self.owner_.close(self);
}

void NoticeConnection::on_written(bufferevent*, void* connection) {
    auto& self = *static_cast<NoticeConnection*>(connection);
    if (self.state_ == State::answer) self.linger();
}

void NoticeConnection::on_event(bufferevent*, short what, void* connection) {
    auto& self = *static_cast<NoticeConnection*>(connection);
    // A client that has closed its side may still wait for its answer.
    if ((what & BEV_EVENT_EOF) != 0 && self.state_ == State::answer) {
        self.has_ended_ = true;
        return;
    }
    if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0) self.owner_.close(self);
}

void NoticeConnection::on_deadline(evutil_socket_t, short, void* connection) {
    auto& self = *static_cast<NoticeConnection*>(connection);
    self.owner_.close(self);
}

void NoticeConnection::read_head() {
    evbuffer* input = bufferevent_get_input(stream_.get());
    std::array<char, kNoticeHeadLimit> room;
    const auto copied = evbuffer_copyout(input, room.data(), room.size());
    const std::string_view seen(room.data(), copied < 0 ? 0 : static_cast<std::size_t>(copied));
    const auto size = notice_head_size(seen);
    if (!size) {
        if (seen.size() == room.size()) answer(std::nullopt, NoticeStatus::head_too_large);
        return;
    }
    const auto request = parse_notice_request(seen.substr(0, *size));
    if (!request) return answer(std::nullopt, static_cast<NoticeStatus>(request.error()));
    answer(*request, request->page ? NoticeStatus::ok : NoticeStatus::forbidden);
}

void NoticeConnection::answer(const std::optional<NoticeRequest>& request, NoticeStatus status) {
    const NoticePages& pages = owner_.pages();
    NoticeLanguage language = pages.fallback();
    if (request) language = request->page.value_or(request->preference.best(language));
    owner_.count(status);
    enter(State::answer);
    drain();
    const std::string head = pages.head(language, status, std::time(nullptr));
    bufferevent_write(stream_.get(), head.data(), head.size());
    if (request && request->head_only) return;
    const std::string& content = pages.content(language);  // stays for as long as the server does
    evbuffer_add_reference(bufferevent_get_output(stream_.get()), content.data(), content.size(), nullptr, nullptr);
}

/// To close with bytes unread would reset the connection, and could take the answer with it.
void NoticeConnection::linger() {
    if (has_ended_) return owner_.close(*this);
    enter(State::linger);
    ::shutdown(bufferevent_getfd(stream_.get()), SHUT_WR);
}

/// False when the client has sent more than is thrown away for it.
bool NoticeConnection::drain() {
    evbuffer* input = bufferevent_get_input(stream_.get());
    const std::size_t size = evbuffer_get_length(input);
    evbuffer_drain(input, size);
    drained_ += size;
    return drained_ <= kNoticeHeadLimit + kNoticeDrainLimit;
}

}  // namespace sluis
