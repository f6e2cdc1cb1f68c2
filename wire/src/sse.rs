//! Server-sent events with the payloads of frames, for networks that block WebSocket.

use bytes::Bytes;

/// One event. `type_` becomes its name; the browser returns `id` as `Last-Event-ID`. Line ends inside
/// `payload` are encoded as the format requires (our JSON has none). Line ends in the names are removed, so
/// that a name cannot inject lines.
pub fn event(payload: &[u8], type_: &str, id: Option<&str>) -> Bytes {
    let mut event = Vec::with_capacity(payload.len() + type_.len() + 48);
    line(&mut event, b"event: ", type_.as_bytes());
    if let Some(id) = id {
        line(&mut event, b"id: ", id.as_bytes());
    }
    for part in payload.split(|byte| matches!(byte, b'\n' | b'\r')) {
        line(&mut event, b"data: ", part);
    }
    event.push(b'\n');
    event.into()
}

/// Sets the browser's delay before it reconnects, in real milliseconds.
pub fn retry(retry_ms: u64) -> Bytes {
    format!("retry: {retry_ms}\n\n").into()
}

fn line(event: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    event.extend_from_slice(name);
    event.extend(value.iter().filter(|byte| !matches!(byte, b'\n' | b'\r' | 0)));
    event.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_its_name_its_id_and_its_data() {
        let text = event(b"{\"type\":\"ping\"}", "ping", Some("7"));
        assert_eq!(text, "event: ping\nid: 7\ndata: {\"type\":\"ping\"}\n\n");
        assert_eq!(event(b"{}", "state", None), "event: state\ndata: {}\n\n");
    }

    #[test]
    fn line_ends_can_neither_break_the_data_nor_forge_a_line() {
        assert_eq!(event(b"a\nb", "x", None), "event: x\ndata: a\ndata: b\n\n");
        assert_eq!(event(b"a", "x\ndata: y", Some("1\r\n")), "event: xdata: y\nid: 1\ndata: a\n\n");
    }
}
