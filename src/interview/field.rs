//! The fields of an interview record: their names on the wire, and what an office calls them.

/// One field of a record (contract, section 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The staff system's id of the record.
    Id,
    /// Who was interviewed.
    EmployeeId,
    /// Their name.
    EmployeeName,
    /// Who interviewed.
    InterviewerId,
    /// Such as `regular` or `support`.
    InterviewType,
    /// When it takes place.
    InterviewDate,
    /// What has become of it.
    InterviewStatus,
    /// How long it took, in minutes.
    DurationMinutes,
    /// Its id at VoiceDrive.
    VoicedriveSyncId,
    /// The record in whose place it stands.
    RescheduledFromId,
    /// Where.
    FacilityId,
    /// Of which department.
    DepartmentId,
    /// When it was completed.
    CompletedAt,
    /// Why it was cancelled, for example.
    StatusReason,
}

impl Field {
    /// Every field, in the order in which a file has them.
    pub const ALL: [Self; 14] = [
        Self::Id,
        Self::EmployeeId,
        Self::EmployeeName,
        Self::InterviewerId,
        Self::InterviewType,
        Self::InterviewDate,
        Self::InterviewStatus,
        Self::DurationMinutes,
        Self::VoicedriveSyncId,
        Self::RescheduledFromId,
        Self::FacilityId,
        Self::DepartmentId,
        Self::CompletedAt,
        Self::StatusReason,
    ];

    /// The fields without which there is no record.
    pub const NEEDED: [Self; 4] = [
        Self::Id,
        Self::EmployeeId,
        Self::InterviewType,
        Self::InterviewDate,
    ];

    /// The name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::EmployeeId => "employeeId",
            Self::EmployeeName => "employeeName",
            Self::InterviewerId => "interviewerId",
            Self::InterviewType => "interviewType",
            Self::InterviewDate => "interviewDate",
            Self::InterviewStatus => "interviewStatus",
            Self::DurationMinutes => "durationMinutes",
            Self::VoicedriveSyncId => "voicedriveSyncId",
            Self::RescheduledFromId => "rescheduledFromId",
            Self::FacilityId => "facilityId",
            Self::DepartmentId => "departmentId",
            Self::CompletedAt => "completedAt",
            Self::StatusReason => "statusReason",
        }
    }
}
