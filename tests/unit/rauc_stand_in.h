// In RAUC's place at the other end of a D-Bus connection, without a bus: two slots, and bundles that go well or do not.
#pragma once

#include <gio/gio.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sluis {

class RaucStandIn {
public:
    /// `path`: of its socket.
    explicit RaucStandIn(const std::string& path) : address_("unix:path=" + path), thread_([this] { run(); }) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return ready_; });
    }
    ~RaucStandIn() {
        g_main_loop_quit(loop_);
        thread_.join();
    }
    RaucStandIn(const RaucStandIn&) = delete;
    RaucStandIn& operator=(const RaucStandIn&) = delete;

    const std::string& address() const { return address_; }
    void set_booted_status(std::string status) {
        const std::lock_guard lock(mutex_);
        booted_status_ = std::move(status);
    }
    /// What becomes of the bundles that are installed next, in their order: an error, or empty.
    /// The slot that does not run came with the disk's image.
    void forget_version_of_other() {
        const std::lock_guard lock(mutex_);
        has_version_of_other_ = false;
    }
    void set_outcomes(std::deque<std::string> outcomes) {
        const std::lock_guard lock(mutex_);
        outcomes_ = std::move(outcomes);
    }
    std::vector<std::string> installed() const {
        const std::lock_guard lock(mutex_);
        return installed_;
    }

private:
    static constexpr const char* kDescription = R"xml(<node><interface name="de.pengutronix.rauc.Installer">
        <method name="InstallBundle"><arg type="s" direction="in"/><arg type="a{sv}" direction="in"/></method>
        <method name="Mark"><arg type="s" direction="in"/><arg type="s" direction="in"/>
            <arg type="s" direction="out"/><arg type="s" direction="out"/></method>
        <method name="GetSlotStatus"><arg type="a(sa{sv})" direction="out"/></method>
        <method name="GetPrimary"><arg type="s" direction="out"/></method>
        <property name="Operation" type="s" access="read"/><property name="LastError" type="s" access="read"/>
        <property name="Progress" type="(isi)" access="read"/><property name="Compatible" type="s" access="read"/>
        <property name="BootSlot" type="s" access="read"/></interface></node>)xml";

    void run() {
        GMainContext* context = g_main_context_new();
        g_main_context_push_thread_default(context);
        loop_ = g_main_loop_new(context, FALSE);
        node_ = g_dbus_node_info_new_for_xml(kDescription, nullptr);
        gchar* guid = g_dbus_generate_guid();
        GDBusServer* server =
            g_dbus_server_new_sync(address_.c_str(), G_DBUS_SERVER_FLAGS_NONE, guid, nullptr, nullptr, nullptr);
        g_free(guid);
        g_signal_connect(server, "new-connection", G_CALLBACK(greet), this);
        g_dbus_server_start(server);
        {
            const std::lock_guard lock(mutex_);
            ready_ = true;
        }
        changed_.notify_all();
        g_main_loop_run(loop_);
        g_dbus_server_stop(server);
        g_object_unref(server);
        for (GDBusConnection* connection : connections_) {
            g_dbus_connection_close_sync(connection, nullptr, nullptr);
            g_object_unref(connection);
        }
        g_dbus_node_info_unref(node_);
        g_main_loop_unref(loop_);
        g_main_context_pop_thread_default(context);
        g_main_context_unref(context);
    }

    static gboolean greet(GDBusServer*, GDBusConnection* connection, gpointer self) {
        static const GDBusInterfaceVTable kTable{answer, property, nullptr, {}};
        auto* me = static_cast<RaucStandIn*>(self);
        me->connections_.push_back(static_cast<GDBusConnection*>(g_object_ref(connection)));
        g_dbus_connection_register_object(connection, "/", me->node_->interfaces[0], &kTable, self, nullptr, nullptr);
        return TRUE;
    }

    static void answer(GDBusConnection*, const gchar*, const gchar*, const gchar*, const gchar* method,
                       GVariant* arguments, GDBusMethodInvocation* invocation, gpointer self) {
        auto* me = static_cast<RaucStandIn*>(self);
        const std::lock_guard lock(me->mutex_);
        const std::string name = method;
        const gchar *first = nullptr, *second = nullptr;
        if (name == "GetSlotStatus") return g_dbus_method_invocation_return_value(invocation, me->slots());
        if (name == "GetPrimary")
            return g_dbus_method_invocation_return_value(
                invocation, g_variant_new("(s)", me->installed_.empty() ? "rootfs.0" : "rootfs.1"));
        if (name == "Mark") {
            g_variant_get(arguments, "(&s&s)", &first, &second);
            me->booted_status_ = first;
            return g_dbus_method_invocation_return_value(invocation,
                                                         g_variant_new("(ss)", "rootfs.0", "marked slot rootfs.0"));
        }
        g_variant_get(arguments, "(&sa{sv})", &first, nullptr);
        me->installed_.emplace_back(first);
        me->looks_left_ = 3;
        me->last_error_.clear();
        if (!me->outcomes_.empty()) {
            me->last_error_ = me->outcomes_.front();
            me->outcomes_.pop_front();
        }
        g_dbus_method_invocation_return_value(invocation, nullptr);
    }

    static GVariant* property(GDBusConnection*, const gchar*, const gchar*, const gchar*, const gchar* which, GError**,
                              gpointer self) {
        auto* me = static_cast<RaucStandIn*>(self);
        const std::lock_guard lock(me->mutex_);
        const std::string name = which;
        if (name == "Operation") {
            const bool installing = me->looks_left_ > 0;
            me->looks_left_ -= installing;
            return g_variant_new_string(installing ? "installing" : "idle");
        }
        if (name == "LastError") return g_variant_new_string(me->last_error_.c_str());
        if (name == "Progress") return g_variant_new("(isi)", 40, "Copying image", 3);
        return g_variant_new_string(name == "Compatible" ? "sluis-desk" : "A");
    }

    GVariant* slots() const {
        GVariantBuilder list;
        g_variant_builder_init(&list, G_VARIANT_TYPE("a(sa{sv})"));
        for (const int number : {0, 1}) {
            GVariantBuilder slot;
            g_variant_builder_init(&slot, G_VARIANT_TYPE("a{sv}"));
            const auto put = [&slot](const char* key, const char* value) {
                g_variant_builder_add(&slot, "{sv}", key, g_variant_new_string(value));
            };
            put("bootname", number == 0 ? "A" : "B");
            put("state", number == 0 ? "booted" : "inactive");
            put("boot-status", number == 0 ? booted_status_.c_str() : "bad");
            if (number == 1 && has_version_of_other_) put("bundle.version", "0.2.0");
            g_variant_builder_add(&list, "(sa{sv})", number == 0 ? "rootfs.0" : "rootfs.1", &slot);
        }
        return g_variant_new("(a(sa{sv}))", &list);
    }

    std::string address_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool ready_ = false;
    GMainLoop* loop_ = nullptr;
    GDBusNodeInfo* node_ = nullptr;
    std::vector<GDBusConnection*> connections_;
    bool has_version_of_other_ = true;
    std::string booted_status_ = "good", last_error_;
    int looks_left_ = 0;
    std::deque<std::string> outcomes_;
    std::vector<std::string> installed_;
    std::thread thread_;
};

}  // namespace sluis
