// Hellos that name no server: passed, or refused where a name is required.
#include <gtest/gtest.h>

#include "tests/unit/pipeline_harness.h"
#include "tests/unit/quic_client.h"

namespace sluis {
namespace {

using namespace test;

const Buffer kNameless = handshake(1, hello_body({}));

TEST(PipelineNameless, TlsPassesUnlessANameIsRequired) {
    for (const bool required : {false, true}) {
        PipelineHarness harness;
        harness.policy.require_server_name = required;
        harness.use(small_rules());
        TcpPair pair(harness);
        pair.connect();
        const auto sent = harness.from_client(pair.client_frame(record(22, kNameless)));
        EXPECT_EQ(passed(sent), !required);
        EXPECT_EQ(refused(sent), required);
        EXPECT_EQ(harness.drops(Reason::no_server_name), required ? 1u : 0u);
    }
}

TEST(PipelineNameless, QuicPassesUnlessANameIsRequired) {
    for (const bool required : {false, true}) {
        PipelineHarness harness;
        harness.policy.require_server_name = required;
        harness.use(small_rules());
        const auto sent = harness.from_client(quic_datagram(quic_initial(crypto_frame(0, kNameless))));
        EXPECT_EQ(passed(sent), !required);
        EXPECT_EQ(harness.drops(Reason::no_server_name), required ? 1u : 0u);
    }
}

TEST(PipelineNameless, AHelloWithANamePassesWhereOneIsRequired) {
    PipelineHarness harness;
    harness.policy.require_server_name = true;
    harness.use(small_rules());
    TcpPair pair(harness);
    pair.connect();
    EXPECT_TRUE(passed(harness.from_client(pair.client_frame(tls_hello("www.example.org")))));
}

}  // namespace
}  // namespace sluis
