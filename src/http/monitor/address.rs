//! Where the views stand, for links to them.

/// All deliveries.
pub(super) const DELIVERIES: &str = "/monitor/deliveries";
/// Those that wait for a person.
pub(super) const EXHAUSTED: &str = "/monitor/deliveries?status=exhausted";
/// Those that wait for a retry.
pub(super) const RETRYING: &str = "/monitor/deliveries?status=retrying";
/// What was told.
pub(super) const INCIDENTS: &str = "/monitor/incidents";
/// The question before many are sent again.
pub(super) const RESEND: &str = "/monitor/resend";
/// Comparisons with VoiceDrive.
pub(super) const RECONCILE: &str = "/monitor/reconcile";
/// The question before what is missing is sent again.
pub(super) const RESEND_MISSING: &str = "/monitor/reconcile/resend";
/// Interview records.
pub(super) const INTERVIEWS: &str = "/monitor/interviews";
/// The server.
pub(super) const SERVER: &str = "/monitor/server";
/// Where sending is put on hold, and that is ended.
pub(super) const HOLDS: &str = "/monitor/server#holds-title";

/// One comparison.
pub(super) fn comparison(id: &str) -> String {
    format!("{RECONCILE}/{id}")
}

/// What a file of interview records would change.
pub(super) fn preview(id: &str) -> String {
    format!("{INTERVIEWS}/preview/{id}")
}

/// One delivery.
pub(super) fn delivery(id: &str) -> String {
    format!("{DELIVERIES}/{id}")
}
