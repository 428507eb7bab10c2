//! What only the command line asks for, over the control socket.

pub(super) mod events;
pub(super) mod import;
pub(super) mod status;
