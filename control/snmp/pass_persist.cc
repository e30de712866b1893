#include "control/snmp/pass_persist.h"

#include <istream>
#include <ostream>
#include <string>

namespace sluis {
namespace {

/// The next line, without its end; too long a one is empty. False at the end.
bool read_line(std::istream& in, std::string& line) {
    line.clear();
    bool is_too_long = false;
    for (int byte = in.get(); byte != std::istream::traits_type::eof(); byte = in.get()) {
        if (byte == '\n') {
            if (is_too_long) line.clear();
            return true;
        }
        if (line.size() == kPassLineLimit)
            is_too_long = true;
        else
            line.push_back(static_cast<char>(byte));
    }
    return false;
}

void answer(std::ostream& out, const MibView& view, MibView::const_iterator found) {
    if (found == view.end())
        out << "NONE\n";
    else
        out << oid_text(found->first) << "\n" << found->second.type << "\n" << found->second.text << "\n";
}

void answer_get(std::ostream& out, const MibView& view, const std::string& text) {
    const auto oid = parse_oid(text);
    answer(out, view, oid ? view.find(*oid) : view.end());
}

void answer_get_next(std::ostream& out, const MibView& view, const std::string& text) {
    const auto oid = parse_oid(text);
    answer(out, view, oid ? view.upper_bound(*oid) : view.end());
}

}  // namespace

void serve_pass_persist(std::istream& in, std::ostream& out, const std::function<const MibView&()>& view) {
    std::string order, oid, value;
    while (out && read_line(in, order)) {
        if (order == "PING") {
            out << "PONG\n";
        } else if (order == "get" || order == "getnext") {
            if (!read_line(in, oid)) return;
            (order == "get" ? answer_get : answer_get_next)(out, view(), oid);
        } else if (order == "set") {
            if (!read_line(in, oid) || !read_line(in, value)) return;
            out << "not-writable\n";
        } else if (order.empty()) {
            return;  // the agent's way to say goodbye
        } else {
            out << "NONE\n";
        }
        out.flush();
    }
}

}  // namespace sluis
