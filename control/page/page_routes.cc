#include "control/page/page_routes.h"

#include <algorithm>

#include "control/api/content.h"

namespace sluis {
namespace {

/// Scripts, styles and questions only from and to the box itself, and no markup that scripts make of texts.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

Response get_page_file(Request& request, Services&) {
    const auto files = page_files();
    const auto file =
        std::find_if(files.begin(), files.end(), [&](const PageFile& each) { return each.path == request.head.path; });
    if (file == files.end()) return refusal({404, "there is nothing at this path", ""});
    Response response = reply_text(file->media_type, std::string(file->content));
    response.etag = file->etag;
    response.content_policy = kPagePolicy;
    return response;
}

}  // namespace

std::vector<Route> with_page(std::span<const Route> api) {
    std::vector<Route> routes(api.begin(), api.end());
    for (const PageFile& file : page_files())
        routes.push_back(
            {Method::get, file.path, Role::read, BodyForm::none, std::span(&file.media_type, 1), {}, get_page_file});
    return routes;
}

}  // namespace sluis
