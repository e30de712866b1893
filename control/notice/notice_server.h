// The notice page over plain HTTP, in a thread of its own: nothing else of sluis-control waits for its clients.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <tl/expected.hpp>

#include "control/api/event_handles.h"
#include "control/events/events_config.h"
#include "control/notice/notice_config.h"
#include "control/notice/notice_connection.h"

namespace sluis {

/// For /metrics; written by the server's thread. Nothing of a client is in it.
struct NoticeCounts {
    std::atomic<std::uint64_t> pages{0};       ///< answers to requests, as a refusal or as the page itself
    std::atomic<std::uint64_t> unreadable{0};  ///< answers to what was no request
    std::atomic<std::uint64_t> made_room{0};   ///< connections that were closed for newer ones
};

class NoticeServer final : private NoticeConnectionOwner {
public:
    /// Makes the pages, listens, and starts the thread. REQUIRES: `counts` outlives the server.
    static tl::expected<std::unique_ptr<NoticeServer>, std::string> start(const NoticeConfig& notice,
                                                                          const EventsConfig& events,
                                                                          NoticeCounts& counts);
    /// Closes all connections and ends the thread.
    ~NoticeServer();
    NoticeServer(const NoticeServer&) = delete;
    NoticeServer& operator=(const NoticeServer&) = delete;

private:
    NoticeServer(const NoticeConfig& notice, const EventsConfig& events, NoticeCounts& counts);
    void run();
    void accept(int client, const struct sockaddr& address);
    void make_room(const std::string& source);

    static void on_accept(evconnlistener*, evutil_socket_t client, sockaddr* address, int, void* server);
    static void on_end(evutil_socket_t, short, void* server);

    const NoticePages& pages() const override { return pages_; }
    void count(NoticeStatus status) override;
    void close(NoticeConnection& connection) override;

    NoticePages pages_;
    NoticeCounts& counts_;
    EventBase base_{event_base_new()};
    int end_ = -1;  ///< an eventfd: readable once the thread is to end
    LoopEvent end_event_;
    std::vector<Listener> listeners_;
    std::list<std::unique_ptr<NoticeConnection>> connections_;  ///< the oldest first
    std::thread thread_;
};

}  // namespace sluis
