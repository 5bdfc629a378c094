//! [`Decoder`]: the bytes of one connection in, its [`Event`]s out (RFC 6455, 5 and 6).
//!
//! The reader owns the buffer that it reads into, and shares it among all connections. A frame that lies whole in
//! it is unmasked in place and handed on as a slice of it: no copy, no allocation. Only what is unfinished when the
//! input ends is kept, in a box that is freed as soon as no frame and no message is under way.
//!
//! Knows the order of frames (5.4), which side masks (5.1) and the limit. Does not answer: pongs, the closing
//! handshake and what follows a [`Violation`] are the connection's (floor `net`).
//! Invariants: an idle decoder is one pointer. Bytes cut anywhere give the same events and the same violation.
//! The tutorial: `decode()`, which takes it that one `recv` brings one whole frame.
//! Tests: `tests/ws/codec.rs`, `tests/ws/fragments.rs`, `tests/ws/every_cut.rs`.

use super::close::Close;
use super::deflate::Inflater;
use super::error::Violation;
use super::frame::{CONTROL_BYTES_MAX, FirstByte, HEADER_BYTES_MAX, Header, Opcode, Rules};
use super::mask::apply_mask;
use super::message::{Kind, Message};

/// Which side of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What we receive must be masked.
    Server,
    /// What we receive must not be masked.
    Client,
}

/// What is the same for all connections of a server.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Which side we are.
    pub role: Role,
    /// The largest message, in bytes, after inflating.
    pub message_bytes_max: usize,
}

/// What the peer said. It borrows from the input, the decoder or the inflater: use it before the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A whole text.
    Text(&'a str),
    /// A whole binary message.
    Binary(&'a [u8]),
    /// Answer with a Pong of the same payload (5.5.2).
    Ping(&'a [u8]),
    /// An answer to a Ping, or just a sign of life (5.5.3).
    Pong(&'a [u8]),
    /// The closing handshake; what follows in the input must be thrown away (1.4). `None`: no code was given.
    Close(Option<Close<'a>>),
    /// A fragment without payload that does not end its message. Lawful, but only so many a second: it costs its
    /// sender nothing and adds nothing to the bytes that are limited.
    EmptyFragment,
}

/// How far one call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// Bytes of the input that are done with.
    pub consumed: usize,
    /// What they said, if they completed something.
    pub event: Option<Event<'a>>,
}

/// Decodes what one connection receives.
///
/// Call it with what is left of the input until it has consumed everything *and* has no event; only that last call
/// (its input may be empty) gives back the buffer of a message that was just delivered.
///
/// The fragmented, unmasked "Hello" of RFC 6455, 5.7, as a client receives it:
///
/// ```
/// use karez::ws::{Decoder, Event, Inflater, Role, Settings};
///
/// let settings = Settings { role: Role::Client, message_bytes_max: 1024 };
/// let (mut decoder, mut inflater) = (Decoder::new(), Inflater::new());
/// let mut input = [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f];
///
/// let (mut done, end, mut texts) = (0, input.len(), Vec::new());
/// loop {
///     let step = decoder.decode(&settings, false, &mut inflater, &mut input[done..]).unwrap();
///     done += step.consumed;
///     match step.event {
///         Some(Event::Text(text)) => texts.push(text.to_owned()),
///         Some(other) => panic!("{other:?}"),
///         None if done == end => break,
///         None => {}
///     }
/// }
/// assert_eq!(texts, ["Hello"]);
/// assert!(decoder.is_idle());
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    partial: Option<Box<Partial>>,
}

/// What is under way when the input ends.
#[derive(Debug)]
struct Partial {
    /// The bytes of a header that has begun and not ended.
    header: [u8; HEADER_BYTES_MAX],
    header_bytes: usize,
    /// The frame whose header is there and whose payload is not.
    frame: Option<Frame>,
    /// The payload of a control frame that was cut.
    control: [u8; CONTROL_BYTES_MAX],
    /// The message that has begun and not ended, or was delivered by the last call.
    message: Option<Message>,
    message_delivered: bool,
}

impl Default for Partial {
    fn default() -> Partial {
        Partial {
            header: [0; HEADER_BYTES_MAX],
            header_bytes: 0,
            frame: None,
            control: [0; CONTROL_BYTES_MAX],
            message: None,
            message_delivered: false,
        }
    }
}

/// A frame whose payload is being received.
#[derive(Clone, Copy, Debug)]
struct Frame {
    header: Header,
    /// Payload bytes so far.
    received: u64,
}

/// What a connection asks of the next header.
struct Expected<'a> {
    settings: &'a Settings,
    deflate: bool,
    message: Option<&'a Message>,
}

impl Rules for Expected<'_> {
    #[inline(always)]
    fn first_byte(&self, first: FirstByte) -> Result<(), Violation> {
        if first.rsv1 && !self.deflate {
            return Err(Violation::ReservedBit);
        }
        match (first.opcode, self.message) {
            (Opcode::Continuation, None) => Err(Violation::ContinuationWithoutStart),
            (Opcode::Text | Opcode::Binary, Some(_)) => Err(Violation::DataInsideMessage),
            _ => Ok(()),
        }
    }

    #[inline(always)]
    fn masked(&self, masked: bool) -> Result<(), Violation> {
        match (self.settings.role, masked) {
            (Role::Server, false) => Err(Violation::Unmasked),
            (Role::Client, true) => Err(Violation::Masked),
            _ => Ok(()),
        }
    }

    /// A message over the limit is refused before its first byte: to take even a part of it would be memory and
    /// time that the peer spends for us.
    #[inline(always)]
    fn length(&self, first: FirstByte, length: u64) -> Result<(), Violation> {
        if first.opcode.is_control() {
            return Ok(());
        }
        let kind = self.message.map_or(Kind::of(first), Message::kind);
        let received_bytes = self.message.map_or(0, Message::received_bytes);
        let left = kind.payload_bytes_max(self.settings.message_bytes_max).saturating_sub(received_bytes);
        if usize::try_from(length).is_ok_and(|length| length <= left) {
            Ok(())
        } else {
            Err(Violation::TooBig)
        }
    }
}

impl Decoder {
    /// Of a connection whose opening handshake is done.
    #[must_use]
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Whether nothing is kept: no frame and no message is under way, and the last event has been given back.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.partial.is_none()
    }

    /// Memory that is kept for what is under way, in bytes; 0 when idle.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.partial.as_ref().map_or(0, |partial| {
            size_of::<Partial>() + partial.message.as_ref().map_or(0, Message::buffer_bytes)
        })
    }

    /// Decodes up to the end of the next event, of the next frame or of the input. `deflate`: permessage-deflate was
    /// agreed on with this peer. The input is unmasked in place; what was consumed is the reader's again.
    ///
    /// # Errors
    ///
    /// The peer broke the protocol: fail the connection, and do not call this again.
    pub fn decode<'a>(
        &'a mut self,
        settings: &Settings,
        deflate: bool,
        inflater: &'a mut Inflater,
        input: &'a mut [u8],
    ) -> Result<Step<'a>, Violation> {
        self.release_delivered();
        inflater.release();
        let begun = self.partial.as_mut().and_then(|partial| partial.frame.take());
        let (mut frame, header_bytes) = match begun {
            Some(frame) => (frame, 0),
            None => match self.decode_header(settings, deflate, input)? {
                Some((header, bytes)) => (Frame { header, received: 0 }, bytes),
                None => return Ok(Step { consumed: input.len(), event: None }),
            },
        };
        let payload = frame.take_payload(input.get_mut(header_bytes..).unwrap_or_default());
        let consumed = header_bytes + payload.len();

        let event = if frame.header.opcode.is_control() {
            self.control(frame, payload)?
        } else if begun.is_none() && frame.left() == 0 && frame.header.is_whole_message() {
            Some(Kind::of(frame.header.first_byte()).whole(payload, settings.message_bytes_max, inflater)?)
        } else {
            self.fragment(frame, payload, settings, inflater)?
        };
        Ok(Step { consumed, event })
    }

    /// The next header, and how many bytes of `input` it took. `None`: all of `input` is a part of it, and is kept.
    #[inline(always)]
    fn decode_header(
        &mut self,
        settings: &Settings,
        deflate: bool,
        input: &[u8],
    ) -> Result<Option<(Header, usize)>, Violation> {
        if self.partial.as_ref().is_none_or(|partial| partial.header_bytes == 0) {
            let message = self.partial.as_ref().and_then(|partial| partial.message.as_ref());
            let found = Header::decode_under(&Expected { settings, deflate, message }, input)?;
            if found.is_some() || input.is_empty() {
                return Ok(found);
            }
        }
        self.decode_cut_header(settings, deflate, input)
    }

    /// The same where only the beginning of the header is there, now or before.
    #[cold]
    fn decode_cut_header(
        &mut self,
        settings: &Settings,
        deflate: bool,
        input: &[u8],
    ) -> Result<Option<(Header, usize)>, Violation> {
        let message = self.partial.as_ref().and_then(|partial| partial.message.as_ref());
        let expected = Expected { settings, deflate, message };
        let kept = self.partial.as_ref().map_or(0, |partial| partial.header_bytes);
        let mut header = self.partial.as_ref().map_or([0; HEADER_BYTES_MAX], |partial| partial.header);
        let mut header_bytes = kept;
        for (place, byte) in header.iter_mut().skip(kept).zip(input) {
            *place = *byte;
            header_bytes += 1;
        }
        let found = Header::decode_under(&expected, header.get(..header_bytes).unwrap_or_default())?;
        let partial = self.partial.get_or_insert_default();
        partial.header = header;
        partial.header_bytes = if found.is_some() { 0 } else { header_bytes };
        Ok(found.map(|(header, bytes)| (header, bytes.saturating_sub(kept))))
    }

    /// Takes the next piece of a control frame: as a slice of the input when it is whole, else by way of the box.
    fn control<'a>(&'a mut self, frame: Frame, payload: &'a [u8]) -> Result<Option<Event<'a>>, Violation> {
        let opcode = frame.header.opcode;
        if frame.header.length == payload.len() as u64 {
            return control_event(opcode, payload).map(Some);
        }
        let partial = self.partial.get_or_insert_default();
        let start = usize::try_from(frame.received).unwrap_or(usize::MAX).saturating_sub(payload.len());
        for (place, byte) in partial.control.iter_mut().skip(start).zip(payload) {
            *place = *byte;
        }
        if frame.left() > 0 {
            partial.frame = Some(frame);
            return Ok(None);
        }
        let end = start + payload.len();
        control_event(opcode, partial.control.get(..end).unwrap_or_default()).map(Some)
    }

    /// Takes the next piece of a data frame that is a fragment or was cut.
    fn fragment<'a>(
        &'a mut self,
        frame: Frame,
        payload: &[u8],
        settings: &Settings,
        inflater: &'a mut Inflater,
    ) -> Result<Option<Event<'a>>, Violation> {
        let header = frame.header;
        let partial = self.partial.get_or_insert_default();
        let message = partial.message.get_or_insert_with(|| Message::begin(&header));
        message.push(payload, header.fin.then_some(frame.left()))?;
        if frame.left() > 0 {
            partial.frame = Some(frame);
            return Ok(None);
        }
        if !header.fin {
            return Ok((header.length == 0).then_some(Event::EmptyFragment));
        }
        partial.message_delivered = true;
        message.finish(settings.message_bytes_max, inflater).map(Some)
    }

    /// Lets go of what the last event borrowed, and of the box when nothing is under way.
    fn release_delivered(&mut self) {
        let Some(partial) = &self.partial else { return };
        let between_frames = partial.header_bytes == 0 && partial.frame.is_none();
        if between_frames && (partial.message.is_none() || partial.message_delivered) {
            self.partial = None;
        }
    }
}

impl Frame {
    /// Payload bytes that have yet to come.
    fn left(&self) -> u64 {
        self.header.length.saturating_sub(self.received)
    }

    /// Takes from `input` what belongs to this frame, and unmasks it.
    fn take_payload<'a>(&mut self, input: &'a mut [u8]) -> &'a [u8] {
        let bytes = usize::try_from(self.left()).unwrap_or(usize::MAX).min(input.len());
        let payload = input.get_mut(..bytes).unwrap_or_default();
        if let Some(key) = self.header.mask {
            // Only its place among four matters, so the low bits do.
            apply_mask(payload, key, (self.received % 4) as usize);
        }
        self.received += payload.len() as u64;
        payload
    }
}

/// What a whole control frame says.
fn control_event(opcode: Opcode, payload: &[u8]) -> Result<Event<'_>, Violation> {
    match opcode {
        Opcode::Close => Close::decode(payload).map(Event::Close),
        Opcode::Ping => Ok(Event::Ping(payload)),
        _ => Ok(Event::Pong(payload)),
    }
}
