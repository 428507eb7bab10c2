//! What is said to people, in a room of its own.

pub mod usage;
