//! What goes on after the answer: streams, WebSockets and tasks that have got a session from their request.
//!
//! - `scene`: an application with such handlers, behind poem's own server.
//! - `over`: a session that is kept past its request reads on, and refuses to be changed.
//! - `sse`, `websocket`: the right way, over real connections.
//! - `ended`: the end of a session is noticed, wherever it happens.
//! - `change`: writing from a stream.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod change;
mod ended;
mod over;
mod scene;
mod sse;
mod websocket;
