#include "control/notice/notice_server.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "control/api/listen_address.h"
#include "control/notice/notice_limits.h"

namespace sluis {

NoticeServer::NoticeServer(const NoticeConfig& notice, const EventsConfig& events, NoticeCounts& counts)
    : pages_(notice, events),
      counts_(counts),
      end_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      end_event_(event_new(base_.get(), end_, EV_READ, on_end, this)) {
    event_add(end_event_.get(), nullptr);
}

tl::expected<std::unique_ptr<NoticeServer>, std::string> NoticeServer::start(const NoticeConfig& notice,
                                                                             const EventsConfig& events,
                                                                             NoticeCounts& counts) {
    std::unique_ptr<NoticeServer> made(new NoticeServer(notice, events, counts));
    for (const std::string& address : notice.listen) {
        auto listener = listen_at("notice", address, *made->base_, on_accept, made.get());
        if (!listener) return tl::unexpected(listener.error());
        made->listeners_.push_back(std::move(*listener));
    }
    made->thread_ = std::thread([server = made.get()] { server->run(); });
    return made;
}

NoticeServer::~NoticeServer() {
    if (thread_.joinable()) {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = ::write(end_, &one, sizeof one);
        thread_.join();
    }
    connections_.clear();
    end_event_.reset();
    if (end_ >= 0) ::close(end_);
}

/// Behind the rest of the process, also for the processor: in Linux each thread has a nice value of its own.
void NoticeServer::run() {
    constexpr int kNice = 10;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    ::setpriority(PRIO_PROCESS, 0, kNice);
    event_base_dispatch(base_.get());
}

void NoticeServer::on_end(evutil_socket_t, short, void* server) {
    event_base_loopbreak(static_cast<NoticeServer*>(server)->base_.get());
}

void NoticeServer::on_accept(evconnlistener*, evutil_socket_t client, sockaddr* address, int, void* server) {
    static_cast<NoticeServer*>(server)->accept(client, *address);
}

void NoticeServer::accept(int client, const sockaddr& address) {
    std::string source = source_of(address);
    make_room(source);
    NoticeConnectionOwner& owner = *this;
    connections_.push_back(std::make_unique<NoticeConnection>(owner, *base_, client, std::move(source)));
}

/// A source that holds its share loses its own oldest connection, and nobody else's.
void NoticeServer::make_room(const std::string& source) {
    const auto is_its = [&](const auto& each) { return each->source() == source; };
    const auto its = std::count_if(connections_.begin(), connections_.end(), is_its);
    const bool has_share = static_cast<std::size_t>(its) >= kNoticeConnectionsPerSource;
    if (!has_share && connections_.size() < kNoticeConnectionLimit) return;
    connections_.erase(has_share ? std::find_if(connections_.begin(), connections_.end(), is_its)
                                 : connections_.begin());
    ++counts_.made_room;
}

void NoticeServer::count(NoticeStatus status) {
    const bool is_page = status == NoticeStatus::ok || status == NoticeStatus::forbidden;
    ++(is_page ? counts_.pages : counts_.unreadable);
}

void NoticeServer::close(NoticeConnection& connection) {
    connections_.remove_if([&](const auto& each) { return each.get() == &connection; });
}

}  // namespace sluis
