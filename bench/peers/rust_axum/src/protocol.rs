use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a client sends.
#[derive(Deserialize)]
pub struct Incoming {
    #[serde(default, rename = "type")]
    pub kind: String,
    pub room: Option<String>,
    pub text: Option<String>,
    #[serde(default)]
    pub id: Value,
}

impl Incoming {
    /// The error is the code to answer with.
    pub fn parse(payload: &[u8]) -> Result<Self, &'static str> {
        serde_json::from_slice(payload).map_err(|error| {
            if error.is_data() {
                "invalid_field"
            } else {
                "malformed"
            }
        })
    }
}

/// What a client receives.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Outgoing<'a> {
    Joined { room: &'a str },
    Left { room: &'a str },
    Message { room: &'a str, text: &'a str },
    Pong { id: Value },
    Error { code: &'a str },
}

impl Outgoing<'_> {
    /// Blanks behind a JSON value mean nothing to its reader: they stand in for the fields of a
    /// larger one.
    pub fn encode(&self, bytes_min: usize) -> String {
        let mut encoded = serde_json::to_string(self).expect("strings can always be encoded");
        let missing = bytes_min.saturating_sub(encoded.len());
        encoded.extend(std::iter::repeat_n(' ', missing));
        encoded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_told_apart() {
        let code = |text: &str| Incoming::parse(text.as_bytes()).err();
        assert_eq!(code("Hello"), Some("malformed"));
        assert_eq!(code(r#"{"type":"join","room":7}"#), Some("invalid_field"));
        assert_eq!(code(r#"{"type":"join","room":"a","more":[1]}"#), None);
    }

    #[test]
    fn a_message_is_padded_to_its_size() {
        let message = Outgoing::Message {
            room: "a",
            text: "b",
        };
        let plain = r#"{"type":"message","room":"a","text":"b"}"#;
        assert_eq!(message.encode(0), plain);
        assert_eq!(message.encode(50), format!("{plain:50}"));
        assert_eq!(message.encode(3), plain);
    }
}
