//! An event as a message of AMQP 0-9-1. RabbitMQ hands its headers to consumers of AMQP 1.0 as application
//! properties, where CloudEvents' AMQP binding looks for them.

use lapin::BasicProperties;
use lapin::message::BasicReturnMessage;
use lapin::types::{AMQPValue, FieldTable, LongString};

use crate::envelope::Envelope;

/// Kept on disk by queues that can.
const PERSISTENT: u8 = 2;

pub(super) fn properties(event: &Envelope) -> BasicProperties {
    let mut headers = FieldTable::default();
    for (name, value) in event.attributes() {
        if name != "datacontenttype" {
            let value = AMQPValue::LongString(LongString::from(value.as_bytes()));
            headers.insert(format!("cloudEvents_{name}").into(), value);
        }
    }
    BasicProperties::default()
        .with_message_id(event.id().into())
        .with_content_type("application/json".into())
        .with_delivery_mode(PERSISTENT)
        .with_headers(headers)
}

/// The id of a message that has come back.
pub(super) fn id(returned: BasicReturnMessage) -> String {
    returned.delivery.properties.message_id().as_ref().map_or_else(String::new, ToString::to_string)
}
