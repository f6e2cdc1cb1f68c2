//! The heads of a log's records: what every reader must know before it reads the state, in Kafka's
//! headers, as text that a person can read with any tool.
//!
//! | header | says |
//! |---|---|
//! | `after` | the version that the entry was made from, 0 for none |
//! | `rev`, `changes` | the revision of its state, and how many it adds |
//! | `over` | the version of a late entry that it is written over, if one stands there |
//! | `by` | who wrote it: a process and its count, in hexadecimal |

use super::ledger::Head;
use rdkafka::message::{BorrowedHeaders, Header, Headers, OwnedHeaders};

/// Who wrote an entry: a process's number, and the entry's among its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Writer {
    pub(super) process: u64,
    pub(super) count: u64,
}

/// A head as headers.
pub(super) fn headers(head: Head, by: Writer) -> OwnedHeaders {
    let number = |key, number: u64| Header { key, value: Some(number.to_string()) };
    let by = format!("{:016x}-{:x}", by.process, by.count);
    let headers = [number("after", head.after), number("rev", head.rev), number("changes", head.changes)]
        .into_iter()
        .fold(OwnedHeaders::new_with_capacity(4), |headers, header| {
            headers.insert(Header { key: header.key, value: header.value.as_deref() })
        })
        .insert(Header { key: "by", value: Some(&by) });
    match head.over {
        Some(over) => headers.insert(Header { key: "over", value: Some(&over.to_string()) }),
        None => headers,
    }
}

/// Reads them. `Err` names the header that is missing or broken.
pub(super) fn read(headers: Option<&BorrowedHeaders>) -> Result<(Head, Writer), &'static str> {
    let (mut after, mut rev, mut changes, mut by, mut over) = (None, None, None, None, None);
    for header in headers.into_iter().flat_map(Headers::iter) {
        let text = header.value.and_then(|value| std::str::from_utf8(value).ok());
        let number = || text.and_then(|text| text.parse().ok());
        match header.key {
            "after" => after = number(),
            "rev" => rev = number(),
            "changes" => changes = number(),
            "over" => over = number(),
            "by" => by = text.and_then(writer),
            _ => {}
        }
    }
    let head = Head {
        after: after.ok_or("the header 'after' is missing or no number")?,
        rev: rev.ok_or("the header 'rev' is missing or no number")?,
        changes: changes.ok_or("the header 'changes' is missing or no number")?,
        over,
    };
    Ok((head, by.ok_or("the header 'by' is missing or names no writer")?))
}

fn writer(text: &str) -> Option<Writer> {
    let (process, count) = text.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    Some(Writer { process: number(process)?, count: number(count)? })
}
