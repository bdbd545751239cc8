//! One JSON object a line, built field by field; for what people and scripts read of a store.

use std::fmt::Write;

/// An object under construction.
pub(crate) struct Line(String);

impl Line {
    /// An object whose first field says what the line is about.
    pub fn new(what: &str) -> Self {
        Self(String::from("{")).text("line", what.as_bytes())
    }

    /// A string, escaped; bytes that are not UTF-8 are shown as replacement characters.
    pub fn text(mut self, name: &str, value: &[u8]) -> Self {
        self.name(name);
        self.0.push('"');
        for character in String::from_utf8_lossy(value).chars() {
            match character {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                control if control.is_control() => {
                    let mut units = [0; 2];
                    for unit in control.encode_utf16(&mut units) {
                        self.add(format_args!("\\u{unit:04x}"));
                    }
                }
                other => self.0.push(other),
            }
        }
        self.0.push('"');
        self
    }

    /// A number.
    pub fn number(mut self, name: &str, value: u64) -> Self {
        self.name(name);
        self.add(format_args!("{value}"));
        self
    }

    /// A number that may be missing; then so is the field.
    pub fn optional(self, name: &str, value: Option<u64>) -> Self {
        match value {
            Some(value) => self.number(name, value),
            None => self,
        }
    }

    /// True or false.
    pub fn truth(mut self, name: &str, value: bool) -> Self {
        self.name(name);
        self.add(format_args!("{value}"));
        self
    }

    /// Bytes, as hexadecimal digits.
    pub fn hex(mut self, name: &str, value: &[u8]) -> Self {
        self.name(name);
        self.0.push('"');
        for byte in value {
            self.add(format_args!("{byte:02x}"));
        }
        self.0.push('"');
        self
    }

    /// Pairs of numbers.
    pub fn pairs(mut self, name: &str, pairs: impl Iterator<Item = (u64, u64)>) -> Self {
        self.name(name);
        self.0.push('[');
        for (index, (one, other)) in pairs.enumerate() {
            self.add(format_args!("{}[{one},{other}]", if index == 0 { "" } else { "," }));
        }
        self.0.push(']');
        self
    }

    /// Numbers.
    pub fn numbers(mut self, name: &str, numbers: &[u64]) -> Self {
        self.name(name);
        self.0.push('[');
        for (index, number) in numbers.iter().enumerate() {
            self.add(format_args!("{}{number}", if index == 0 { "" } else { "," }));
        }
        self.0.push(']');
        self
    }

    /// An object inside another.
    pub fn inner() -> Self {
        Self(String::from("{"))
    }

    /// Objects that are finished.
    pub fn objects(mut self, name: &str, objects: &[String]) -> Self {
        self.name(name);
        self.add(format_args!("[{}]", objects.join(",")));
        self
    }

    /// The line, without its end.
    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn name(&mut self, name: &str) {
        let comma = if self.0.len() > 1 { "," } else { "" };
        self.add(format_args!("{comma}\"{name}\":"));
    }

    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.0.write_fmt(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_controls_and_broken_utf_8_are_escaped() {
        let line = Line::new("x").text("id", b"a\"\\\n\xff").number("n", 7).optional("m", None);
        let expected = "{\"line\":\"x\",\"id\":\"a\\\"\\\\\\u000a\u{fffd}\",\"n\":7}";
        assert_eq!(line.finish(), expected);
    }

    #[test]
    fn bytes_truths_and_pairs_have_their_forms() {
        let line = Line::new("x").hex("h", &[1, 255]).truth("t", true);
        let line = line.pairs("p", [(1, 2), (3, 4)].into_iter()).numbers("q", &[5, 6]).finish();
        let expected = r#"{"line":"x","h":"01ff","t":true,"p":[[1,2],[3,4]],"q":[5,6]}"#;
        assert_eq!(line, expected);
    }
}
