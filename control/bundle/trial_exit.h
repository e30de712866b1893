// How sluis-rule-trial ends.
#pragma once

namespace sluis {

inline constexpr int kTrialExitAnswered = 0;  ///< a TrialReply was written, good or bad
inline constexpr int kTrialExitUsage = 2;
inline constexpr int kTrialExitMemory = 3;  ///< an allocation failed
inline constexpr int kTrialExitInput = 4;   ///< no TrialRequest came, or the answer could not be written

}  // namespace sluis
