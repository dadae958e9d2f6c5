//! Projections of applications: followed, verified and derived anew.

mod error;
mod followed;
mod rebuild;
mod replay;
mod verify;

pub use error::ProjectionError;
pub use followed::{Followed, Step};
pub use verify::ProjectionDifferences;
