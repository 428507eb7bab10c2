//! What the advice in a message depends on: the relay that sends it, as it is configured.

use crate::command_line::CommandLine;
use crate::route::settings::AllSettings;

/// What the advice in a message depends on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdviceContext {
    /// How its commands are typed.
    pub commands: CommandLine,
    /// By what an admin finds the settings of each route.
    pub routes: AllSettings,
    /// What an outage leaves behind is sent by itself.
    pub recovers: bool,
    /// Where people find the page for them; none: nobody has said how it is reached.
    pub page: Option<String>,
}

impl AdviceContext {
    /// Where the page shows an incident.
    #[must_use]
    pub fn page_of(&self, incident: &str) -> Option<String> {
        let page = self.page.as_ref()?;
        Some(format!("{page}/incidents?id={incident}"))
    }
}
