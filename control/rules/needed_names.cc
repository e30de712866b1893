#include "control/rules/needed_names.h"

#include <array>

namespace sluis {
namespace {

constexpr auto kNeededNames = std::to_array<std::string_view>(
    {// Of tests and documents (RFC 2606, RFC 6761, RFC 5737).
     "example.com", "www.example.org", "localhost", "a.example.net", "local", "home.arpa", "192.0.2.1",
     // Top-level domains, and public suffixes of registries.
     "com", "net", "org", "info", "biz", "edu", "gov", "mil", "int", "arpa", "eu", "uk", "de", "fr", "nl", "be", "lu",
     "at", "ch", "it", "es", "pt", "pl", "se", "no", "dk", "fi", "ie", "cz", "sk", "hu", "ro", "bg", "hr", "si", "gr",
     "ee", "lv", "lt", "mt", "cy", "us", "ca", "mx", "br", "ar", "cl", "co", "jp", "kr", "cn", "tw", "hk", "sg", "in",
     "id", "my", "th", "vn", "ph", "tr", "sa", "ae", "il", "za", "ng", "ke", "eg", "au", "nz", "ru", "ua", "io", "me",
     "tv", "cc", "ly", "app", "dev", "ai", "cloud", "online", "shop", "xyz", "site", "asia", "co.uk", "org.uk", "ac.uk",
     "gov.uk", "com.au", "net.au", "org.au", "co.nz", "co.jp", "ne.jp", "or.jp", "co.kr", "or.kr", "com.br", "com.mx",
     "com.ar", "com.tr", "com.sg", "com.my", "com.hk", "com.tw", "com.cn", "com.vn", "com.ph", "com.sa", "com.eg",
     "co.in", "co.id", "co.th", "co.za", "co.il", "com.pl", "com.es", "com.gr", "com.cy", "com.mt", "com.ua", "gov.be",
     "ac.be", "europa.eu", "belgium.be",
     // The domain name system, time and certificates.
     "in-addr.arpa", "ip6.arpa", "resolver.arpa", "ipv4only.arpa", "root-servers.net", "gtld-servers.net", "iana.org",
     "icann.org", "ripe.net", "arin.net", "apnic.net", "dns.be", "eurid.eu", "dnsbelgium.be", "awsdns-00.com",
     "awsdns-00.net", "awsdns-00.org", "awsdns-00.co.uk", "azure-dns.com", "ns.cloudflare.com", "nsone.net",
     "ultradns.net", "domaincontrol.com", "ovh.net", "pool.ntp.org", "ntp.org", "time.apple.com", "time.windows.com",
     "time.google.com", "time.cloudflare.com", "letsencrypt.org", "lencr.org", "digicert.com", "globalsign.com",
     "sectigo.com", "comodoca.com", "usertrust.com", "entrust.net", "identrust.com", "amazontrust.com", "pki.goog",
     "verisign.com", "ocsp.apple.com",
     // Whether there is a network: what systems ask for.
     "connectivitycheck.gstatic.com", "connectivitycheck.android.com", "clients3.google.com", "captive.apple.com",
     "msftconnecttest.com", "msftncsi.com", "detectportal.firefox.com", "nmcheck.gnome.org",
     "connectivity-check.ubuntu.com",
     // Systems, updates, and the stores of apps.
     "google.com", "googleapis.com", "gstatic.com", "googleusercontent.com", "android.com", "play.google.com",
     "gvt1.com", "firebaseio.com", "apple.com", "icloud.com", "icloud-content.com", "mzstatic.com", "cdn-apple.com",
     "aaplimg.com", "apps.apple.com", "itunes.apple.com", "push.apple.com", "microsoft.com", "windows.com",
     "windowsupdate.com", "update.microsoft.com", "live.com", "office.com", "office.net", "office365.com",
     "microsoftonline.com", "outlook.com", "sharepoint.com", "msedge.net", "azure.com", "windows.net", "mozilla.org",
     "mozilla.net", "firefox.com", "debian.org", "ubuntu.com", "canonical.com", "redhat.com", "fedoraproject.org",
     "archlinux.org", "kernel.org", "opensuse.org", "alpinelinux.org", "snapcraft.io", "flathub.org", "samsung.com",
     "samsungcloud.com", "huawei.com", "xiaomi.com", "sony.com", "intel.com", "amd.com", "nvidia.com", "adobe.com",
     "oracle.com", "java.com",
     // Where software comes from.
     "github.com", "githubusercontent.com", "githubassets.com", "github.io", "gitlab.com", "gitlab.io", "bitbucket.org",
     "docker.com", "docker.io", "ghcr.io", "quay.io", "npmjs.com", "npmjs.org", "pypi.org", "pythonhosted.org",
     "crates.io", "rubygems.org", "maven.org", "nuget.org", "golang.org", "sourceforge.net", "gnu.org", "python.org",
     "stackoverflow.com",
     // Zones of content networks and hosters, in which each name is a customer's.
     "akamai.net", "akamaiedge.net", "akamaized.net", "akamaihd.net", "akadns.net", "akam.net", "edgekey.net",
     "edgesuite.net", "akamaitechnologies.com", "fastly.net", "fastlylb.net", "map.fastly.net", "cloudfront.net",
     "amazonaws.com", "s3.amazonaws.com", "elasticbeanstalk.com", "awsglobalaccelerator.com", "cloudflare.com",
     "cloudflare.net", "cdn.cloudflare.net", "cloudflare-dns.com", "workers.dev", "pages.dev", "azureedge.net",
     "azurefd.net", "azurewebsites.net", "cloudapp.net", "cloudapp.azure.com", "trafficmanager.net",
     "blob.core.windows.net", "appspot.com", "firebaseapp.com", "web.app", "run.app", "cloudfunctions.net",
     "storage.googleapis.com", "blogspot.com", "llnwd.net", "footprint.net", "edgecastcdn.net", "b-cdn.net",
     "cdn77.org", "gcdn.co", "kxcdn.com", "hwcdn.net", "stackpathdns.com", "incapdns.net", "impervadns.net",
     "cachefly.net", "jsdelivr.net", "unpkg.com", "cdnjs.com", "bootstrapcdn.com", "jquery.com", "netlify.app",
     "vercel.app", "herokuapp.com", "fly.dev", "onrender.com", "digitaloceanspaces.com", "ondigitalocean.app",
     "wordpress.com", "wixsite.com", "shopify.com", "myshopify.com", "myqcloud.com", "aliyuncs.com", "alicdn.com",
     "alikunlun.com", "kunlunsl.com", "wscdns.com", "wsdvs.com", "cdngslb.com", "qiniudns.com", "onelink.me",
     "app.link", "appsflyersdk.com", "uptodown.com", "aptoide.com", "ovhcloud.com", "hetzner.com", "your-server.de",
     "scaleway.com",
     // Public services, payment, and operators.
     "wikipedia.org", "wikimedia.org", "archive.org", "recaptcha.net", "hcaptcha.com", "zoom.us", "webex.com",
     "slack.com", "atlassian.net", "dropbox.com", "salesforce.com", "paypal.com", "stripe.com", "visa.com",
     "mastercard.com", "telenet.be", "proximus.be", "orange.be", "skynet.be", "kbc.be", "belfius.be", "itsme-id.com",
     "bpost.be", "vrt.be", "rtbf.be", "brussels.be", "vlaanderen.be", "irisnet.be", "fgov.be"});

}  // namespace

std::span<const std::string_view> needed_names() noexcept { return kNeededNames; }

}  // namespace sluis
