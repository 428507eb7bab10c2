//! What comes of telling an alert channel something: taken, or an objection.

pub mod objection;
pub mod outcome;
