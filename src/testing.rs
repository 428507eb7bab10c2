//! What the integration tests, the benchmarks and the generator of pages use besides the program itself. Everything else
//! is private, so that the compiler finds what nobody uses.

pub mod alerts {
    pub use crate::alerts::{AlertConfig, Evaluator, Sources};
    pub mod notifier {
        pub use crate::alerts::notifier::{Notifier, examine, tell};
    }
}
pub mod attempt {
    pub use crate::attempt::Outcome;
}
pub mod audit {
    pub use crate::audit::Actor;
}
pub mod channel {
    pub mod outcome {
        pub use crate::channel::outcome::ChannelOutcome;
    }
}
pub mod cli {
    pub use crate::cli::command;
}
pub mod clock {
    pub use crate::clock::Clock;
}
pub mod command_line {
    pub use crate::command_line::CommandLine;
}
pub mod config {
    pub use crate::config::{Channel, Environment, Hook, Loaded, Way, read};
}
pub mod crypto {
    pub use crate::crypto::{hex, hmac_sha256, install, sha256};
}
pub mod delivery {
    pub use crate::delivery::{Context, DeliveryRules};
    pub mod dispatcher {
        pub use crate::delivery::dispatcher::Dispatcher;
    }
    pub mod handoff {
        pub use crate::delivery::handoff::{Handoff, mailbox};
    }
    pub mod profile {
        pub use crate::delivery::profile::{BUILT_IN, Profile};
    }
    pub mod proxy {
        pub use crate::delivery::proxy::Proxies;
    }
    pub mod recovery {
        pub use crate::delivery::recovery::{Recoverer, RecoveryRules};
    }
    pub mod route {
        pub use crate::delivery::route::Route;
    }
    pub mod signature {
        pub use crate::delivery::signature::headers;
    }
}
pub mod dismissal {
    pub use crate::dismissal::EventDismissal;
}
pub mod event {
    pub use crate::event::{NewEvent, Status};
}
pub mod event_record {
    pub use crate::event_record::{EventDetail, EventFilter};
}
pub mod hold {
    pub use crate::hold::{EVERY_ROUTE, NewHold};
}
pub mod http {
    pub mod api {
        pub mod auth {
            pub use crate::http::api::auth::Keys;
        }
        pub mod endpoints {
            pub use crate::http::api::endpoints::document;
        }
    }
}
pub mod incident {
    pub use crate::incident::{State, Thresholds};
}
pub mod interview {
    pub mod field {
        pub use crate::interview::field::Field;
    }
}
pub mod interview_stats {
    pub use crate::interview_stats::InterviewRange;
}
pub mod language {
    pub use crate::language::{Language, Locale};
}
pub mod notification {
    pub mod advice {
        pub use crate::notification::advice::AdviceContext;
    }
}
pub mod observations {
    pub use crate::observations::Observations;
}
pub mod order {
    pub use crate::order::Order;
}
pub mod receiver {
    pub use crate::receiver::{ReceivedWebhook, Receiver, Rejection, ScriptedAnswer, Verifier};
}
pub mod recovery {
    pub use crate::recovery::ProbeResult;
}
pub mod relay {
    pub use crate::relay::{Relay, StartError, control_socket};
}
pub mod retry {
    pub use crate::retry::RetryPolicy;
}
pub mod route {
    pub use crate::route::{DEFAULT, Routing};
}
pub mod secret {
    pub use crate::secret::Secret;
}
pub mod send_stats {
    pub use crate::send_stats::{QueueCounts, SendFilter};
}
pub mod stable_json {
    pub use crate::stable_json::stabilize;
}
pub mod store {
    pub use crate::store::{Store, StoreError};
    pub mod file {
        pub use crate::store::file::live_file;
        pub mod inspect {
            pub use crate::store::file::inspect::count_differences;
        }
        pub mod snapshot {
            pub use crate::store::file::snapshot::verify;
        }
    }
}
pub mod submission {
    pub use crate::submission::{Accepted, Submission};
}
pub mod system_user {
    pub use crate::system_user::own_name;
}
pub mod timestamp {
    pub use crate::timestamp::Timestamp;
}
pub mod token {
    pub use crate::token::{Scope, TokenRecord};
}
pub mod trouble {
    pub use crate::trouble::Trouble;
}
pub mod under_way {
    pub use crate::under_way::UnderWay;
}
pub mod upkeep {
    pub mod backup {
        pub use crate::upkeep::backup::BackupFile;
    }
    pub mod file_watch {
        pub use crate::upkeep::file_watch::FileWatch;
    }
    pub mod retention {
        pub use crate::upkeep::retention::{Retention, RetentionPeriods};
    }
    pub mod soundness {
        pub use crate::upkeep::soundness::Soundness;
    }
    pub mod timekeeper {
        pub use crate::upkeep::timekeeper::Timekeeper;
    }
}
pub mod words {
    pub mod usage {
        pub use crate::words::usage::{pieces, translated, value};
    }
}
pub mod zone {
    pub use crate::zone::Zone;
}
