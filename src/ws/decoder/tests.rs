//! The decoder at the level of bytes, kind by kind as the Autobahn test suite has them:
//!
//! | its cases | here |
//! |---|---|
//! | 1, 9, 10 | `messages_of_every_length_decode_from_any_split` |
//! | 2 | `pings_and_pongs_decode_between_and_inside_messages` |
//! | 3, 4, 5 | `frames_that_clients_must_not_send_are_refused`, `fragmented_messages_are_joined` |
//! | 6 | `text_messages_must_be_utf_8_as_a_whole` |
//! | 7 | `close_frames_need_a_valid_code_and_a_utf_8_reason` |
//! | 12, 13 | `compressed_messages_decode_from_any_fragments` |

use super::*;
use flate2::{Compress, Compression, FlushCompress};

const LIMIT: usize = 70_000;
const PLAIN: DecodeLimits = DecodeLimits { frame_bytes_max: LIMIT, compressed: false };
const COMPRESSED: DecodeLimits = DecodeLimits { frame_bytes_max: LIMIT, compressed: true };
const MALFORMED: ClientMessage = ClientMessage::DecodeError(DecodeError::Malformed);

fn head(first: u8, length: usize) -> Vec<u8> {
    match length {
        0..126 => vec![first, MASKED | length as u8],
        126..=0xffff => [&[first, MASKED | 126][..], &(length as u16).to_be_bytes()].concat(),
        _ => [&[first, MASKED | 127][..], &(length as u64).to_be_bytes()].concat(),
    }
}

fn masked(mut head: Vec<u8>, payload: &[u8]) -> Vec<u8> {
    let mask = [7, 1, 200, 33];
    head.extend_from_slice(&mask);
    head.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
    head
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    masked(head(first, payload.len()), payload)
}

/// A client's frame as the test means it, and what is wrong with it.
fn heard_of(bytes: &[u8], allowed: DecodeLimits, piece: usize) -> Vec<ClientMessage> {
    let mut decoder = Decoder::default();
    let mut heard = Vec::new();
    for piece in bytes.chunks(piece) {
        decoder.push(piece);
        heard.extend(std::iter::from_fn(|| decoder.next(allowed)));
    }
    heard
}

fn deflated(text: &[u8], level: Compression) -> Vec<u8> {
    let mut packed = Vec::with_capacity(text.len() + text.len() / 8 + 64);
    Compress::new(level, false).compress_vec(text, &mut packed, FlushCompress::Sync).unwrap();
    packed.truncate(packed.len() - 4);
    packed
}

fn text(text: &str) -> ClientMessage {
    ClientMessage::Text(text.to_owned())
}

#[test]
fn messages_of_every_length_decode_from_any_split() {
    for length in [0, 1, 125, 126, 127, 128, 65_535, 65_536, LIMIT] {
        let message = "*".repeat(length);
        let bytes = [frame(FIN | TEXT, message.as_bytes()), frame(FIN | BINARY, message.as_bytes())].concat();
        for piece in [1, 2, 997, bytes.len()] {
            assert_eq!(
                heard_of(&bytes, PLAIN, piece),
                [text(&message), ClientMessage::Binary],
                "{length} {piece}"
            );
        }
    }
}

#[test]
fn the_decoder_frees_its_buffer_when_all_input_is_decoded() {
    let mut decoder = Decoder::default();
    let pong = frame(FIN | PONG, b"");
    decoder.push(&pong.repeat(100));
    for _ in 0..100 {
        assert!(!decoder.is_empty());
        assert_eq!(decoder.next(PLAIN), Some(ClientMessage::Pong));
    }
    assert_eq!((decoder.next(PLAIN), decoder.is_empty(), decoder.buffer.capacity()), (None, true, 0));
    for _ in 0..1_000 {
        decoder.push(&pong);
        decoder.push(&pong[..3]);
        assert_eq!((decoder.next(PLAIN), decoder.next(PLAIN)), (Some(ClientMessage::Pong), None));
        decoder.push(&pong[3..]);
        assert_eq!(decoder.next(PLAIN), Some(ClientMessage::Pong));
    }
    assert_eq!(decoder.buffer.capacity(), 0);
}

#[test]
fn pings_and_pongs_decode_between_and_inside_messages() {
    for payload in [&b""[..], b"Hello, world!", &[0, 255, 254, 253], &[0xfe; 125]] {
        let ping = ClientMessage::Ping(Bytes::copy_from_slice(payload));
        let bytes = [
            frame(FIN | PING, payload),
            frame(TEXT, b"frag"),
            frame(FIN | PING, payload),
            frame(FIN | PONG, payload),
            frame(FIN | CONTINUATION, b"ment"),
        ]
        .concat();
        let ping_again = ClientMessage::Ping(Bytes::copy_from_slice(payload));
        assert_eq!(
            heard_of(&bytes, PLAIN, 3),
            [ping, ClientMessage::Part, ping_again, ClientMessage::Pong, text("fragment")]
        );
    }
}

#[test]
fn fragmented_messages_are_joined() {
    for parts in [vec!["one"], vec!["one", "two"], vec!["", "", ""], vec!["", "fragment", ""], vec!["x"; 500]]
    {
        let last = parts.len() - 1;
        let bytes: Vec<u8> = parts
            .iter()
            .enumerate()
            .flat_map(|(at, part)| {
                let opcode = if at == 0 { TEXT } else { CONTINUATION };
                frame(if at == last { FIN | opcode } else { opcode }, part.as_bytes())
            })
            .collect();
        let heard = heard_of(&bytes, PLAIN, bytes.len());
        assert_eq!(heard.len(), parts.len());
        assert_eq!(heard.last(), Some(&text(&parts.concat())));
    }
}

#[test]
fn frames_that_clients_must_not_send_are_refused() {
    let in_a_message = |first, payload: &[u8]| [frame(TEXT, b"be"), frame(first, payload)].concat();
    let packed = deflated(b"Hello", Compression::fast());
    let in_a_packed_message = |first| [frame(RSV1 | TEXT, &packed[..3]), frame(first, &packed[3..])].concat();
    let unmasked = |first, payload: &[u8]| [&[first, payload.len() as u8][..], payload].concat();
    let said_longer =
        |long: u8, length: &[u8]| masked([&[FIN | TEXT, MASKED | long][..], length].concat(), b"Hello");
    let mut cases = vec![
        ("no mask", unmasked(FIN | TEXT, b"Hello")),
        ("no mask on a ping", unmasked(FIN | PING, b"")),
        ("no mask on what is empty", unmasked(FIN | TEXT, b"")),
        ("a ping in parts", frame(PING, b"")),
        ("a pong in parts", frame(PONG, b"x")),
        ("a close in parts", frame(CLOSE, b"")),
        ("a part of a ping", [frame(PING, b"a"), frame(FIN | CONTINUATION, b"b")].concat()),
        ("a long ping", frame(FIN | PING, &[0; 126])),
        ("a long pong", frame(FIN | PONG, &[0; 126])),
        ("a long close", frame(FIN | CLOSE, &[3; 126])),
        ("a compressed ping", frame(FIN | RSV1 | PING, b"")),
        ("a compressed close", frame(FIN | RSV1 | CLOSE, b"")),
        ("the end of nothing", frame(FIN | CONTINUATION, b"x")),
        ("the middle of nothing", frame(CONTINUATION, b"x")),
        ("a text inside a text", in_a_message(FIN | TEXT, b"x")),
        ("bytes inside a text", in_a_message(BINARY, b"x")),
        ("RSV1 on a part", in_a_message(FIN | RSV1 | CONTINUATION, b"x")),
        ("RSV2 on a part", in_a_message(FIN | 0x20 | CONTINUATION, b"x")),
        ("RSV3 on a part", in_a_message(FIN | 0x10 | CONTINUATION, b"x")),
        ("RSV1 on a compressed part", in_a_packed_message(FIN | RSV1 | CONTINUATION)),
        ("RSV2 on a compressed part", in_a_packed_message(FIN | 0x20 | CONTINUATION)),
        ("RSV3 on a compressed part", in_a_packed_message(FIN | 0x10 | CONTINUATION)),
        ("a length of 5 in two bytes", said_longer(126, &[0, 5])),
        ("a length of 5 in eight bytes", said_longer(127, &[0, 0, 0, 0, 0, 0, 0, 5])),
        ("a length of 65535 in eight bytes", said_longer(127, &[0, 0, 0, 0, 0, 0, 0xff, 0xff])),
        ("a negative length", said_longer(127, &[0x80, 0, 0, 0, 0, 0, 0, 5])),
        ("a compressed message that is cut", frame(FIN | RSV1 | TEXT, &packed[..packed.len() - 1])),
        ("a compressed message of nothing", frame(FIN | RSV1 | TEXT, b"")),
        ("not what deflate makes", frame(FIN | RSV1 | TEXT, &[0xff; 4])),
    ];
    for opcode in (0x3..=0x7).chain(0xb..=0xf) {
        cases.push(("an opcode that there is not", frame(FIN | opcode, b"x")));
    }
    for reserved in [0x10, 0x20, 0x30, 0x50, 0x60, 0x70] {
        for opcode in [TEXT, BINARY, CLOSE, PING, PONG] {
            cases.push(("a reserved bit", frame(FIN | reserved | opcode, b"")));
        }
    }
    for (name, bytes) in cases {
        // What comes behind does not count any more.
        let bytes = [bytes, frame(FIN | TEXT, b"behind")].concat();
        for piece in [1, bytes.len()] {
            let heard = heard_of(&bytes, COMPRESSED, piece);
            let before = &heard[..heard.len() - 1];
            assert_eq!(heard.last(), Some(&MALFORMED), "{name}: {bytes:x?}");
            assert!(before.iter().all(|heard| *heard == ClientMessage::Part), "{name}: {heard:?}");
        }
    }
    let not_negotiated = frame(FIN | RSV1 | TEXT, &packed);
    assert_eq!(heard_of(&not_negotiated, PLAIN, 1), [MALFORMED]);
    assert_eq!(heard_of(&not_negotiated, COMPRESSED, 1), [text("Hello")]);
}

#[test]
fn an_overlong_frame_is_refused_at_its_head_and_not_buffered() {
    let too_long = [ClientMessage::DecodeError(DecodeError::TooLong)];
    for length in [LIMIT + 1, 1 << 40, i64::MAX as usize] {
        for allowed in [PLAIN, COMPRESSED] {
            let mut decoder = Decoder::default();
            decoder.push(&head(FIN | TEXT, length));
            assert_eq!(decoder.next(allowed), Some(ClientMessage::DecodeError(DecodeError::TooLong)));
            decoder.push(&[0; 5_000]);
            assert_eq!((decoder.next(allowed), decoder.buffer.capacity()), (None, 0));
        }
    }
    let parts = [frame(TEXT, &[b'x'; LIMIT - 10]), head(FIN | CONTINUATION, 11)].concat();
    assert_eq!(heard_of(&parts, PLAIN, 1_000)[1..], too_long);
    let bomb = deflated(&vec![b' '; 1_000_000], Compression::best());
    assert!(bomb.len() < 2_000);
    assert_eq!(heard_of(&frame(FIN | RSV1 | TEXT, &bomb), COMPRESSED, 100), too_long);
}

#[test]
fn text_messages_must_be_utf_8_as_a_whole() {
    let kosme = "Hello-µ@ßöäüàá-κόσμε-𝄞";
    // A letter may be cut between two parts.
    for cut in 0..=kosme.len() {
        let (one, other) = kosme.as_bytes().split_at(cut);
        let bytes = [frame(TEXT, one), frame(FIN | CONTINUATION, other)].concat();
        assert_eq!(heard_of(&bytes, PLAIN, 7), [ClientMessage::Part, text(kosme)]);
    }
    for bad in [
        &b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"[..],
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\xed\xbf\xbf",
        b"\x80",
        b"\xff",
        b"cut \xe2\x82",
    ] {
        assert_eq!(heard_of(&frame(FIN | TEXT, bad), PLAIN, 1), [MALFORMED], "{bad:x?}");
        let packed = frame(FIN | RSV1 | TEXT, &deflated(bad, Compression::fast()));
        assert_eq!(heard_of(&packed, COMPRESSED, 1), [MALFORMED], "{bad:x?}");
        assert_eq!(heard_of(&frame(FIN | BINARY, bad), PLAIN, 1), [ClientMessage::Binary]);
    }
}

#[test]
fn close_frames_need_a_valid_code_and_a_utf_8_reason() {
    let close = |code: u16, reason: &[u8]| frame(FIN | CLOSE, &[&code.to_be_bytes()[..], reason].concat());
    assert_eq!(heard_of(&frame(FIN | CLOSE, b""), PLAIN, 1), [ClientMessage::Close(None)]);
    assert_eq!(heard_of(&frame(FIN | CLOSE, b"\x03"), PLAIN, 1), [MALFORMED]);
    for code in (1000..=1003).chain(1007..=1014).chain([3000, 3999, 4000, 4999]) {
        let heard = heard_of(&close(code, b"bye"), PLAIN, 1);
        assert_eq!(heard, [ClientMessage::Close(Some((code, "bye".into())))]);
    }
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        assert_eq!(heard_of(&close(code, b""), PLAIN, 1), [MALFORMED], "{code}");
    }
    assert_eq!(heard_of(&close(1000, b"\xce\xba\xed\xa0\x80"), PLAIN, 1), [MALFORMED]);
    let longest = "x".repeat(123);
    assert_eq!(heard_of(&close(1000, longest.as_bytes()), PLAIN, 50).len(), 1);
    // Whatever comes behind a close frame is not looked at, a second one included.
    let behind = [close(1000, b""), frame(FIN | PING, b""), close(1001, b"")].concat();
    assert_eq!(heard_of(&behind, PLAIN, behind.len()), [ClientMessage::Close(Some((1000, String::new())))]);
    let inside = [frame(TEXT, b"never ended"), close(1001, b"")].concat();
    assert_eq!(
        heard_of(&inside, PLAIN, 1),
        [ClientMessage::Part, ClientMessage::Close(Some((1001, String::new())))]
    );
}

#[test]
fn compressed_messages_decode_from_any_fragments() {
    for level in [Compression::none(), Compression::fast(), Compression::best()] {
        for length in [0, 16, 64, 256, 1_024, 16_384, 60_000] {
            let letter = |at: u64| char::from(b' ' + (at * at % 91) as u8);
            let message: String = (0..length).map(letter).collect();
            let packed = deflated(message.as_bytes(), level);
            let whole = frame(FIN | RSV1 | TEXT, &packed);
            assert_eq!(heard_of(&whole, COMPRESSED, 1_000), [text(&message)], "{length}");
            let (one, other) = packed.split_at(packed.len() / 2);
            let parts = [
                frame(RSV1 | TEXT, one),
                frame(FIN | PING, b"between"),
                frame(CONTINUATION, other),
                frame(FIN | CONTINUATION, b""),
                // Each message says for itself whether it is compressed.
                frame(FIN | TEXT, b"plain"),
            ]
            .concat();
            let heard = heard_of(&parts, COMPRESSED, 1_000);
            assert_eq!(heard[3..], [text(&message), text("plain")], "{length}");
        }
    }
}
