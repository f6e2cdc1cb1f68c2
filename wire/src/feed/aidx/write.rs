//! Writes XML.

use domain::field::Value;
use quick_xml::escape::escape;
use std::fmt::Write;

/// The text of a document under construction.
pub(super) struct Xml {
    pub(super) text: String,
}

impl Xml {
    pub(super) fn with_capacity(legs: usize) -> Self {
        // Typical size of a full leg.
        Self { text: String::with_capacity(512 + legs * 1536) }
    }

    /// An element with a text, an empty one for a clear, or none.
    pub(super) fn said(&mut self, name: &str, said: Option<Option<&Value>>) {
        match said {
            Some(Some(Value::Text(text))) => self.leaf(name, &[], text),
            Some(_) => self.nil(name, &[]),
            None => {}
        }
    }

    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.text.push('>');
    }

    pub(super) fn close(&mut self, name: &str) {
        // Writing to a String cannot fail.
        let _ = write!(self.text, "</{name}>");
    }

    pub(super) fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.open(name, attributes);
        self.text.push_str(&escape(text));
        self.close(name);
    }

    pub(super) fn nil(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.text.push_str(" xsi:nil=\"true\"/>");
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let _ = write!(self.text, "<{name}");
        for (key, value) in attributes {
            let _ = write!(self.text, " {key}=\"{}\"", escape(*value));
        }
    }
}
