#include "control/notice/notice_text.h"

#include <array>
#include <charconv>

namespace sluis {
namespace {

constexpr std::array<NoticeText, kNoticeLanguages> kTexts{
    NoticeText{
        .language = "Nederlands",
        .languages = "Taal",
        .title = "TikTok is op dit netwerk geblokkeerd",
        .lead = "{} laat TikTok op dit netwerk niet toe. Wat u opende, hoort bij TikTok; daarom is de verbinding "
                "geweigerd.",
        .no_fault = "Er is niets mis met uw toestel, en u hoeft niets te doen.",
        .what_heading = "Wat is geblokkeerd?",
        .what = "De website en de app van TikTok, en de servers die ze nodig hebben. Deze regel verandert niets aan "
                "andere websites en apps.",
        .why_heading = "Waarom?",
        .why = "Het is een regel van {} voor dit netwerk. Hij gaat over een app, niet over u.",
        .rule_link = "Lees de regel",
        .from = "Geldt sinds",
        .review_by = "Wordt herbekeken vóór",
        .until = "Geldt niet meer vanaf",
        .kept_heading = "Wat wordt over u bewaard?",
        .nothing = "Niets.",
        .kept = "Deze pagina bewaart niets over uw bezoek, plaatst geen cookies en laadt niets van anderen.",
        .counted = "De filter telt wat hij weigert; hij noteert niet wie u bent.",
        .recorded = "De filter zelf noteert tot {} welk toestel werd geweigerd. De helpdesk weet waarom.",
        .help_heading = "Vragen?",
        .help = "Neem contact op met:",
        .help_link = "Naar de helpdesk",
    },
    NoticeText{
        .language = "Français",
        .languages = "Langue",
        .title = "TikTok est bloqué sur ce réseau",
        .lead = "{} n’autorise pas TikTok sur ce réseau. Ce que vous avez ouvert fait partie de TikTok\u00a0; la "
                "connexion a donc été refusée.",
        .no_fault = "Votre appareil fonctionne normalement, et vous n’avez rien à faire.",
        .what_heading = "Qu’est-ce qui est bloqué\u00a0?",
        .what = "Le site et l’application de TikTok, ainsi que les serveurs dont ils ont besoin. Cette règle ne change "
                "rien aux autres sites et applications.",
        .why_heading = "Pourquoi\u00a0?",
        .why = "C’est une règle de {} pour ce réseau. Elle vise une application, pas vous.",
        .rule_link = "Lire la règle",
        .from = "En vigueur depuis le",
        .review_by = "Sera réexaminée avant le",
        .until = "Ne s’applique plus à partir du",
        .kept_heading = "Que conserve-t-on à votre sujet\u00a0?",
        .nothing = "Rien.",
        .kept = "Cette page ne conserve rien de votre visite, ne dépose pas de cookies et ne charge rien "
                "d’ailleurs.",
        .counted = "Le filtre compte ce qu’il refuse\u00a0; il ne note pas qui vous êtes.",
        .recorded = "Jusqu’au {}, le filtre lui-même note quel appareil a été refusé. Le service d’assistance sait "
                    "pourquoi.",
        .help_heading = "Des questions\u00a0?",
        .help = "Adressez-vous à\u00a0:",
        .help_link = "Vers le service d’assistance",
    },
    NoticeText{
        .language = "Deutsch",
        .languages = "Sprache",
        .title = "TikTok ist in diesem Netz gesperrt",
        .lead = "{} lässt TikTok in diesem Netz nicht zu. Was Sie geöffnet haben, gehört zu TikTok; deshalb wurde die "
                "Verbindung abgelehnt.",
        .no_fault = "Mit Ihrem Gerät ist alles in Ordnung, und Sie müssen nichts tun.",
        .what_heading = "Was ist gesperrt?",
        .what = "Die Website und die App von TikTok und die Server, die sie brauchen. An anderen Websites und Apps "
                "ändert diese Regel nichts.",
        .why_heading = "Warum?",
        .why = "Es ist eine Regel von {} für dieses Netz. Sie betrifft eine App, nicht Sie.",
        .rule_link = "Die Regel lesen",
        .from = "Gilt seit",
        .review_by = "Wird überprüft vor dem",
        .until = "Gilt nicht mehr ab",
        .kept_heading = "Was wird über Sie gespeichert?",
        .nothing = "Nichts.",
        .kept = "Diese Seite speichert nichts über Ihren Besuch, setzt keine Cookies und lädt nichts von "
                "anderen.",
        .counted = "Der Filter zählt, was er ablehnt; er vermerkt nicht, wer Sie sind.",
        .recorded = "Der Filter selbst vermerkt bis {}, welches Gerät abgelehnt wurde. Der Helpdesk weiß, warum.",
        .help_heading = "Fragen?",
        .help = "Wenden Sie sich an:",
        .help_link = "Zum Helpdesk",
    },
    NoticeText{
        .language = "English",
        .languages = "Language",
        .title = "TikTok is blocked on this network",
        .lead = "{} does not allow TikTok on this network. What you opened is part of TikTok, so the connection was "
                "refused.",
        .no_fault = "Nothing is wrong with your device, and there is nothing that you have to do.",
        .what_heading = "What is blocked?",
        .what = "TikTok’s website and app, and the servers that they need. This rule changes nothing for other "
                "websites and apps.",
        .why_heading = "Why?",
        .why = "It is a rule of {} for this network. It is about an app, not about you.",
        .rule_link = "Read the rule",
        .from = "In force since",
        .review_by = "To be reviewed before",
        .until = "No longer in force from",
        .kept_heading = "What is kept about you?",
        .nothing = "Nothing.",
        .kept = "This page keeps no record of your visit, sets no cookies and loads nothing from anyone else.",
        .counted = "The filter counts what it refuses; it does not note who you are.",
        .recorded = "Until {}, the filter itself notes which device was refused. The help desk knows why.",
        .help_heading = "Questions?",
        .help = "Please ask:",
        .help_link = "To the help desk",
    },
};

using Months = std::array<std::string_view, 12>;
constexpr std::array<Months, kNoticeLanguages> kMonths{
    Months{"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
           "november", "december"},
    Months{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
           "décembre"},
    Months{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
           "Dezember"},
    Months{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December"},
};

unsigned number(std::string_view digits) noexcept {
    unsigned value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

/// German has a point behind the day, French an ordinal for the first of a month.
std::string_view behind_day(unsigned day, NoticeLanguage language) noexcept {
    if (language == NoticeLanguage::de) return ".";
    return language == NoticeLanguage::fr && day == 1 ? "er" : "";
}

}  // namespace

const NoticeText& notice_text(NoticeLanguage language) noexcept { return kTexts[static_cast<std::size_t>(language)]; }

std::string written_date(std::string_view date, NoticeLanguage language) {
    const unsigned day = number(date.substr(8, 2));
    const std::string_view month = kMonths[static_cast<std::size_t>(language)][number(date.substr(5, 2)) - 1];
    std::string text = std::to_string(day);
    text += behind_day(day, language);
    text.append(" ").append(month).append(" ").append(std::to_string(number(date.substr(0, 4))));
    return text;
}

}  // namespace sluis
