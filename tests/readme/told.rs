//! What a command tells, as far as it is the same each time.

use serde_json::Value;

/// The id in a list of one session.
pub(crate) fn session_of(sessions: &str) -> String {
    let list: Value = serde_json::from_str(sessions).unwrap();
    list[0]["session_id"].as_str().unwrap_or_else(|| panic!("no session in {sessions}")).to_owned()
}

/// The commands of a transcript and what each tells, with the session's id in place of the one that the
/// README shows.
pub(crate) fn conversation(transcript: &str, session: &str) -> Vec<(String, String)> {
    let shown = transcript.split_whitespace().find(|word| is_id(word)).expect("the README shows an id");
    let transcript = transcript.replace(shown, session);
    let talks = transcript.split("$ ").filter(|talk| !talk.is_empty());
    let talks = talks.map(|talk| talk.split_once('\n').expect("a command and its answer"));
    talks.map(|(command, told)| (command.to_owned(), told.to_owned())).collect()
}

/// Its words: without the space between columns, the day and time, and the version of curl.
pub(crate) fn told(text: &str) -> String {
    let words = text.split_whitespace().map(|word| match word {
        _ if is_time(word) => "TIME",
        _ if word.starts_with("curl/") => "curl/",
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

fn is_time(word: &str) -> bool {
    word.len() == "2026-11-22T21:00:33Z".len() && word.ends_with('Z') && word.as_bytes()[10] == b'T'
}

fn is_id(word: &str) -> bool {
    word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}
