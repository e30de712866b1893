// Manual pages in man(7) form.
#pragma once

#include <string>
#include <string_view>

namespace sluis {

/// `text` as it is: nothing in it is a request or an escape.
std::string roff(std::string_view text);
/// `text` with its lines and spaces kept.
std::string roff_block(std::string_view text);
/// The title line and NAME. `what`: a few words.
std::string manual_head(std::string_view page, int section, std::string_view what);
/// SEE ALSO with every other page of ours.
std::string manual_tail(std::string_view page);

/// The page of a program by what its --help prints, or of a file by an example of it; empty for an unknown one. Of
/// sluis.toml the text is made here.
std::string program_manual(std::string_view page, std::string_view text);

}  // namespace sluis
