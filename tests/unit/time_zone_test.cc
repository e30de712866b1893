// Local times and the moments that they mean, around the changes of clocks and far from today.
#include "control/policy/time_zone.h"

#include <gtest/gtest.h>

namespace sluis {
namespace {

TimeZone zone(const std::string& name) { return *TimeZone::find(name); }

TEST(TimeZone, GivesTheMomentOfALocalTime) {
    struct Row {
        const char* zone;
        LocalTime local;
        const char* shown;
        LocalTimeKind kind = LocalTimeKind::once;
    };
    const Row rows[] = {
        {"Europe/Brussels", {1970, 1, 1}, "1970-01-01T00:00:00+01:00"},
        {"Europe/Brussels", {2023, 3, 26}, "2023-03-26T00:00:00+01:00"},
        {"Europe/Brussels", {2023, 3, 26, 1, 59, 59}, "2023-03-26T01:59:59+01:00"},
        {"Europe/Brussels", {2023, 3, 26, 2, 0, 0}, "2023-03-26T03:00:00+02:00", LocalTimeKind::never},
        {"Europe/Brussels", {2023, 3, 26, 2, 59, 59}, "2023-03-26T03:00:00+02:00", LocalTimeKind::never},
        {"Europe/Brussels", {2023, 3, 26, 3, 0, 0}, "2023-03-26T03:00:00+02:00"},
        {"Europe/Brussels", {2023, 3, 27}, "2023-03-27T00:00:00+02:00"},
        {"Europe/Brussels", {2023, 10, 29, 1, 59, 59}, "2023-10-29T01:59:59+02:00"},
        {"Europe/Brussels", {2023, 10, 29, 2, 30, 0}, "2023-10-29T02:30:00+02:00", LocalTimeKind::twice},
        {"Europe/Brussels", {2023, 10, 29, 3, 0, 0}, "2023-10-29T03:00:00+01:00"},
        {"Europe/Brussels", {2038, 1, 19, 4, 14, 8}, "2038-01-19T04:14:08+01:00"},
        {"Europe/Brussels", {2038, 7, 1}, "2038-07-01T00:00:00+02:00"},
        {"Europe/Brussels", {2100, 1, 1}, "2100-01-01T00:00:00+01:00"},
        {"Europe/Brussels", {2100, 7, 1}, "2100-07-01T00:00:00+02:00"},
        {"Europe/Brussels", {2100, 3, 28, 2, 30, 0}, "2100-03-28T03:00:00+02:00", LocalTimeKind::never},
        {"America/Sao_Paulo", {2018, 11, 4}, "2018-11-04T01:00:00-02:00", LocalTimeKind::never},
        {"Australia/Lord_Howe", {2023, 4, 2, 1, 45, 0}, "2023-04-02T01:45:00+11:00", LocalTimeKind::twice},
        {"Asia/Kathmandu", {2023, 3, 27}, "2023-03-27T00:00:00+05:45"},
        {"Pacific/Apia", {2011, 12, 30, 12, 0, 0}, "2011-12-31T00:00:00+14:00", LocalTimeKind::never},
        {"UTC", {2023, 3, 26, 2, 30, 0}, "2023-03-26T02:30:00+00:00"},
    };
    for (const Row& row : rows) {
        const TimeZone found = zone(row.zone);
        const Moment moment = found.moment_of(row.local);
        EXPECT_EQ(found.show(moment.time), row.shown);
        EXPECT_EQ(moment.kind, row.kind) << row.shown;
    }
}

TEST(TimeZone, CountsFromTheEpoch) {
    EXPECT_EQ(seconds_of({1970, 1, 1, 0, 0, 1}), 1);
    EXPECT_EQ(seconds_of({2023, 3, 27}), 1'679'875'200);
    EXPECT_EQ(zone("Europe/Brussels").moment_of({2023, 3, 27}).time, 1'679'868'000);
    EXPECT_EQ(zone("UTC").show(-1), "1969-12-31T23:59:59+00:00");
    EXPECT_EQ(zone("UTC").show(4'102'444'800), "2100-01-01T00:00:00+00:00");
    EXPECT_EQ(zone("UTC").show(std::int64_t{1} << 62), "@4611686018427387904");
}

TEST(TimeZone, KnowsNoOtherNames) {
    for (const char* name : {"", "Europe/Mechelen", "/etc/localtime", "../Europe/Brussels", "Europe/../UTC", ":UTC",
                             "+02:00", "Europe/Brussels\n"}) {
        const auto found = TimeZone::find(name);
        ASSERT_FALSE(found) << name;
        EXPECT_NE(found.error().find("Europe/Brussels"), std::string::npos);
    }
}

}  // namespace
}  // namespace sluis
