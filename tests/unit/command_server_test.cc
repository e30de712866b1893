// The command socket between a server and clients that are right, wrong, silent or gone: no DPDK, no frames.
#include "dataplane/command_server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>
#include <future>

#include "control/dataplane_link/dataplane_link.h"
#include "dataplane/interface/sealed_memory.h"
#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::size_t open_descriptors() {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

struct CommandServerTest : testing::Test, CommandHandler, TraceHandler {
    CommandServerTest() {
        std::filesystem::create_directory(directory);
        auto made = CommandServer::make(directory, "", *this, *this);
        EXPECT_TRUE(made) << made.error();
        server = std::move(*made);
    }
    command::State state() override {
        command::State state;
        state.set_generation(generation);
        return state;
    }
    std::optional<command::Reply> offer(const command::Offer&, std::vector<FileDescriptor> given) override {
        ++offers;
        objects.clear();
        for (const FileDescriptor& object : given) objects.push_back(*read_sealed(object.get(), 100, 1));
        return std::nullopt;
    }
    std::optional<command::Reply> set_mode(const command::SetMode& wanted) override {
        modes.push_back(wanted.mode());
        return std::nullopt;
    }
    std::optional<command::Reply> configure(const command::Configure&, FileDescriptor given) override {
        text = *read_sealed(given.get(), 100, 1);
        return std::nullopt;
    }
    command::Reply end() override {
        decided = true;
        return *outcome();
    }
    std::optional<command::Reply> outcome() override {
        if (!decided) return std::nullopt;
        command::Reply reply;
        reply.set_code(command::OK);
        *reply.mutable_state() = state();
        return reply;
    }
    TraceAnswer begin_trace(const command::Trace& wanted, Time) override {
        TraceAnswer answer;
        answer.reply.set_code(tracing ? command::BUSY : command::OK);
        if (!tracing) answer.memory = memory.get();
        tracing = true;
        traced = wanted.frames();
        return answer;
    }
    void stop_trace() override {
        tracing = false;
        ++stopped;
    }
    bool is_tracing() const override { return tracing; }
    void advance(Time) override {}
    FileDescriptor connect() { return std::move(*connect_for_commands(directory, 5)); }
    static std::string state_request() {
        command::Request request;
        request.mutable_state();
        return request.SerializeAsString();
    }
    static std::string offer_request() {
        command::Request request;
        request.mutable_offer()->set_rules(true);
        return request.SerializeAsString();
    }
    /// What a client has got, after the server's round.
    std::optional<command::Reply> reply(const FileDescriptor& client) {
        ::fcntl(client.get(), F_SETFL, O_NONBLOCK);
        const auto message = receive_command(client.get());
        command::Reply read;
        if (!message || !read.ParseFromString(message->bytes)) return std::nullopt;
        return read;
    }
    bool is_closed(const FileDescriptor& client) {
        ::fcntl(client.get(), F_SETFL, O_NONBLOCK);
        const auto message = receive_command(client.get());
        return !message && message.error() == CommandEnd::closed;
    }
    void serve(int rounds = 3) {
        for (int i = 0; i < rounds; ++i) server->serve(now);
    }

    ScratchFolder folder;
    std::string directory = folder / "run";
    std::uint64_t generation = 1;
    bool decided = false;
    std::vector<std::string> modes;
    std::vector<std::byte> text;
    int offers = 0;
    bool tracing = false;
    int stopped = 0;
    std::uint32_t traced = 0;
    const FileDescriptor memory{::memfd_create("test", MFD_CLOEXEC)};
    std::vector<std::vector<std::byte>> objects;
    CommandServer::Time now = std::chrono::steady_clock::now();
    std::unique_ptr<CommandServer> server;
};

FileDescriptor sealed(std::string_view content) {
    return std::move(*seal_memory("test", std::as_bytes(std::span(content))));
}

TEST_F(CommandServerTest, AnswersAStateQuery) {
    const FileDescriptor client = connect();
    EXPECT_TRUE(send_command(client.get(), state_request()));
    serve();
    const auto answer = reply(client);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->code(), command::OK);
    EXPECT_EQ(answer->state().generation(), 1u);
}

std::string trace_request() {
    command::Request request;
    request.mutable_trace()->set_frames(7);
    return request.SerializeAsString();
}

TEST_F(CommandServerTest, ATraceEndsWithItsClient) {
    std::optional<FileDescriptor> client = connect();
    const FileDescriptor other = connect();
    EXPECT_TRUE(send_command(client->get(), trace_request()));
    serve();
    const auto answer = receive_command(client->get());
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->descriptors.size(), 1u);
    EXPECT_EQ(traced, 7u);
    EXPECT_TRUE(server->is_waiting());
    EXPECT_TRUE(send_command(other.get(), trace_request()));
    serve();
    EXPECT_EQ(reply(other)->code(), command::BUSY);
    now += CommandServer::kSilence - 1s;
    serve();
    now += 2s;
    serve();
    EXPECT_TRUE(tracing) << "who waits for frames is not silent";
    client.reset();
    serve();
    EXPECT_FALSE(tracing);
    EXPECT_EQ(stopped, 1);
}

TEST_F(CommandServerTest, AfterItsTraceAClientIsHeardAgain) {
    const FileDescriptor client = connect();
    EXPECT_TRUE(send_command(client.get(), trace_request()));
    serve();
    EXPECT_TRUE(receive_command(client.get()));
    EXPECT_TRUE(send_command(client.get(), state_request()));
    serve();
    EXPECT_FALSE(reply(client)) << "until then the connection is for nothing else";
    tracing = false;
    serve();
    EXPECT_TRUE(reply(client));
    EXPECT_EQ(stopped, 0);
}

TEST_F(CommandServerTest, AnOfferIsAnsweredOnceItIsDecided) {
    const FileDescriptor first = connect(), second = connect();
    const FileDescriptor rules = sealed("rules");
    EXPECT_TRUE(send_command(first.get(), offer_request(), std::array{rules.get()}));
    serve();
    EXPECT_TRUE(server->is_waiting());
    ASSERT_EQ(objects.size(), 1u);
    EXPECT_EQ(objects[0].size(), 5u);
    EXPECT_FALSE(reply(first));
    EXPECT_TRUE(send_command(second.get(), offer_request(), std::array{rules.get()}));
    serve();
    EXPECT_EQ(reply(second)->code(), command::BUSY);
    EXPECT_EQ(offers, 1);
    EXPECT_TRUE(send_command(second.get(), state_request()));
    serve();
    EXPECT_EQ(reply(second)->code(), command::OK) << "who only asks is answered meanwhile";
    decided = true;
    serve();
    EXPECT_FALSE(server->is_waiting());
    EXPECT_EQ(reply(first)->code(), command::OK);
}

TEST_F(CommandServerTest, TheOffersClientMayGo) {
    {
        const FileDescriptor client = connect();
        const FileDescriptor rules = sealed("rules");
        EXPECT_TRUE(send_command(client.get(), offer_request(), std::array{rules.get()}));
        serve();
        EXPECT_TRUE(server->is_waiting());
    }
    serve();
    EXPECT_TRUE(server->is_waiting());
    decided = true;
    serve();
    EXPECT_FALSE(server->is_waiting());
}

TEST_F(CommandServerTest, WhatIsNoRequestIsSaidSo) {
    const FileDescriptor client = connect();
    const FileDescriptor rules = sealed("rules");
    EXPECT_TRUE(send_command(client.get(), "\xff\xff"));
    serve();
    EXPECT_EQ(reply(client)->code(), command::MALFORMED);
    EXPECT_TRUE(send_command(client.get(), offer_request()));
    serve();
    EXPECT_EQ(reply(client)->code(), command::MALFORMED) << "no descriptor";
    EXPECT_TRUE(send_command(client.get(), offer_request(), std::array{rules.get(), rules.get()}));
    serve();
    EXPECT_EQ(reply(client)->code(), command::MALFORMED) << "one too many";
    EXPECT_EQ(offers, 0);
}

TEST_F(CommandServerTest, NoDescriptorStaysOpen) {
    const std::size_t before = open_descriptors();
    {
        const FileDescriptor client = connect();
        const FileDescriptor rules = sealed("rules");
        const std::array both{rules.get(), rules.get()};
        for (const auto& request : {std::string("x"), state_request(), offer_request()}) {
            EXPECT_TRUE(send_command(client.get(), request, both));
            serve();
        }
        EXPECT_TRUE(send_command(client.get(), offer_request(), both));  // and gone before it is read
    }
    serve();
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(CommandServerTest, TooLongIsTheEnd) {
    const FileDescriptor client = connect();
    const std::string too_long(kCommandMessageLimit + 1, 'x');
    ASSERT_EQ(::send(client.get(), too_long.data(), too_long.size(), 0), static_cast<ssize_t>(too_long.size()));
    serve();
    EXPECT_EQ(reply(client)->code(), command::MALFORMED);
    EXPECT_TRUE(is_closed(client));
}

TEST_F(CommandServerTest, SilentClientsGoAndOthersGetTheirPlaces) {
    std::vector<FileDescriptor> silent;
    for (std::size_t i = 0; i < CommandServer::kClients; ++i) silent.push_back(connect());
    const FileDescriptor late = connect();
    EXPECT_TRUE(send_command(late.get(), state_request()));
    serve();
    EXPECT_FALSE(reply(late)) << "it waits for a place";
    now += CommandServer::kSilence;
    serve();
    EXPECT_FALSE(is_closed(silent[0]));
    now += 1ms;
    serve();
    for (const FileDescriptor& client : silent) EXPECT_TRUE(is_closed(client));
    EXPECT_EQ(reply(late)->code(), command::OK);
}

TEST_F(CommandServerTest, WhoReadsNothingIsNotWaitedFor) {
    const FileDescriptor client = connect();
    ::fcntl(client.get(), F_SETFL, O_NONBLOCK);
    int sent = 0;
    for (; sent < 100000 && send_command(client.get(), state_request()); ++sent) server->serve(now);
    EXPECT_LT(sent, 100000);
    const FileDescriptor other = connect();
    EXPECT_TRUE(send_command(other.get(), state_request()));
    serve();
    EXPECT_EQ(reply(other)->code(), command::OK);
}

TEST_F(CommandServerTest, TheSocketIsItsOwnersAndGoesWithTheServer) {
    struct stat status {};
    ASSERT_EQ(::stat(command_path(directory).c_str(), &status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    server.reset();
    EXPECT_FALSE(std::filesystem::exists(command_path(directory)));
    EXPECT_THAT(connect_for_commands(directory, 1).error(), HasSubstr("start sluis-dataplane"));
    EXPECT_THAT(CommandServer::make(directory, "no-such-group", *this, *this).error(), HasSubstr("there is no group"));
    EXPECT_THAT(CommandServer::make(directory + std::string(200, 'x'), "", *this, *this).error(),
                HasSubstr("too long"));
}

TEST_F(CommandServerTest, ALinkOffersAndAsks) {
    decided = true;
    generation = 5;
    auto asked = std::async(std::launch::async, [&] {
        auto link = DataplaneLink::connect(directory);
        if (!link) return link.error().message;
        const std::string rules = "rules", zones = "zones";
        const auto state = link->offer(std::as_bytes(std::span(rules)), std::as_bytes(std::span(zones)));
        return state ? std::to_string(state->generation()) : state.error().message;
    });
    while (asked.wait_for(1ms) != std::future_status::ready) server->serve(now);
    EXPECT_EQ(asked.get(), "5");
    ASSERT_EQ(objects.size(), 2u);
}

TEST(SealedMemory, OnlyWhatNobodyCanChangeIsRead) {
    const FileDescriptor good = sealed("content");
    EXPECT_EQ(read_sealed(good.get(), 7, 1)->size(), 7u);
    EXPECT_EQ(read_sealed(good.get(), 6, 1).error(), SealedError::too_large);
    constexpr int kAll = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    for (const int missing : {F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE}) {
        const FileDescriptor open(::memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC));
        ASSERT_EQ(::fcntl(open.get(), F_ADD_SEALS, kAll & ~missing), 0);
        EXPECT_EQ(read_sealed(open.get(), 100, 1).error(), SealedError::not_sealed) << missing;
    }
    const FileDescriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(read_sealed(file.get(), 100, 1).error(), SealedError::not_sealed);
    EXPECT_EQ(read_sealed(-1, 100, 1).error(), SealedError::not_sealed);
    const FileDescriptor vast(::memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC));
    ASSERT_EQ(::ftruncate(vast.get(), off_t{1} << 40), 0);
    ASSERT_EQ(::fcntl(vast.get(), F_ADD_SEALS, kAll), 0);
    EXPECT_EQ(read_sealed(vast.get(), std::uint64_t{1} << 41, 4).error(), SealedError::no_memory);
}

}  // namespace
}  // namespace sluis
