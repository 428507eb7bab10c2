//! An event and a payload for each profile, such as `VoiceDrive`'s receiver of that kind takes.
//!
//! Several receivers share a profile, and each looks at other fields; a payload has those of all of
//! them. Nobody has the staff id. `{uuid}` stands for the id of the webhook, because `VoiceDrive` takes
//! an id of a notification only once, and `{now}` for the time.

/// What is posted when nobody says what.
pub(super) struct Sample {
    pub(super) event: &'static str,
    pub(super) data: &'static str,
}

/// A person as `employee.created` describes one.
const EMPLOYEE: &str = r#"{"staffId":"RELAY-TEST-0001","fullName":"試験 太郎","email":"relay-test@example.com","facilityId":"facility-a","departmentId":"ward-3","authLevel":1,"profilePhotoUrl":"https://photos.example.com/relay-test.jpg","photoUpdatedAt":"{now}","photoMimeType":"image/jpeg","photoFileSize":12345}"#;

/// `/api/webhooks/medical-system/employee`: takes it for a person whom it does not know, too.
const PHOTO: &str = r#"{"staffId":"RELAY-TEST-0001","profilePhotoUrl":"https://photos.example.com/relay-test.jpg","photoUpdatedAt":"{now}","photoMimeType":"image/jpeg","photoFileSize":12345,"updateReason":"admin_update"}"#;

/// `/api/webhooks/medical-system/whistleblowing/...`: it must know the report.
const WHISTLEBLOWING: &str = r#"{"reportId":"relay-test-report","caseNumber":"MED-0000-0000","anonymousId":"ANON-000000","medicalSystemCaseNumber":"MED-0000-0000","severity":"low","category":"other","status":"triaging","currentStatus":"received","receivedAt":"{now}","updatedAt":"{now}","estimatedResponseTime":"3日以内","nextSteps":"試験です","resolutionSummary":"試験です","resolvedAt":"{now}"}"#;

/// `/api/webhook/compliance/acknowledgement`: wants the first seven fields at the top.
const ACKNOWLEDGEMENT: &str = r#"{"reportId":"relay-test-report","caseNumber":"MED-0000-0000","anonymousId":"ANON-000000","severity":"low","category":"other","receivedAt":"{now}","estimatedResponseTime":"3日以内","requiresImmediateAction":false,"currentStatus":"received","nextSteps":"試験です"}"#;

/// `/api/webhook/staff-system/status-change`.
const STATUS_CHANGE: &str = r#"{"employeeId":"RELAY-TEST-0001","previousStatus":"active","newStatus":"on_leave","changedAt":"{now}","retirementDate":"2025-10-31"}"#;

/// `/api/webhook/analytics-notification`, which takes level 99 only, and `/api/webhook/employee-...`,
/// which must know the person.
const NOTIFICATION: &str = r#"{"notificationId":"relay-test-{uuid}","timestamp":"{now}","accountLevel":99,"type":"info","title":"試験通知","message":"receiver-test による試験です","employeeId":"RELAY-TEST-0001","changes":{},"experienceSummary":{"totalExperienceYears":1}}"#;

/// What `VoiceDrive`'s receiver of this profile takes.
pub(super) fn of(profile: &str) -> Sample {
    let (event, data) = match profile {
        "voicedrive-employee" => ("employee.photo.updated", PHOTO),
        "voicedrive-whistleblowing" => ("whistleblowing.status_updated", WHISTLEBLOWING),
        "voicedrive-compliance" => ("compliance.acknowledged", ACKNOWLEDGEMENT),
        "voicedrive-staff-system" => ("account.status_changed", STATUS_CHANGE),
        "voicedrive-notification" => ("analytics.notification", NOTIFICATION),
        _ => ("employee.created", EMPLOYEE),
    };
    Sample { event, data }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::profile::BUILT_IN;
    use crate::event::is_event_type;
    use crate::stable_json::stabilize;

    #[test]
    fn every_sample_is_sent_as_it_is_written() {
        for profile in BUILT_IN {
            let sample = of(profile);
            assert!(is_event_type(sample.event), "{profile}");
            assert_eq!(stabilize(sample.data).unwrap(), sample.data, "{profile}");
        }
    }

    #[test]
    fn an_acknowledgement_has_the_seven_fields_that_voicedrive_wants() {
        let data: serde_json::Value =
            serde_json::from_str(of("voicedrive-compliance").data).unwrap();
        for field in [
            "reportId",
            "caseNumber",
            "anonymousId",
            "severity",
            "category",
            "receivedAt",
            "estimatedResponseTime",
        ] {
            assert!(data[field].is_string(), "{field}");
        }
    }
}
