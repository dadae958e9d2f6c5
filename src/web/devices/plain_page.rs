//! The page for applications that have no own: HTML without styles and scripts, which any policy for content
//! lets through.

use std::fmt::{self, Write};

use poem::web::Html;
use poem::{IntoResponse, Response, Result};
use time::OffsetDateTime;
use time::macros::format_description;

use super::page::{Activity, Device, DevicesPage};
use crate::request::SignedIn;
use crate::session::Flash;
use crate::token::FormToken;

/// Shows the page, with the messages that wait in the queue.
pub(super) fn render(session: &SignedIn, page: &DevicesPage, queue: &str) -> Result<Response> {
    let messages = session.take_flash(queue)?;
    Ok(Html(Markup { page, messages: &messages }.to_string()).into_response())
}

struct Markup<'a> {
    page: &'a DevicesPage,
    messages: &'a [Flash],
}

impl fmt::Display for Markup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let page = self.page;
        f.write_str(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><title>Your devices</title></head>\
             <body><main><h1>Your devices</h1>",
        )?;
        for message in self.messages {
            write!(f, "<p role=\"status\">{}</p>", Text(&message.text))?;
        }
        f.write_str("<h2>Signed in</h2><ul>")?;
        for device in &page.live {
            self.live(f, device)?;
        }
        f.write_str("</ul>")?;
        if page.live.len() > 1 {
            self.form(f, &format!("{}/end-others", page.at), "Sign out all others")?;
        }
        list(f, "Signed out", &page.ended, past)?;
        list(f, "Lately", &page.activity, happened)?;
        f.write_str("</main></body></html>")
    }
}

impl Markup<'_> {
    fn live(&self, f: &mut fmt::Formatter<'_>, device: &Device) -> fmt::Result {
        f.write_str("<li>")?;
        facts(f, device)?;
        if device.is_current {
            f.write_str("<p>This one</p>")?;
        } else {
            write!(f, "<p>Last seen {}</p>", Instant(device.session.last_seen))?;
            let label = format!("Sign out {} {}", device.browser(), device.short());
            self.form(f, &format!("{}/{}/end", self.page.at, device.session.id), &label)?;
        }
        f.write_str("</li>")
    }

    fn form(&self, f: &mut fmt::Formatter<'_>, action: &str, label: &str) -> fmt::Result {
        let token = self.page.form_token.as_ref().map(FormToken::field).unwrap_or_default();
        let (action, label) = (Text(action), Text(label));
        write!(f, "<form method=\"post\" action=\"{action}\">{token}<button>{label}</button></form>")
    }
}

/// A list under its heading, if there is something in it.
fn list<T>(
    f: &mut fmt::Formatter<'_>,
    heading: &str,
    items: &[T],
    tell: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    write!(f, "<h2>{heading}</h2><ul>")?;
    for item in items {
        f.write_str("<li>")?;
        tell(f, item)?;
        f.write_str("</li>")?;
    }
    f.write_str("</ul>")
}

fn facts(f: &mut fmt::Formatter<'_>, device: &Device) -> fmt::Result {
    write!(f, "<h3>{} <code>{}</code></h3>", Text(&device.browser()), Text(&device.short()))?;
    if let Some(address) = device.session.client_ip {
        write!(f, "<p>Address {address}</p>")?;
    }
    write!(f, "<p>First seen {}</p>", Instant(device.first_seen()))
}

fn past(f: &mut fmt::Formatter<'_>, device: &Device) -> fmt::Result {
    facts(f, device)?;
    let Some((reason, at)) = &device.session.ended else { return Ok(()) };
    write!(f, "<p>Ended {}: {}</p>", Instant(*at), Text(reason.in_words()))
}

fn happened(f: &mut fmt::Formatter<'_>, activity: &Activity) -> fmt::Result {
    write!(f, "<p>{} {}", Instant(activity.at), Text(&activity.what))?;
    let origin = activity.origin().unwrap_or_default();
    write!(f, " {} <code>{}</code></p>", Text(&origin), Text(&activity.short()))
}

/// A text that is not HTML.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// A time in UTC, to the minute for people and to the second for scripts.
struct Instant(OffsetDateTime);

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minute = format_description!("[year]-[month]-[day] [hour]:[minute]");
        let second = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
        let utc = self.0.to_offset(time::UtcOffset::UTC);
        let (minute, second) = (utc.format(minute), utc.format(second));
        let (minute, second) = (minute.map_err(|_| fmt::Error)?, second.map_err(|_| fmt::Error)?);
        write!(f, "<time datetime=\"{second}\">{minute} UTC</time>")
    }
}
