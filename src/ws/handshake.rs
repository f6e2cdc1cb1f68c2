//! The upgrade from an HTTP request to a WebSocket.
//!
//! A refused client gets an HTTP answer with problem JSON before the upgrade.

use super::connection::drive;
use super::extensions;
use super::open_connections::{ConnectionPermit, OpenConnections};
use super::socket::WebSocketConnection;
use super::this_thread;
use super::worker::Worker;
use crate::app::App;
use crate::roles::Role;
use actix_codec::Framed;
use actix_http::{HttpMessage, Request, Version, h1, header, ws};
use actix_rt::net::TcpStream;
use bytes::Bytes;
use std::io;
use std::time::Duration;
use wire::problem::ProblemBody;

/// The path of the WebSocket.
pub const PATH: &str = "/ws";

/// The subprotocol in the handshake.
pub const SUBPROTOCOL: &str = "gatecall.v1";

/// Time limit for writing the answer to a handshake.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// Why a handshake is refused.
struct Refusal {
    status: &'static str,
    code: u16,
    detail: String,
    header: Option<String>,
}

impl Refusal {
    fn new(code: u16, status: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), header: None }
    }

    fn with(self, header: String) -> Self {
        Self { header: Some(header), ..self }
    }

    fn bytes(&self) -> String {
        let body = ProblemBody::new(self.code, self.status).with_detail(&self.detail);
        let body = serde_json::to_string(&body).unwrap_or_default();
        let header = self.header.as_ref().map(|h| format!("{h}\r\n")).unwrap_or_default();
        format!(
            "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
             cache-control: no-store\r\nx-content-type-options: nosniff\r\n{header}connection: close\r\n\r\n{body}",
            self.code,
            self.status,
            body.len(),
        )
    }
}

/// Answers one upgrade request, and drives the connection it becomes.
pub async fn upgrade(
    app: App,
    open: OpenConnections,
    request: Request,
    framed: Framed<TcpStream, h1::Codec>,
) {
    let parts = framed.into_parts();
    let io = parts.io;
    let answered = match admit(&app, &open, &request) {
        Ok(admitted) => {
            let answer = admitted.answer(&request);
            match tokio::time::timeout(ANSWER_WAIT, write_all(&io, answer.as_bytes())).await {
                Ok(Ok(())) => Some(admitted),
                // The client left during the handshake; there is nobody to tell.
                Ok(Err(_)) | Err(_) => None,
            }
        }
        Err(refusal) => {
            tracing::debug!(http.path = request.path(), status = refusal.code, reason = %refusal.detail, "a socket was refused");
            let _ = tokio::time::timeout(ANSWER_WAIT, write_all(&io, refusal.bytes().as_bytes())).await;
            None
        }
    };
    drop(request);
    let Some(Admitted { worker, counted, deflate, .. }) = answered else { return };
    // Frames go out whole and at once; waiting to fill a packet would only delay them.
    let _ = io.set_nodelay(true);
    super::tcp_timeout::leave_alone(&io);
    let early: Bytes = parts.read_buf.freeze();
    actix_rt::spawn(drive(
        worker,
        WebSocketConnection::new(io, deflate.is_some()),
        Bytes::copy_from_slice(&early),
        counted,
    ));
}

struct Admitted {
    worker: std::rc::Rc<Worker>,
    counted: ConnectionPermit,
    /// What is answered to the offer of compression that is accepted.
    deflate: Option<String>,
    subprotocol: bool,
}

impl Admitted {
    fn answer(&self, request: &Request) -> String {
        let key = request.headers().get(header::SEC_WEBSOCKET_KEY).map_or(&b""[..], |key| key.as_bytes());
        let accept = ws::hash_key(key);
        let accept = str::from_utf8(&accept).unwrap_or_default();
        let mut answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {accept}\r\n"
        );
        if self.subprotocol {
            answer.push_str(&format!("sec-websocket-protocol: {SUBPROTOCOL}\r\n"));
        }
        if let Some(deflate) = &self.deflate {
            answer.push_str(&format!("sec-websocket-extensions: {deflate}\r\n"));
        }
        answer.push_str("\r\n");
        answer
    }
}

fn admit(app: &App, open: &OpenConnections, request: &Request) -> Result<Admitted, Refusal> {
    if request.path() != PATH {
        let detail = format!("sockets are opened at {PATH}; this address takes no upgrade");
        return Err(Refusal::new(404, "Not Found", detail));
    }
    check_handshake(request)?;
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    for origin in request.headers().get_all(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or("?");
        if !app.origins.allows(Some(origin), text(header::HOST)) {
            let detail = "pages of this origin may not open sockets here (server.allowed_origins)";
            return Err(Refusal::new(403, "Forbidden", detail));
        }
    }
    let offered: Vec<&str> = header_list(request, header::SEC_WEBSOCKET_PROTOCOL);
    let subprotocol = offered.contains(&SUBPROTOCOL);
    if !offered.is_empty() && !subprotocol {
        return Err(Refusal::new(400, "Bad Request", format!("the subprotocol is {SUBPROTOCOL}")));
    }
    app.require_role(Role::Sockets).map_err(|why| Refusal::new(421, "Misdirected Request", why))?;
    let sockets = &app.config.sockets;
    let deflate = deflate(request)?.filter(|_| sockets.compression);
    let later = |detail: &str| {
        let seconds = sockets.retry.as_secs().max(1);
        Refusal::new(503, "Service Unavailable", detail).with(format!("retry-after: {seconds}"))
    };
    app.readiness.check().map_err(later)?;
    let counted =
        open.take_one(sockets.connections_max).ok_or_else(|| later("the hub has its limit of sockets"))?;
    let worker = this_thread::worker(app, open).ok_or_else(|| later("this worker takes no sockets"))?;
    Ok(Admitted { worker, counted, deflate, subprotocol })
}

fn header_list(request: &Request, name: header::HeaderName) -> Vec<&str> {
    let values = request.headers().get_all(name).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|item| !item.is_empty()).collect()
}

/// Checks the requirements of RFC 6455 on a handshake (4.2.1).
fn check_handshake(request: &Request) -> Result<(), Refusal> {
    let refused = |why: &str| Err(Refusal::new(400, "Bad Request", why));
    if request.version() < Version::HTTP_11 {
        return refused("a WebSocket needs HTTP/1.1");
    }
    for (name, named) in [
        (header::HOST, "Host"),
        (header::SEC_WEBSOCKET_VERSION, "Sec-WebSocket-Version"),
        (header::SEC_WEBSOCKET_KEY, "Sec-WebSocket-Key"),
    ] {
        if request.headers().get_all(name).count() > 1 {
            return refused(&format!("{named} is given more than once"));
        }
    }
    if !header_list(request, header::UPGRADE).iter().any(|to| to.eq_ignore_ascii_case("websocket")) {
        return refused("the request asks for no upgrade to WebSocket");
    }
    match ws::verify_handshake(request.head()) {
        Ok(()) if request.headers().contains_key(header::HOST) => Ok(()),
        Ok(()) => refused("Host is missing"),
        Err(error @ (ws::HandshakeError::UnsupportedVersion | ws::HandshakeError::NoVersionHeader)) => {
            let refusal = Refusal::new(426, "Upgrade Required", error.to_string());
            Err(refusal.with("sec-websocket-version: 13".into()))
        }
        Err(error) => refused(&error.to_string()),
    }
}

/// What is answered to the first offer of compression that can be kept.
fn deflate(request: &Request) -> Result<Option<String>, Refusal> {
    let malformed = || Refusal::new(400, "Bad Request", "Sec-WebSocket-Extensions cannot be read");
    let lines = request.headers().get_all(header::SEC_WEBSOCKET_EXTENSIONS);
    let lines: Option<Vec<&str>> = lines.map(|line| line.to_str().ok()).collect();
    extensions::accepted(lines.ok_or_else(malformed)?.into_iter()).map_err(|_| malformed())
}

async fn write_all(io: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        io.writable().await?;
        match io.try_write(bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
