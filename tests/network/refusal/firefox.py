"""Firefox, told to use HTTP/3 for a site that it has heard nothing of."""

import json

PREFERENCES = {
    "network.http.http3.enable": True,
    "network.http.http3.force-use-alt-svc-mapping-for-testing": True,
    "network.trr.mode": 5,  # no resolver but the system's
    # Nothing that it does of itself is to be among what is seen.
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "app.normandy.enabled": False,
    "services.settings.server": "http://127.0.0.1:9",
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "dom.security.https_first": False,
}


def visit(folder, host, address):
    """A command that opens https://`host`/ at `address`, without a memory of other visits, and stays."""
    profile = folder / "profile"
    profile.mkdir(parents=True)
    preferences = {**PREFERENCES, "network.dns.forceResolve": address,
                   "network.http.http3.alt-svc-mapping-for-testing": f"{host};h3=:443"}
    (profile / "user.js").write_text("".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
                                             for name, value in preferences.items()))
    return ["env", f"HOME={folder}", "MOZ_HEADLESS=1", "MOZ_DISABLE_CONTENT_SANDBOX=1", "firefox-esr", "--no-remote", "--profile",
            str(profile), f"https://{host}/"]
