//! Messages of JSON-RPC: a parsed value with the bytes it came as, so that what is not changed is passed on byte for byte.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// The request failed for a reason that its text tells.
pub(super) const REQUEST_FAILED: i64 = -32803;
/// The state that a request was about is gone.
pub(super) const CONTENT_MODIFIED: i64 = -32801;
/// There is no such method.
pub(super) const METHOD_NOT_FOUND: i64 = -32601;
/// A request before `initialize`.
pub(super) const NOT_INITIALIZED: i64 = -32002;
/// A request after `shutdown`.
pub(super) const INVALID_REQUEST: i64 = -32600;

/// One message, as it came.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    pub(super) value: Value,
    /// Where in the bytes the result is, if it is large: then the value has none.
    pub(super) large: Option<Range<usize>>,
}

/// Results of messages that are larger are taken apart only if they must be.
const LARGE: usize = 64 << 10;

impl Message {
    /// Parses a body; `None` if it is no JSON object.
    pub(super) fn parse(bytes: Vec<u8>) -> Option<Message> {
        let value: Value = serde_json::from_slice(&bytes).ok()?;
        value.is_object().then_some(Message { bytes, value, large: None })
    }

    /// Parses a body; all but a large result.
    pub(super) fn parse_of_server(bytes: Vec<u8>) -> Option<Message> {
        if bytes.len() < LARGE {
            return Message::parse(bytes);
        }
        let mut parts: BTreeMap<String, &RawValue> = serde_json::from_slice(&bytes).ok()?;
        let Some(result) = parts.remove("result").filter(|_| !parts.contains_key("method")) else {
            return Message::parse(bytes);
        };
        let start = (result.get().as_ptr() as usize).checked_sub(bytes.as_ptr() as usize)?;
        let large = Some(start..start + result.get().len());
        let mut value = Map::new();
        for (key, part) in parts {
            value.insert(key, serde_json::from_str(part.get()).ok()?);
        }
        Some(Message { value: value.into(), large, bytes })
    }

    /// The text of a large result.
    pub(super) fn large_result(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(self.large.clone()?)?).ok()
    }

    /// Takes a large result apart after all; its bytes are needed no longer.
    pub(super) fn complete(&mut self) {
        let result = self.large_result().and_then(|text| serde_json::from_str::<Value>(text).ok());
        if let Some(result) = result {
            self.value["result"] = result;
        }
        if self.large.take().is_some() {
            self.bytes = Vec::new();
        }
    }

    /// The method of a request or notification; `None` for a response.
    pub(super) fn method(&self) -> Option<&str> {
        self.value.get("method").and_then(Value::as_str)
    }

    /// The id of a request or response.
    pub(super) fn id(&self) -> Option<&Value> {
        self.value.get("id").filter(|id| !id.is_null())
    }

    pub(super) fn params(&self) -> &Value {
        self.value.get("params").unwrap_or(&Value::Null)
    }

    /// The document that the message is about.
    pub(super) fn uri(&self) -> Option<&str> {
        let params = self.params();
        let places = ["/textDocument/uri", "/item/uri", "/uri"];
        places.iter().find_map(|place| params.pointer(place)).and_then(Value::as_str)
    }
}

/// The bytes of a value.
pub(super) fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// The bytes of a message around a text, which may be large and is copied once.
pub(super) fn with_text(head: &str, text: &str, tail: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(head.len() + text.len() + text.len() / 16 + tail.len());
    bytes.extend_from_slice(head.as_bytes());
    // Writing a string to memory does not fail.
    drop(serde_json::to_writer(&mut bytes, text));
    bytes.extend_from_slice(tail.as_bytes());
    bytes
}

pub(super) fn request(id: &Value, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

pub(super) fn notification(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

pub(super) fn response(id: &Value, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

pub(super) fn failure(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}
