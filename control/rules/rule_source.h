// The rule source: what people write, read and review. TOML files, one category a file:
//
//   category = "tiktok"
//   default = "on"                      # enforced unless the policy says otherwise
//   comment = "The TikTok app and site"
//   source = "public lists"             # of rules that name none of their own
//
//   suffix = [                          # the name itself and all below it
//       { name = "tiktok.com", comment = "site and API" },
//   ]
//   exact = [                           # the name itself
//       { name = "use-application-dns.net", comment = "canary" },
//   ]
//   prefix = [                          # addresses: of the network outside
//       { name = "192.0.2.0/24", comment = "AS64496" },
//   ]
//   [[regex]]                           # see name_regex.h
//   name = "akamai-dash"                # what events call the rule
//   comment = "CDN host"
//   pattern = ['([a-z0-9]+-)*tiktokcdn-com', '\.akamaized\.net$']    # one text, or the parts of a long one
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/match/rule_set.h"

namespace sluis {

struct SourceCategory {
    std::string name;
    bool default_on = false;
    std::string comment;
    bool allows = false;  ///< its names pass, whatever other rules say. Of a box's own policy: no rule file says it
};

struct SourceRule {
    RuleKind kind = RuleKind::suffix;
    std::string name;        ///< normalised (suffix, exact, prefix), or what a regex is called
    std::string expression;  ///< for the matching engine; its matches lie within one name and end with its newline.
                             ///< Empty for a prefix
    std::uint16_t category = 0;
    std::string comment;   ///< why, for people
    std::string source;    ///< where it is known from
    std::string location;  ///< file:line:column
};

struct RuleSource {
    std::vector<SourceCategory> categories;
    std::vector<SourceRule> rules;
};

/// Reads files, and of directories the files named *.toml. The errors are one line each, all that were found:
/// file:line:column, what is wrong, and what to do.
tl::expected<RuleSource, std::vector<std::string>> read_rule_source(const std::vector<std::string>& paths);

/// What the engine looks for: a normalised name (exact), or it and all below it (suffix).
std::string literal_expression(RuleKind kind, std::string_view name);

/// Adds the rules of one file's text to `source`, and what is wrong with it to `errors`. `file` names it in locations.
void read_rule_text(std::string_view text, const std::string& file, RuleSource& source,
                    std::vector<std::string>& errors);

}  // namespace sluis
