//! An event as a record of Kafka, as CloudEvents' Kafka binding has it.

use rdkafka::message::{Header, OwnedHeaders};

use crate::envelope::Envelope;

/// Each attribute is a header, and its value a text as it is. The attribute `partitionkey` is the record's
/// key too.
pub(super) fn headers(event: &Envelope) -> OwnedHeaders {
    let attributes = event.attributes();
    let mut headers = OwnedHeaders::new_with_capacity(attributes.len());
    let mut prefixed = String::with_capacity(32);
    for (name, value) in &attributes {
        prefixed.clear();
        prefixed.extend(["ce_", name]);
        let key = if *name == "datacontenttype" { "content-type" } else { prefixed.as_str() };
        headers = headers.insert(Header { key, value: Some(value.as_ref()) });
    }
    headers
}
