//! Elements of a message, by namespace and not by prefix, within limits.
//!
//! Only elements and attributes that the decoder uses are kept, with their names as static references. Most
//! of a message is skipped. [`ELEMENTS_MAX`] and the message's length bound the memory.

use super::super::{NOTES_MAX, read::cut};
use super::extension;
use super::names::{ATTRIBUTES, ELEMENTS};
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, NamespaceResolver, QName, ResolveResult};
use quick_xml::reader::NsReader;
use std::borrow::Cow;

/// Deepest nesting of elements. Real messages nest nine deep.
pub const DEPTH_MAX: usize = 64;

/// Most elements kept of one leg. The schema allows some 300 of those that are used.
pub(super) const ELEMENTS_MAX: usize = 2_000;

/// Most attributes of one element.
const ATTRIBUTES_MAX: usize = 64;

/// Most namespaces declared in one place. Every name is looked up among all of them.
const NAMESPACES_MAX: usize = 32;

const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The namespace of an element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Space {
    /// AIDX itself.
    Aidx,
    /// A known extension.
    Extension(extension::Vendor),
}

/// An element with its kept contents.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) space: Space,
    pub(super) name: &'static str,
    attributes: Vec<(&'static str, String)>,
    /// `xsi:nil="true"`: the value is cleared.
    pub(super) nil: bool,
    text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// A trimmed attribute value; `None` if it is missing or empty.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(n, _)| *n == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// The trimmed text directly inside; `None` if it is empty.
    pub(super) fn text(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }

    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of this name.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name)?.text()
    }

    /// The children with this name in the order of their `RepeatIndex`, then those without one, in document
    /// order.
    pub(super) fn repeated(&self, name: &str) -> Vec<&Element> {
        let mut found: Vec<_> = self.children.iter().filter(|child| child.name == name).collect();
        let index =
            |e: &&Element| e.attribute("RepeatIndex").and_then(|i| i.parse().ok()).unwrap_or(u32::MAX);
        found.sort_by_key(index);
        found
    }
}

/// Why a message is not well-formed, or refused.
pub(super) type Refusal = String;

/// A message's elements, one at a time.
pub(super) struct Document<'a> {
    reader: NsReader<&'a [u8]>,
    text: &'a str,
    /// The depth of open elements. quick-xml checks that they are closed.
    depth: usize,
    root_seen: bool,
    /// Namespaces of skipped elements, for the notes.
    pub(super) strangers: Vec<String>,
}

/// A result of [`Document::next_child`].
pub(super) enum Child<'a> {
    /// An element with its contents, and its text in the message.
    Whole(Element, &'a str),
    /// An element with more than [`ELEMENTS_MAX`] elements, and its name.
    TooLarge(&'static str, &'a str),
}

impl<'a> Document<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        reader.resolver_mut().set_max_namespace_bindings(NAMESPACES_MAX);
        Self { reader, text, depth: 0, root_seen: false, strangers: Vec::new() }
    }

    /// The root element's start: its local name and attributes.
    pub(super) fn root(&mut self) -> Result<(String, Option<Element>), Refusal> {
        loop {
            match self.event()? {
                Event::Start(start) => {
                    self.enter()?;
                    self.root_seen = true;
                    let name = start.local_name().into_inner().to_owned();
                    let root = match space_of(self.reader.resolver(), start.name()) {
                        Some(Space::Aidx) => Some(element(&start, self.reader.resolver(), Space::Aidx, "")?),
                        _ => None,
                    };
                    return Ok((name, root));
                }
                Event::Eof => return Err("has no element".into()),
                other => self.outside(&other)?,
            }
        }
    }

    /// The next known element inside the root, or `None` after the document's end.
    pub(super) fn next_child(&mut self) -> Result<Option<Child<'a>>, Refusal> {
        loop {
            let from = self.position();
            match self.event()? {
                Event::Start(start) => {
                    self.enter()?;
                    match known(self.reader.resolver(), start.name(), &mut self.strangers) {
                        Some((space, name)) => {
                            let first = element(&start, self.reader.resolver(), space, name)?;
                            return self.whole(first, from).map(Some);
                        }
                        None => self.pass()?,
                    }
                }
                Event::End(_) => {
                    self.depth -= 1;
                    return self.end().map(|()| None);
                }
                Event::Eof => return Err("ends before its root element does".into()),
                Event::GeneralRef(reference) => drop(resolve(&reference)?),
                other => refuse_document_type(&other)?,
            }
        }
    }

    /// The contents of an element whose start was just read.
    fn whole(&mut self, first: Element, from: usize) -> Result<Child<'a>, Refusal> {
        let name = first.name;
        let mut open = vec![first];
        let mut kept = 1;
        loop {
            match self.event()? {
                Event::Start(start) => {
                    self.enter()?;
                    match known(self.reader.resolver(), start.name(), &mut self.strangers) {
                        Some((space, name)) if kept < ELEMENTS_MAX => {
                            open.push(element(&start, self.reader.resolver(), space, name)?);
                            kept += 1;
                        }
                        Some(_) => {
                            kept = usize::MAX;
                            self.pass()?;
                        }
                        None => self.pass()?,
                    }
                }
                Event::End(_) => {
                    self.depth -= 1;
                    let Some(closed) = open.pop() else { return Err("closes what was not open".into()) };
                    match open.last_mut() {
                        Some(parent) => parent.children.push(closed),
                        None if kept == usize::MAX => return Ok(Child::TooLarge(name, self.since(from))),
                        None => return Ok(Child::Whole(closed, self.since(from))),
                    }
                }
                Event::Eof => return Err("ends inside an element".into()),
                inside => {
                    let Some(parent) = open.last_mut() else { return Err("closes what was not open".into()) };
                    match inside {
                        Event::Text(text) => parent.text.push_str(&text.xml10_content()),
                        Event::CData(data) => parent.text.push_str(&data.xml10_content()),
                        Event::GeneralRef(reference) => parent.text.push_str(&resolve(&reference)?),
                        other => refuse_document_type(&other)?,
                    }
                }
            }
        }
    }

    /// Skips the contents of an element whose start was just read.
    fn pass(&mut self) -> Result<(), Refusal> {
        let outside = self.depth - 1;
        while self.depth > outside {
            match self.event()? {
                Event::Start(_) => self.enter()?,
                Event::End(_) => self.depth -= 1,
                Event::Eof => return Err("ends inside an element".into()),
                Event::GeneralRef(reference) => drop(resolve(&reference)?),
                other => refuse_document_type(&other)?,
            }
        }
        Ok(())
    }

    /// Reads what follows the root, which must contain no element and no text.
    fn end(&mut self) -> Result<(), Refusal> {
        loop {
            match self.event()? {
                Event::Start(_) => return Err("has a second root element".into()),
                Event::Eof => return Ok(()),
                other => self.outside(&other)?,
            }
        }
    }

    fn outside(&self, event: &Event<'_>) -> Result<(), Refusal> {
        match event {
            Event::Text(text) if !text.trim().is_empty() => Err("has text outside its root element".into()),
            Event::CData(_) | Event::GeneralRef(_) => Err("has text outside its root element".into()),
            Event::Decl(_) if self.root_seen => Err("has a declaration after its beginning".into()),
            other => refuse_document_type(other),
        }
    }

    fn event(&mut self) -> Result<Event<'a>, Refusal> {
        self.reader.read_event().map_err(|error| {
            let at = self.reader.error_position();
            format!("is not well-formed XML at byte {at}: {error}")
        })
    }

    fn enter(&mut self) -> Result<(), Refusal> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("nests elements deeper than {DEPTH_MAX}"));
        }
        Ok(())
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn since(&self, from: usize) -> &'a str {
        self.text.get(from..self.position()).unwrap_or_default()
    }
}

fn refuse_document_type(event: &Event<'_>) -> Result<(), Refusal> {
    match event {
        Event::DocType(_) => Err("has a DOCTYPE, which is refused".into()),
        _ => Ok(()),
    }
}

/// A character reference or one of the five entities of XML. Documents cannot define others, because
/// document types are refused.
fn resolve(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, Refusal> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Ok(character.to_string().into()),
        Ok(None) => resolve_xml_entity(reference)
            .map(Cow::Borrowed)
            .ok_or_else(|| format!("uses the entity {:?}, which is not defined", cut(reference, 40))),
        Err(error) => Err(format!("has a wrong character reference: {error}")),
    }
}

fn space_of(resolver: &NamespaceResolver, name: QName<'_>) -> Option<Space> {
    match resolver.resolve_element(name).0 {
        ResolveResult::Bound(Namespace(super::NAMESPACE)) => Some(Space::Aidx),
        ResolveResult::Bound(Namespace(uri)) => extension::Vendor::of(uri).map(Space::Extension),
        _ => None,
    }
}

fn known(
    resolver: &NamespaceResolver,
    name: QName<'_>,
    strangers: &mut Vec<String>,
) -> Option<(Space, &'static str)> {
    let Some(space) = space_of(resolver, name) else {
        if strangers.len() < NOTES_MAX
            && let (ResolveResult::Bound(Namespace(uri)), _) = resolver.resolve_element(name)
            && !strangers.iter().any(|known| known == uri)
        {
            strangers.push(uri.to_owned());
        }
        return None;
    };
    let local = name.local_name();
    let at = ELEMENTS.binary_search(&local.into_inner()).ok()?;
    Some((space, ELEMENTS[at]))
}

fn element(
    start: &BytesStart<'_>,
    resolver: &NamespaceResolver,
    space: Space,
    name: &'static str,
) -> Result<Element, Refusal> {
    let mut element = Element {
        space,
        name,
        attributes: Vec::new(),
        nil: false,
        text: String::new(),
        children: Vec::new(),
    };
    for (count, attribute) in start.attributes().enumerate() {
        if count >= ATTRIBUTES_MAX {
            return Err(format!("has an element with more than {ATTRIBUTES_MAX} attributes"));
        }
        let attribute = attribute.map_err(|error| format!("is not well-formed XML: {error}"))?;
        let value = || {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            value.map_err(|error| format!("is not well-formed XML: {error}"))
        };
        match resolver.resolve_attribute(attribute.key) {
            (ResolveResult::Unbound, local) => {
                if let Ok(at) = ATTRIBUTES.binary_search(&local.into_inner()) {
                    element.attributes.push((ATTRIBUTES[at], value()?.into_owned()));
                }
            }
            (ResolveResult::Bound(Namespace(SCHEMA_INSTANCE)), local) if local.into_inner() == "nil" => {
                element.nil = matches!(value()?.trim(), "true" | "1");
            }
            _ => {}
        }
    }
    Ok(element)
}
