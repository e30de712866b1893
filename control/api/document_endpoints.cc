#include <string>

#include "control/api/content.h"
#include "control/api/control_metrics.h"
#include "control/api/endpoints.h"
#include "control/api/event_metrics.h"
#include "control/api/openapi.h"
#include "control/observability/dataplane_metrics.h"
#include "dataplane/interface/config.h"

namespace sluis {
Response get_metrics(Request& request, Services& services) {
    MetricsText text;
    write_control_metrics(text, services);
    write_event_metrics(text, services);
    write_dataplane_metrics(text, services.observatory, services.config, Observatory::Clock::now());
    return reply_text(request.media_type, text.take());
}

Response get_openapi(Request& request, Services&) { return reply_text(request.media_type, std::string(kOpenApi)); }

}  // namespace sluis
