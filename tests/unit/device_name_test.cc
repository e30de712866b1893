#include "dataplane/interface/device_name.h"

#include <gtest/gtest.h>

namespace sluis {
namespace {

struct GoodName {
    const char* text;
    DeviceKind kind;
    const char* name;
    const char* arguments;
};

TEST(DeviceName, TakesNamesApart) {
    for (const GoodName& good : {
             GoodName{"0000:01:00.0", DeviceKind::pci, "0000:01:00.0", ""},
             GoodName{"01:00.1", DeviceKind::pci, "0000:01:00.1", ""},
             GoodName{"10000:e1:00.0", DeviceKind::pci, "10000:e1:00.0", ""},
             GoodName{"0000:01:00.0,safe-mode-support=1", DeviceKind::pci, "0000:01:00.0", "safe-mode-support=1"},
             GoodName{"net_null0", DeviceKind::vdev, "net_null0", ""},
             GoodName{"net_pcap_a,rx_pcap=/a b/c.pcap,infinite_rx=1", DeviceKind::vdev, "net_pcap_a",
                      "rx_pcap=/a b/c.pcap,infinite_rx=1"},
             GoodName{"net_ring0,nodeaction=r:0:CREATE", DeviceKind::vdev, "net_ring0", "nodeaction=r:0:CREATE"},
             GoodName{"dpni.3", DeviceKind::bus, "dpni.3", ""},
         }) {
        const auto device = parse_device_name(good.text);
        ASSERT_TRUE(device) << device.error();
        EXPECT_EQ(device->kind, good.kind) << good.text;
        EXPECT_EQ(device->name, good.name);
        EXPECT_EQ(device->arguments, good.arguments);
    }
}

TEST(DeviceName, RefusesWhatIsNone) {
    for (const char* bad :
         {"", "eth0", "NET_NULL0", "net_", "0000:01:00", "0000:01:00.8", "0000:1:0.0", "net_null0,", ",iface=x",
          "net_null0,iface", "net_null0,=x", "net_null0,a=1,,b=2", "net_null0 --no-huge", "--vdev=net_null0"})
        EXPECT_FALSE(parse_device_name(bad)) << bad;
}

TEST(DeviceName, FindsArgumentsAndDrivers) {
    const DeviceName device = *parse_device_name("net_af_packet12,iface=eth1,qpairs=,iface=eth2");
    EXPECT_EQ(device.argument("iface"), "eth1");
    EXPECT_EQ(device.argument("qpairs"), "");
    EXPECT_FALSE(device.argument("ifac"));
    EXPECT_TRUE(device.driven_by("net_af_packet"));
    EXPECT_FALSE(device.driven_by("net_af"));
    EXPECT_FALSE(device.driven_by("net_af_xdp"));
    EXPECT_FALSE(parse_device_name("net_af_packets0")->driven_by("net_af_packet"));
}

}  // namespace
}  // namespace sluis
