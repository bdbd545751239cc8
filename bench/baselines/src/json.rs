//! Just enough JSON to write a result file: values, escaped text, no reading.

use std::fmt::{self, Display, Formatter};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// A number; what is not finite is written as null.
    Number(f64),
    /// A count.
    Count(u64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object; names keep their order.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Text from anything that is text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An object of these fields.
    #[must_use]
    pub fn object<const N: usize>(fields: [(&str, Self); N]) -> Self {
        Self::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl Display for Json {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) if number.is_finite() => write!(f, "{number}"),
            Self::Number(_) => f.write_str("null"),
            Self::Count(count) => write!(f, "{count}"),
            Self::Text(text) => quote(f, text),
            Self::List(values) => {
                f.write_str("[")?;
                for (place, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if place == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (place, (name, value)) in fields.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { "," })?;
                    quote(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn quote(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for letter in text.chars() {
        match letter {
            '"' | '\\' => write!(f, "\\{letter}")?,
            control if control.is_control() => write!(f, "\\u{:04x}", u32::from(control))?,
            other => write!(f, "{other}")?,
        }
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_controls_are_escaped_and_what_is_not_finite_is_null() {
        let value = Json::object([
            ("a \"b\"", Json::text("line\nnext\\")),
            ("n", Json::List(vec![Json::Number(1.5), Json::Number(f64::NAN), Json::Count(3)])),
        ]);
        let expected = r#"{"a \"b\"":"line\u000anext\\","n":[1.5,null,3]}"#;
        assert_eq!(value.to_string(), expected);
    }
}
