//! The priority of work that must not slow down accepting.

/// By how much it is lowered: Linux gives such a thread about a tenth of the others' share of a busy processor.
const NICENESS: i32 = 10;

/// Lowers the priority of the calling thread, and of those that it starts afterwards. There is no way back.
pub fn lower() {
    // Where the system refuses it, the work is done all the same.
    let _ = rustix::process::nice(NICENESS);
}
