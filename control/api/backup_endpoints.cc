#include <string>

#include "control/api/content.h"
#include "control/api/endpoints.h"
#include "control/api/job_answer.h"
#include "control/api/job_queue.h"
#include "control/backup/backup_keeper.h"

namespace sluis {

Response post_backup(Request& request, Services& services) {
    const auto order = read_backup_order(request);
    if (!order) return refusal(order.error());
    if (const auto problem = judge_comment(order->comment())) return refusal(*problem);
    BackupKeeper& backups = services.backups;
    const BackupWish wish{request.caller.name, order->comment(), order->keys()};
    return accepted(request, services.jobs, "backup.make", [&backups, wish] { return backups.make(wish); });
}

Response get_backup(Request&, Services& services) {
    const auto backup = services.backups.last();
    if (!backup) return refusal({404, "there is no backup, or not any more; make one by POST", ""});
    return reply_text(kTar, *backup);
}

}  // namespace sluis
