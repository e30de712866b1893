#include "control/firmware/rauc_client.h"

#include <gio/gio.h>

#include <string_view>
#include <utility>

#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

constexpr const char* kObject = "/";
constexpr const char* kInstaller = "de.pengutronix.rauc.Installer";
constexpr const char* kProperties = "org.freedesktop.DBus.Properties";
constexpr int kPatience = 30'000;  ///< milliseconds for an answer

struct FreeError {
    void operator()(GError* error) const { g_error_free(error); }
};
struct FreeText {
    void operator()(char* text) const { g_free(text); }
};
struct FreeVariant {
    void operator()(GVariant* variant) const { g_variant_unref(variant); }
};
using Error = std::unique_ptr<GError, FreeError>;
using Text = std::unique_ptr<char, FreeText>;
using Variant = std::unique_ptr<GVariant, FreeVariant>;

/// An error of GLib, or one that the other side sent, without D-Bus's name for it.
std::string words_of(GError* raw) {
    const Error error(raw);
    if (error == nullptr) return "unknown error";
    g_dbus_error_strip_remote_error(error.get());
    return one_line(error->message);
}

/// `arguments` is taken; it may be null. `type`: what the answer has to be.
tl::expected<Variant, std::string> call(_GDBusConnection* connection, const std::string& name, const char* interface,
                                        const char* method, GVariant* arguments, const char* type) {
    GError* error = nullptr;
    GVariant* answer = g_dbus_connection_call_sync(connection, name.empty() ? nullptr : name.c_str(), kObject,
                                                   interface, method, arguments, G_VARIANT_TYPE(type),
                                                   G_DBUS_CALL_FLAGS_NONE, kPatience, nullptr, &error);
    if (answer == nullptr) return tl::unexpected(words_of(error));
    return Variant(answer);
}

/// A text of an a{sv}; empty when it is not there.
std::string text_in(GVariant* dictionary, const char* key) {
    const char* value = nullptr;
    return g_variant_lookup(dictionary, key, "&s", &value) != FALSE ? value : "";
}

FirmwareSlot slot_of(GVariant* pair) {
    const Variant name(g_variant_get_child_value(pair, 0)), values(g_variant_get_child_value(pair, 1));
    return {.name = g_variant_get_string(name.get(), nullptr),
            .boot_name = text_in(values.get(), "bootname"),
            .state = text_in(values.get(), "state"),
            .boot_status = text_in(values.get(), "boot-status"),
            .version = text_in(values.get(), "bundle.version"),
            .installed = text_in(values.get(), "installed.timestamp")};
}

}  // namespace

void RaucClient::Unref::operator()(_GDBusConnection* connection) const { g_object_unref(connection); }

tl::expected<RaucClient, std::string> RaucClient::connect(const RaucAddress& address) {
    GError* error = nullptr;
    std::string bus = address.bus;
    if (bus.empty()) {
        const Text found(g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, nullptr, &error));
        if (found == nullptr) return tl::unexpected("no system bus: " + words_of(error));
        bus = found.get();
    }
    const auto flags = static_cast<GDBusConnectionFlags>(
        G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
        (address.name.empty() ? G_DBUS_CONNECTION_FLAGS_NONE : G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION));
    Connection connection(g_dbus_connection_new_for_address_sync(bus.c_str(), flags, nullptr, nullptr, &error));
    if (connection == nullptr) return tl::unexpected("no connection to " + bus + ": " + words_of(error));
    return RaucClient(std::move(connection), address.name);
}

tl::expected<FirmwareSlots, std::string> RaucClient::slots() const {
    _GDBusConnection* const connection = connection_.get();
    const auto properties = call(connection, name_, kProperties, "GetAll", g_variant_new("(s)", kInstaller), "(a{sv})");
    if (!properties) return tl::unexpected(properties.error());
    const auto listed = call(connection, name_, kInstaller, "GetSlotStatus", nullptr, "(a(sa{sv}))");
    if (!listed) return tl::unexpected(listed.error());
    const Variant values(g_variant_get_child_value(properties->get(), 0));
    const Variant array(g_variant_get_child_value(listed->get(), 0));
    FirmwareSlots slots{.compatible = text_in(values.get(), "Compatible"),
                        .booted = text_in(values.get(), "BootSlot"),
                        .primary = "",
                        .slots = {}};
    for (gsize i = 0; i < g_variant_n_children(array.get()); ++i)
        slots.slots.push_back(slot_of(Variant(g_variant_get_child_value(array.get(), i)).get()));
    // It fails where no slot is good: on the first start of a new box.
    if (const auto primary = call(connection, name_, kInstaller, "GetPrimary", nullptr, "(s)")) {
        const Variant name(g_variant_get_child_value(primary->get(), 0));
        slots.primary = g_variant_get_string(name.get(), nullptr);
    }
    return slots;
}

tl::expected<FirmwareProgress, std::string> RaucClient::progress() const {
    const auto properties =
        call(connection_.get(), name_, kProperties, "GetAll", g_variant_new("(s)", kInstaller), "(a{sv})");
    if (!properties) return tl::unexpected(properties.error());
    const Variant values(g_variant_get_child_value(properties->get(), 0));
    FirmwareProgress progress;
    progress.installing = text_in(values.get(), "Operation") == "installing";
    progress.last_error = one_line(text_in(values.get(), "LastError"));
    const char* step = nullptr;
    gint32 percent = 0, depth = 0;
    if (g_variant_lookup(values.get(), "Progress", "(i&si)", &percent, &step, &depth) != FALSE) {
        progress.percent = percent;
        progress.step = one_line(step);
    }
    return progress;
}

tl::expected<void, std::string> RaucClient::install(const std::string& source) const {
    GVariantBuilder none;
    g_variant_builder_init(&none, G_VARIANT_TYPE("a{sv}"));
    const auto begun = call(connection_.get(), name_, kInstaller, "InstallBundle",
                            g_variant_new("(sa{sv})", source.c_str(), &none), "()");
    if (!begun) return tl::unexpected(begun.error());
    return {};
}

tl::expected<std::string, std::string> RaucClient::mark_good() const {
    const auto marked =
        call(connection_.get(), name_, kInstaller, "Mark", g_variant_new("(ss)", "good", "booted"), "(ss)");
    if (!marked) return tl::unexpected(marked.error());
    const Variant words(g_variant_get_child_value(marked->get(), 1));
    return one_line(g_variant_get_string(words.get(), nullptr));
}

}  // namespace sluis
