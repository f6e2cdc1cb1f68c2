//! Maps errors of the driver to [`StoreError`].

use super::STORE;
use super::uri::MongoUri;
use domain::ports::StoreError;
use mongodb::error::{Error, ErrorKind, WriteFailure};
use std::time::Duration;

/// Longest text of the driver that is passed on, in bytes: its description of a large cluster would fill
/// pages.
const TEXT_BYTES_MAX: usize = 400;

/// Code of MongoDB for an existing key.
pub(super) const DUPLICATE_KEY: i32 = 11000;
/// Code of MongoDB for an existing collection.
pub(super) const NAMESPACE_EXISTS: i32 = 48;
const UNAUTHORIZED: i32 = 13;
const AUTHENTICATION_FAILED: i32 = 18;
const MAX_TIME_EXPIRED: i32 = 50;
const WRITE_CONCERN_TIMEOUT: i32 = 64;

/// Authentication mechanisms, as the errors of the driver name them.
const MECHANISMS: [&str; 5] = ["SCRAM", "PLAIN", "MONGODB-X509", "MONGODB-AWS", "MONGODB-OIDC"];

/// Why a call failed.
#[derive(Debug)]
pub(super) enum CallError {
    /// The driver returned an error.
    Driver(Error),
    /// The call exceeded its time limit.
    Late(Duration),
    /// The limit of concurrent calls is reached.
    Full(usize),
    /// The runtime of the drivers has ended.
    Gone,
    /// A document is unreadable.
    Unreadable(String),
    /// A record cannot be written.
    Refused(String),
}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

/// What an operator can do about an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cause {
    /// User or password is wrong.
    Credentials,
    /// The user lacks a right, or a user is required and none is given.
    Rights,
    /// A server answered with another error.
    Answer,
    /// No server answered in time.
    Away,
}

impl CallError {
    pub(super) fn cause(&self) -> Cause {
        let Self::Driver(error) = self else { return Cause::Away };
        let mut next = Some(error);
        while let Some(error) = next {
            match error.kind.as_ref() {
                ErrorKind::Authentication { .. } => return Cause::Credentials,
                ErrorKind::Command(command) if command.code == AUTHENTICATION_FAILED => {
                    return Cause::Credentials;
                }
                ErrorKind::Command(command) if command.code == UNAUTHORIZED => return Cause::Rights,
                _ => {}
            }
            next = source(error);
        }
        match error.kind.as_ref() {
            // Later calls, and calls that waited for the failed connection, get its error as text.
            ErrorKind::ConnectionPoolCleared { message, .. } | ErrorKind::ServerSelection { message, .. } => {
                let is_refusal = |mechanism: &&str| message.contains(&format!("Kind: {mechanism} failure: "));
                if MECHANISMS.iter().any(is_refusal) { Cause::Credentials } else { Cause::Away }
            }
            ErrorKind::Io(_) | ErrorKind::DnsResolve { .. } | ErrorKind::Shutdown => Cause::Away,
            _ => Cause::Answer,
        }
    }

    /// The end of a sentence, to be read after "MongoDB is not available:".
    pub(super) fn message(&self, uri: &MongoUri) -> String {
        match (self, self.cause()) {
            (_, Cause::Credentials) => format!("{uri} refuses the user name or the password"),
            (Self::Driver(error), Cause::Rights) => {
                format!("{uri} does not allow this to the user, or requires a user: {}", driver_text(error))
            }
            (Self::Driver(error), _) => driver_message(error, uri),
            (Self::Late(limit), _) => format!("{uri} has not answered within {} s", limit.as_secs_f32()),
            (Self::Full(calls_max), _) => {
                format!("the limit of concurrent calls ({calls_max}) is reached")
            }
            (Self::Gone, _) => "it is closed".into(),
            (Self::Unreadable(reason) | Self::Refused(reason), _) => reason.clone(),
        }
    }

    /// The error of the port.
    pub(super) fn into_store_error(self, uri: &MongoUri) -> StoreError {
        let reason = self.message(uri);
        match self {
            Self::Unreadable(_) => StoreError::Unreadable { store: STORE, reason },
            _ => StoreError::Unavailable { store: STORE, reason },
        }
    }
}

fn source(error: &Error) -> Option<&Error> {
    let source = std::error::Error::source(error)?;
    source.downcast_ref::<Error>().or_else(|| source.downcast_ref::<Box<Error>>().map(|boxed| &**boxed))
}

fn driver_message(error: &Error, uri: &MongoUri) -> String {
    match error.kind.as_ref() {
        ErrorKind::ServerSelection { message, .. } => {
            format!(
                "no server of {uri} can be reached, or none takes writes ({})",
                cause_of_selection(message)
            )
        }
        ErrorKind::Io(io) => format!("the connection to {uri} failed: {io}"),
        ErrorKind::ConnectionPoolCleared { .. } => format!("the connections to {uri} were lost"),
        ErrorKind::Command(command) if command.code == MAX_TIME_EXPIRED => {
            format!("{uri} gave up, because the operation took longer than it may")
        }
        ErrorKind::InsertMany(failed) => {
            let errors = failed.write_errors.as_deref().unwrap_or_default();
            let refused = errors.iter().find(|error| error.code != DUPLICATE_KEY);
            match (refused, &failed.write_concern_error, errors.first()) {
                (Some(refused), ..) | (None, None, Some(refused)) => {
                    format!("{uri} refuses a document (code {}): {}", refused.code, cut(&refused.message))
                }
                (None, Some(unsure), _) => unconfirmed(unsure, uri),
                (None, None, None) => driver_text(error),
            }
        }
        ErrorKind::InvalidArgument { message, .. } => format!("it cannot be sent to {uri}: {}", cut(message)),
        ErrorKind::Write(WriteFailure::WriteConcernError(failed)) => unconfirmed(failed, uri),
        _ => format!("{uri} says: {}", driver_text(error)),
    }
}

fn unconfirmed(error: &mongodb::error::WriteConcernError, uri: &MongoUri) -> String {
    if error.code == WRITE_CONCERN_TIMEOUT {
        return format!("the write was not confirmed by enough servers of {uri} in time");
    }
    format!("the write was not confirmed by {uri} (code {}): {}", error.code, cut(&error.message))
}

/// The driver describes the whole cluster; an operator needs the error of the first server.
fn cause_of_selection(message: &str) -> String {
    let reason = message.split_once("Error: ").map_or(message, |(_, error)| error);
    let reason = reason.strip_prefix("Kind: ").unwrap_or(reason);
    let end = reason.find(", labels:").unwrap_or(reason.len());
    cut(&reason[..end])
}

/// The message of the driver, without its labels and the whole response of the server.
fn driver_text(error: &Error) -> String {
    cut(&error.kind.to_string())
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(TEXT_BYTES_MAX)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::{Document, deserialize_from_document as read, doc};

    fn words(kind: ErrorKind) -> (Cause, String) {
        let uri = MongoUri::parse("mongodb://desk:s3cret@h").unwrap();
        let failure = CallError::Driver(kind.into());
        (failure.cause(), failure.message(&uri))
    }

    fn inserting(answer: Document) -> (Cause, String) {
        words(ErrorKind::InsertMany(read(answer).unwrap()))
    }

    fn command(code: i32) -> (Cause, String) {
        let answer = doc! { "code": code, "codeName": "Name", "errmsg": "é".repeat(1000) };
        words(ErrorKind::Command(read(answer).unwrap()))
    }

    #[test]
    fn the_worst_of_several_errors_is_reported() {
        let known = doc! { "index": 0, "code": DUPLICATE_KEY, "errmsg": "E11000" };
        let invalid = doc! { "index": 1, "code": 121, "errmsg": "Document failed validation" };
        let late =
            doc! { "code": WRITE_CONCERN_TIMEOUT, "codeName": "WriteConcernTimeout", "errmsg": "late" };
        let (cause, text) = inserting(doc! { "writeErrors": [known.clone(), invalid] });
        assert_eq!(text, "mongodb://h:27017 refuses a document (code 121): Document failed validation");
        assert_eq!(cause, Cause::Answer);
        let (_, text) = inserting(doc! { "writeErrors": [known.clone()], "writeConcernError": late });
        assert_eq!(text, "the write was not confirmed by enough servers of mongodb://h:27017 in time");
        let (_, text) = inserting(doc! { "writeErrors": [known] });
        assert_eq!(text, "mongodb://h:27017 refuses a document (code 11000): E11000");
    }

    #[test]
    fn an_error_of_the_server_is_reported_by_its_remedy() {
        assert_eq!(command(AUTHENTICATION_FAILED).0, Cause::Credentials);
        assert_eq!(command(UNAUTHORIZED).0, Cause::Rights);
        assert!(command(MAX_TIME_EXPIRED).1.contains("took longer than it may"));
        let (cause, text) = command(59);
        assert_eq!(cause, Cause::Answer);
        assert!(text.starts_with("mongodb://h:27017 says: ") && text.len() < 500, "{text}");
    }
}
