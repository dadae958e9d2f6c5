//! The console's style, script and icon. Their addresses change with their content, so browsers keep them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use poem::http::header;
use poem::{Response, handler};

const STYLE: &str = include_str!("../../static/console.css");
const SCRIPT: &str = include_str!("../../static/console.js");
const ICON: &str = include_str!("../../static/icon.svg");

static STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| address("/console.css", STYLE));
static SCRIPT_ADDRESS: LazyLock<String> = LazyLock::new(|| address("/console.js", SCRIPT));

pub(super) fn style_address() -> &'static str {
    &STYLE_ADDRESS
}

pub(super) fn script_address() -> &'static str {
    &SCRIPT_ADDRESS
}

fn address(path: &str, text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{path}?v={:016x}", hasher.finish())
}

#[handler]
pub(super) fn style() -> Response {
    file("text/css; charset=utf-8", STYLE)
}

#[handler]
pub(super) fn script() -> Response {
    file("text/javascript; charset=utf-8", SCRIPT)
}

#[handler]
pub(super) fn icon() -> Response {
    file("image/svg+xml", ICON)
}

fn file(kind: &str, text: &'static str) -> Response {
    let kept = "public, max-age=31536000, immutable";
    Response::builder().content_type(kind).header(header::CACHE_CONTROL, kept).body(text)
}
