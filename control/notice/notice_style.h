// The notice page's style sheet: fonts that the device has, light and dark, wide and narrow.
#pragma once

#include <string_view>

namespace sluis {

/// Contrast is 7:1 at least for text in both schemes (WCAG 2.2, 1.4.6); links are as high as a fingertip (2.5.8).
inline constexpr std::string_view kNoticeStyle = R"(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --link: #0a4a8f; --line: #6b7480; --band: #f1f4f8; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --ink: #eceff3; --link: #9cc8ff; --line: #8b95a3; --band: #1f262e; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.6 system-ui, sans-serif; overflow-wrap: break-word; hyphens: auto; }
header, main { max-width: 42rem; margin: 0 auto; padding: 1rem 1.25rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; margin: 0; padding: 0; list-style: none; }
a { color: var(--link); text-underline-offset: 0.2em; }
nav a { display: inline-block; padding: 0.5rem 0; min-width: 2rem; }
nav a[aria-current] { color: var(--ink); font-weight: 600; text-decoration: none; }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 3px; }
h1 { font-size: clamp(1.6rem, 6vw, 2.2rem); line-height: 1.2; margin: 0.5rem 0 1rem; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 2rem 0 0.25rem; }
p { margin: 0 0 0.75rem; }
.lead { font-size: 1.2rem; }
dl { margin: 1rem 0 0; padding: 0.75rem 1rem; background: var(--band); border-inline-start: 4px solid var(--line); }
dl div { display: flex; flex-wrap: wrap; gap: 0 0.75rem; }
dt { flex: 0 1 14rem; }
dd { margin: 0; font-weight: 600; }
@media print { nav { display: none; } }
)";

}  // namespace sluis
