//! Decodes a message: its envelope, its errors, its legs one by one.

use super::super::{Context, Decoded, Fault, REPORTS_MAX, read};
use super::encoding::text_of;
use super::leg;
use super::sequence::Sequence;
use super::xml::{Child, Document, ELEMENTS_MAX, Element};
use chrono::{DateTime, Utc};
use domain::flight::Flight;

/// Decodes a `FlightLegNotifRQ` or a `FlightLegRS`. `Err` if it is neither, is not well-formed, or reports
/// an error of the airport; then nothing of it was accepted.
pub fn decode(body: &[u8], context: &Context) -> Result<Decoded, Fault> {
    let refused = |reason| Fault::message(reason, body);
    let text = text_of(body).map_err(refused)?;
    let mut document = Document::new(&text);
    let (kind, root) = message_root(&mut document).map_err(refused)?;
    let mut decoded = Decoded::default();
    let sent = sent(kind, &root, context, &mut decoded, body);
    let mut index = 0;
    while let Some(child) = document.next_child().map_err(refused)? {
        match child {
            Child::Whole(leg, _) if leg.name != "FlightLeg" => {
                aside(&leg, &mut decoded).map_err(refused)?;
            }
            Child::TooLarge(name, _) if name != "FlightLeg" => {}
            _ if index as usize == REPORTS_MAX => {
                return Err(refused(format!("has more than {REPORTS_MAX} legs")));
            }
            Child::Whole(leg, excerpt) => {
                leg::read(&leg, excerpt, index, sent, context, &mut decoded);
                index += 1;
            }
            Child::TooLarge(_, excerpt) => {
                decoded.fault(Fault {
                    index: Some(index),
                    field: None,
                    reason: format!("has more than {ELEMENTS_MAX} elements"),
                    excerpt: read::excerpt(excerpt.as_bytes()),
                });
                index += 1;
            }
        }
    }
    for uri in document.strangers {
        decoded.note(format_args!("extension {uri}"));
    }
    Ok(decoded)
}

/// How a message arrived.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pushed,
    Pulled,
}

fn message_root(document: &mut Document<'_>) -> Result<(Kind, Element), String> {
    let (name, root) = document.root()?;
    let shown = read::cut(&name, 60);
    let Some(root) = root else {
        return Err(format!("has the root element {shown:?}, which is not in AIDX's namespace"));
    };
    match name.as_str() {
        "IATA_AIDX_FlightLegNotifRQ" => Ok((Kind::Pushed, root)),
        "IATA_AIDX_FlightLegRS" => Ok((Kind::Pulled, root)),
        _ => Err(format!("is a {shown:?}; only FlightLegNotifRQ and FlightLegRS are read")),
    }
}

/// When a message was sent, and its order within that second.
#[derive(Clone, Copy)]
pub(super) struct Sent {
    pub(super) at: DateTime<Utc>,
    /// None in answers to a poll, which repeat the times of their legs.
    sequence: Sequence,
}

impl Sent {
    /// Largest delay in seconds between a leg's change and the message about that change.
    const NEWS_MAX_S: u64 = 2;

    /// The time of a leg's last change: `at`, parsed from `text`. The message's sequence number orders it
    /// within its second only if the message is about that change. A later message that repeats the leg,
    /// such as a repeated full state, contains nothing newer, and its higher number would cause every leg
    /// to be written again.
    pub(super) fn changed_at(self, text: &str, at: DateTime<Utc>) -> DateTime<Utc> {
        if self.at.timestamp().abs_diff(at.timestamp()) > Self::NEWS_MAX_S {
            return at;
        }
        self.sequence.within_second(text, at)
    }
}

/// The message's time, or the time of receipt if it has no valid one: a wrong clock of the sender should
/// not cost the legs.
fn sent(kind: Kind, root: &Element, context: &Context, decoded: &mut Decoded, body: &[u8]) -> Sent {
    let mut fault = |field: &str, reason: &str| {
        decoded.fault(Fault { field: Some(field.into()), ..Fault::message(reason, body) });
    };
    let sequence = match root.attribute("SequenceNmbr") {
        None => Sequence::NONE,
        Some(number) => Sequence::read(number).unwrap_or_else(|| {
            fault("SequenceNmbr", "is not a number; messages of one second are told apart by their times");
            Sequence::NONE
        }),
    };
    let latest = context.received_at + Flight::AHEAD_MAX;
    let stated = root.attribute("TimeStamp");
    let at = stated.and_then(|text| Some((text, read::past_or_local(text, context.zone, latest)?)));
    let at = match at {
        Some((text, at)) => sequence.within_second(text, at),
        None => {
            fault("TimeStamp", "is missing or not an instant; the time of receipt is taken");
            context.received_at
        }
    };
    Sent { at, sequence: if kind == Kind::Pushed { sequence } else { Sequence::NONE } }
}

/// Elements beside legs: `Errors` end the message, `Warnings` become faults of the whole message.
fn aside(element: &Element, decoded: &mut Decoded) -> Result<(), String> {
    let said = || {
        let all = element.children.iter().map(|e| {
            let text = e.attribute("ShortText").or_else(|| e.text()).unwrap_or("no reason given");
            let code = e.attribute("Code").map(|code| format!(" (code {code})")).unwrap_or_default();
            format!("{text}{code}")
        });
        let all: Vec<_> = all.take(10).collect();
        read::cut(&all.join("; "), 500).to_owned()
    };
    match element.name {
        "Errors" => Err(format!("is the sender's answer that something went wrong: {}", said())),
        "Warnings" => {
            let reason = format!("come with the message: {}", said());
            let field = Some("Warnings".into());
            decoded.fault(Fault { index: None, field, reason, excerpt: String::new() });
            Ok(())
        }
        _ => Ok(()),
    }
}
