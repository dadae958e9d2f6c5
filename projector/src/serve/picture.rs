//! A session's events as a picture: a lane for each matter, along a common axis of time.
//!
//! Places are in percent, heights in pixels: so the picture fits any screen, and its texts keep their size.

use askama::Template;
use session_ledger::session::{Event, Recorded};
use time::OffsetDateTime;

use super::scale::{Scale, Tick, percent};
use super::told;
use super::when::Instant;

/// Marks of a kind that are nearer than this, in percent, are drawn as one.
const NEAR: f64 = 0.8;

/// The height of a lane with its name, in pixels.
const LANE_HEIGHT: u32 = 46;

/// The part of it that the name takes.
const NAME_HEIGHT: u32 = 18;

/// The room for the times below the lanes.
const FOOT_HEIGHT: u32 = 26;

/// What happened in a session, as a picture.
#[derive(Template)]
#[template(path = "picture.html")]
pub(super) struct Picture {
    lanes: Vec<Lane>,
    ticks: Vec<Tick>,
    height: u32,
    foot: u32,
    /// For those who do not see it.
    summary: String,
    from: Instant,
    until: Instant,
}

struct Lane {
    name: &'static str,
    name_y: u32,
    /// Where marks stand.
    y: u32,
    bands: Vec<Band>,
    marks: Vec<Mark>,
}

/// Something that lasts.
struct Band {
    class: &'static str,
    x: String,
    width: String,
    y: u32,
    text: String,
    /// Whether the text fits into it: everywhere, only on a wide screen, or nowhere.
    fits: Fits,
}

/// Where a text fits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fits {
    Everywhere,
    WideScreens,
    Nowhere,
}

/// Something that happens: one event, or several that are close together.
struct Mark {
    symbol: &'static str,
    place: f64,
    x: String,
    count: u32,
    title: String,
}

/// The matters, from top to bottom.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matter {
    Life,
    SignedIn,
    ActsAs,
    Tokens,
    Changes,
    Facts,
}

const LANES: [(Matter, &str); 6] = [
    (Matter::Life, "Session"),
    (Matter::SignedIn, "Signed in"),
    (Matter::ActsAs, "Acts as"),
    (Matter::Tokens, "Tokens"),
    (Matter::Changes, "Changes"),
    (Matter::Facts, "Facts"),
];

impl Picture {
    /// The picture of events that follow each other in one session; none without any.
    pub(super) fn of(events: &[Recorded]) -> Option<Self> {
        let (first, last) = (events.first()?.entry.occurred_at, events.last()?.entry.occurred_at);
        let scale = Scale::of(first, last);
        let mut lanes: Vec<(Matter, Lane)> = Vec::new();
        for (matter, name) in LANES {
            let (bands, marks) = (bands(matter, events, &scale), marks(matter, events, &scale));
            if bands.is_empty() && marks.is_empty() {
                continue;
            }
            let top = lanes.len() as u32 * LANE_HEIGHT;
            let y = top + NAME_HEIGHT + (LANE_HEIGHT - NAME_HEIGHT) / 2;
            let bands = bands.into_iter().map(|band| Band { y: y - 10, ..band }).collect();
            lanes.push((matter, Lane { name, name_y: top + 13, y, bands, marks }));
        }
        let foot = lanes.len() as u32 * LANE_HEIGHT + 4;
        Some(Self {
            summary: summary(events),
            lanes: lanes.into_iter().map(|(_, lane)| lane).collect(),
            ticks: scale.ticks(),
            height: foot + FOOT_HEIGHT,
            foot,
            from: first.into(),
            until: last.into(),
        })
    }
}

/// The matter of an event and its symbol; a login and an end also are marks of the session itself.
fn drawn(recorded: &Recorded) -> (Matter, &'static str) {
    match recorded.entry.event() {
        Err(_) => (Matter::Facts, "bad"),
        Ok(event) => match event {
            Event::Started(_) => (Matter::Life, "start"),
            Event::LoggedIn(_) => (Matter::SignedIn, "login"),
            Event::Reauthenticated(_) => (Matter::SignedIn, "proof"),
            Event::ValueSet(_) | Event::ValueRemoved(_) | Event::Cleared(_) | Event::SettingsChanged(_) => {
                (Matter::Changes, "change")
            }
            Event::FlashAdded(_) | Event::FlashTaken(_) => (Matter::Changes, "message"),
            Event::RenewalOffered(_) => (Matter::Tokens, "offer"),
            Event::Renewed(_) => (Matter::Tokens, "renewal"),
            Event::ImpersonationStarted(_) | Event::ImpersonationEnded(_) => (Matter::ActsAs, "proof"),
            Event::ClientChanged(_) => (Matter::Facts, "warning"),
            Event::DeviceSeen(seen) => (Matter::Facts, if seen.is_new { "warning" } else { "fact" }),
            Event::FactorChanged(_) | Event::GrantGiven(_) | Event::GrantTaken(_) | Event::Noted(_) => {
                (Matter::Facts, "fact")
            }
            Event::Ended(_) => (Matter::Life, "end"),
            Event::Unknown(_) => (Matter::Facts, "bad"),
            // A kind of a later version.
            _ => (Matter::Facts, "fact"),
        },
    }
}

fn marks(matter: Matter, events: &[Recorded], scale: &Scale) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    for recorded in events {
        let (its_matter, symbol) = drawn(recorded);
        if its_matter != matter {
            continue;
        }
        let place = scale.place(recorded.entry.occurred_at);
        let near = marks.iter_mut().rev().find(|mark| mark.symbol == symbol && place - mark.place < NEAR);
        match near {
            Some(mark) => {
                mark.count += 1;
                mark.title = told::count(mark.count.into(), "event");
            }
            None => {
                let title = told::event(&recorded.entry);
                marks.push(Mark { symbol, place, x: percent(place), count: 1, title });
            }
        }
    }
    marks
}

/// What lasts: the session, who is signed in, and as whom they act.
fn bands(matter: Matter, events: &[Recorded], scale: &Scale) -> Vec<Band> {
    let class = match matter {
        Matter::Life => "life",
        Matter::SignedIn => "user",
        Matter::ActsAs => "acting",
        Matter::Tokens | Matter::Changes | Matter::Facts => return Vec::new(),
    };
    let mut spans: Vec<(String, OffsetDateTime, OffsetDateTime)> = Vec::new();
    let mut open = false;
    for recorded in events {
        let entry = &recorded.entry;
        let ends = matches!(entry.event(), Ok(Event::Ended(_)));
        // Who acts as somebody else is the actor of the session's events.
        let acts = entry.actor.is_some() && !ends;
        let present = match matter {
            _ if ends => None,
            Matter::Life => Some(String::new()),
            Matter::SignedIn if acts => entry.actor.as_ref().map(ToString::to_string),
            Matter::SignedIn => entry.user.as_ref().map(ToString::to_string),
            _ => entry.user.as_ref().filter(|_| acts).map(ToString::to_string),
        };
        if let Some((text, _, until)) = spans.last_mut().filter(|_| open) {
            *until = entry.occurred_at;
            open = present.as_ref() == Some(text);
        }
        if let (Some(text), false) = (present, open) {
            spans.push((text, entry.occurred_at, entry.occurred_at));
            open = true;
        }
    }
    spans
        .into_iter()
        .map(|(text, from, until)| {
            let (from, until) = (scale.place(from), scale.place(until));
            let width = (until - from).max(0.4);
            let length = text.chars().count() as f64;
            let fits = match width {
                width if width > length * 2.8 + 6.0 => Fits::Everywhere,
                width if width > length * 0.9 + 3.0 => Fits::WideScreens,
                _ => Fits::Nowhere,
            };
            let text = told::text(&text);
            Band { class, x: percent(from), width: percent(width), y: 0, text, fits }
        })
        .collect()
}

fn summary(events: &[Recorded]) -> String {
    let count = |symbols: &[&str]| {
        events.iter().filter(|recorded| symbols.contains(&drawn(recorded).1)).count() as u64
    };
    let counts = [
        (count(&["login"]), "login"),
        (count(&["renewal"]), "renewal"),
        (count(&["change"]), "change"),
        (count(&["fact", "warning"]), "fact"),
        (count(&["end"]), "end"),
    ];
    let told: Vec<_> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| told::count(*count, noun))
        .collect();
    format!(
        "{} along time: {}. The table below has all of them.",
        told::count(events.len() as u64, "event"),
        told.join(", ")
    )
}
