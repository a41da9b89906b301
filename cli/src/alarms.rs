//! Security events that nobody has dismissed: said in every run on their state, so that no script overlooks them
//! (SPEC §7.6).

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};
use zegel::Event;
use zegel_store::{Noted, Store};

/// Says on standard error what is after number `last`, and gives the last number.
pub(crate) fn tell(store: &Store, path: &Path, last: u64) -> Result<u64> {
    let events = store.events()?;
    let mut news = events.iter().filter(|noted| noted.number > last).peekable();
    if news.peek().is_none() {
        return Ok(last);
    }
    news.for_each(|noted| eprintln!("zegel: {}", describe(noted)));
    eprintln!("zegel: once somebody has looked: zegel trust events --state {} --dismiss …", path.display());
    Ok(events.last().map_or(last, |noted| noted.number))
}

/// An event in one line.
pub(crate) fn describe(noted: &Noted) -> String {
    let (number, times) = (noted.number, noted.times);
    let what = match noted.event {
        Event::Conflict { stream, sequence } => {
            format!(
                "ALARM {number}: Conflict: two messages of {} under number {sequence}: a cloned key or a restored backup",
                stream.sender
            )
        }
        Event::Equivocation { id } => {
            format!("ALARM {number}: Equivocation: two cards or sessions of {id} claim one place")
        }
        // Who rotates his keys raises no alarm; whether he did, people can ask him.
        Event::KeyChanged { id, serial } => {
            format!("notice {number}: KeyChanged: {id} opens with other keys since its card {serial}")
        }
    };
    if times > 1 { format!("{what}; seen {times} times") } else { what }
}

/// An event for machines.
pub(crate) fn json(noted: &Noted) -> Value {
    let (number, times) = (noted.number, noted.times);
    match noted.event {
        Event::Conflict { stream, sequence } => json!({
            "number": number, "times": times, "event": "Conflict", "id": stream.sender.to_string(), "sequence": sequence
        }),
        Event::Equivocation { id } => {
            json!({ "number": number, "times": times, "event": "Equivocation", "id": id.to_string() })
        }
        Event::KeyChanged { id, serial } => json!({
            "number": number, "times": times, "event": "KeyChanged", "id": id.to_string(), "serial": serial
        }),
    }
}
