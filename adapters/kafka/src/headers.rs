//! The headers of a record of the log: what a reader must know before it decodes the state. They are text that any tool
//! can show.
//!
//! | header | value |
//! |---|---|
//! | `after` | the version that the entry was made from, 0 for none |
//! | `rev`, `changes` | the revision of the state, and how many revisions it adds |
//! | `over` | the version of a superseded entry that this one replaces, if there is one |
//! | `by` | the writer: a process and a sequence number, in hexadecimal |

use rdkafka::message::{BorrowedHeaders, Header, Headers, OwnedHeaders};

/// The headers of an entry, decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RecordHeaders {
    /// The version that the entry was made from; 0 for none.
    pub(super) after: u64,
    /// The revision of its state.
    pub(super) rev: u64,
    /// How many revisions it adds.
    pub(super) changes: u64,
    /// The version of a superseded entry that this one replaces. It is for readers that began with the
    /// superseded entry, because compaction had removed the entry that was faster.
    pub(super) overwrites: Option<u64>,
}

/// The writer of an entry: the number of a process, and the number of the entry among its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct WriterId {
    pub(super) process: u64,
    pub(super) count: u64,
}

/// The headers in the form of the driver.
pub(super) fn encode(headers: RecordHeaders, by: WriterId) -> OwnedHeaders {
    let number = |key, number: u64| Header { key, value: Some(number.to_string()) };
    let by = format!("{:016x}-{:x}", by.process, by.count);
    let encoded =
        [number("after", headers.after), number("rev", headers.rev), number("changes", headers.changes)]
            .into_iter()
            .fold(OwnedHeaders::new_with_capacity(4), |encoded, header| {
                encoded.insert(Header { key: header.key, value: header.value.as_deref() })
            })
            .insert(Header { key: "by", value: Some(&by) });
    match headers.overwrites {
        Some(version) => encoded.insert(Header { key: "over", value: Some(&version.to_string()) }),
        None => encoded,
    }
}

/// Decodes headers. `Err` names the header that is missing or invalid.
pub(super) fn decode(headers: Option<&BorrowedHeaders>) -> Result<(RecordHeaders, WriterId), &'static str> {
    let (mut after, mut rev, mut changes, mut by, mut overwrites) = (None, None, None, None, None);
    for header in headers.into_iter().flat_map(Headers::iter) {
        let text = header.value.and_then(|value| std::str::from_utf8(value).ok());
        let number = || text.and_then(|text| text.parse().ok());
        match header.key {
            "after" => after = number(),
            "rev" => rev = number(),
            "changes" => changes = number(),
            "over" => overwrites = number(),
            "by" => by = text.and_then(writer_id),
            _ => {}
        }
    }
    let headers = RecordHeaders {
        after: after.ok_or("the header 'after' is missing or no number")?,
        rev: rev.ok_or("the header 'rev' is missing or no number")?,
        changes: changes.ok_or("the header 'changes' is missing or no number")?,
        overwrites,
    };
    Ok((headers, by.ok_or("the header 'by' is missing or names no writer")?))
}

fn writer_id(text: &str) -> Option<WriterId> {
    let (process, count) = text.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    Some(WriterId { process: number(process)?, count: number(count)? })
}
