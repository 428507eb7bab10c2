//! Where the views stand, for links to them.

/// All deliveries.
pub(super) const DELIVERIES: &str = "/monitor/deliveries";
/// What was told.
pub(super) const INCIDENTS: &str = "/monitor/incidents";
/// The question before many are sent again.
pub(super) const RESEND: &str = "/monitor/resend";
/// The server.
pub(super) const SERVER: &str = "/monitor/server";

/// One delivery.
pub(super) fn delivery(id: &str) -> String {
    format!("{DELIVERIES}/{id}")
}
