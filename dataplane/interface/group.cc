#include "dataplane/interface/group.h"

#include <grp.h>

#include <array>

namespace sluis {

tl::expected<gid_t, std::string> find_group(std::string_view key, const std::string& name) {
    std::array<char, 16384> room;
    group entry{};
    group* found = nullptr;
    if (::getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found) == 0 && found != nullptr)
        return found->gr_gid;
    return tl::unexpected(std::string(key) + ": there is no group \"" + name + "\"; name one that exists, or none");
}

}  // namespace sluis
