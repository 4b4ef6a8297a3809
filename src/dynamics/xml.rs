//! XML as a tree of elements with line numbers. The reader is lenient: namespaces are not resolved,
//! a prefix is part of a name, and malformed text is an error only if it makes the element
//! structure ambiguous.

use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::error::{ModelError, Reason};

/// Largest nesting depth of elements in a file. Files of robots have a depth of seven.
const DEPTH: usize = 64;

/// An element with its attributes and child elements. Texts are left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Element {
    /// Name with its prefix.
    pub tag: String,
    /// Line of the element's start, from 1.
    pub line: u64,
    attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
}

impl Element {
    /// Reads a text. The returned element holds the outermost elements of the text.
    ///
    /// # Errors
    /// A text that is not XML; the error has the line.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        // Windows editors put a byte order mark before the first character.
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = Reader::from_str(text);
        reader.config_mut().allow_dangling_amp = true;
        let mut lines = Lines { text, read: 0, line: 1 };
        let mut open = vec![Self::default()];
        loop {
            let line = lines.at(reader.buffer_position() as usize);
            let event = reader.read_event().map_err(|error| refused(&error, line, &open))?;
            let element = match event {
                Event::Start(start) if open.len() <= DEPTH => {
                    open.push(Self::new(&start, line)?);
                    continue;
                }
                Event::Start(_) => {
                    let reason = format!("elements are nested more than {DEPTH} deep: is this a robot description?");
                    return Err(ModelError::at(line, Reason::Xml(reason)));
                }
                Event::Empty(start) => Some(Self::new(&start, line)?),
                Event::End(_) => open.pop(),
                Event::Eof => break,
                _ => None,
            };
            if let (Some(element), Some(parent)) = (element, open.last_mut()) {
                parent.children.push(element);
            }
        }
        match open.len() {
            1 => Ok(open.remove(0)),
            n => {
                let Self { tag, line, .. } = &open[n - 1];
                let reason = format!("<{tag}> is not closed: is the file cut off?");
                Err(ModelError::at(*line, Reason::Xml(reason)))
            }
        }
    }

    fn new(start: &BytesStart<'_>, line: u64) -> Result<Self, ModelError> {
        let mut element = Self { tag: start.name().as_ref().into(), line, ..Self::default() };
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| {
                let reason =
                    format!("<{}> has an attribute without name, `=`, or quotes around its value", element.tag);
                ModelError::at(line, Reason::Xml(reason))
            })?;
            // An undeclared entity keeps its written form.
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap_or(attribute.value.clone());
            element.attributes.push((attribute.key.as_ref().into(), value.into_owned()));
        }
        Ok(element)
    }

    /// The first child element of this name.
    pub fn child(&self, tag: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.tag == tag)
    }

    /// All attributes, in their order.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first element for which `holds`, among this element and all elements inside it.
    pub fn find(&self, holds: fn(&Self) -> bool) -> Option<&Self> {
        if holds(self) { Some(self) } else { self.children.iter().find_map(|child| child.find(holds)) }
    }
}

/// Counts the lines up to positions, which may only grow.
struct Lines<'a> {
    text: &'a str,
    read: usize,
    line: u64,
}

impl Lines<'_> {
    fn at(&mut self, position: usize) -> u64 {
        let passed = self.text.as_bytes().get(self.read..position).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.read = self.read.max(position);
        self.line
    }
}

/// The parser's error in our words.
fn refused(error: &Error, line: u64, open: &[Element]) -> ModelError {
    let reason = match (error, open) {
        (Error::IllFormed(IllFormedError::MismatchedEndTag { found, .. }), [.., Element { tag, line, .. }]) => {
            format!("</{found}> closes nothing: <{tag}> of line {line} is open")
        }
        (Error::IllFormed(IllFormedError::UnmatchedEndTag(found)), _) => {
            format!("</{found}> closes nothing: no element is open")
        }
        _ => "this is not XML: look at the angle brackets and quotes here and just before".into(),
    };
    ModelError::at(line, Reason::Xml(reason))
}
