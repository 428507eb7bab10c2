//! What the demo hands in: made-up people, their interviews, and the events of an ordinary day.

use serde_json::{Value, json};

use crate::clock::Clock;

/// Id, name and department.
const PEOPLE: [(&str, &str, &str); 6] = [
    ("EMP-2025-001", "山田 太郎", "内科"),
    ("EMP-2025-002", "佐藤 花子", "看護部"),
    ("EMP-2025-003", "鈴木 一郎", "リハビリテーション科"),
    ("EMP-2025-004", "高橋 美咲", "薬剤部"),
    ("EMP-2025-005", "田中 健", "放射線科"),
    ("EMP-2025-006", "伊藤 さくら", "看護部"),
];

/// A few interviews of today.
pub(super) fn interviews() -> Vec<Value> {
    let now = Clock::System.now();
    let what_became = |number| match number {
        0..9 => "completed",
        9 => "scheduled",
        10 => "cancelled",
        _ => "no_show",
    };
    (0..12)
        .map(|number: usize| {
            let kind = ["regular", "support"][number % 2];
            json!({"id": format!("int-{number}"), "employeeId": format!("EMP-2025-00{}", number % 6),
                   "interviewType": kind, "interviewDate": now,
                   "interviewStatus": what_became(number), "durationMinutes": 30 + number})
        })
        .collect()
}

/// The events of an ordinary day.
pub(super) fn events() -> Vec<Value> {
    let mut events = Vec::new();
    for (number, (id, name, department)) in PEOPLE.into_iter().enumerate() {
        events.push(json!({"event": "employee.created", "data": {
            "staffId": id, "fullName": name, "department": department, "authLevel": number + 1}}));
        events.push(json!({"event": "employee.updated", "data": {
            "staffId": id, "department": department, "position": "主任"}}));
        events.push(json!({"event": "interview.scheduled", "data": {
            "staffId": id, "interviewType": "regular", "interviewDate": "2025-10-28T10:00:00.000Z"}}));
        events.push(json!({"event": "survey.answered", "data": {
            "employeeId": id, "score": 87.5, "comment": "「働きやすい」と回答"}}));
    }
    events
}

/// One that the stand-in VoiceDrive refuses twice.
pub(super) fn refused() -> Value {
    json!({"event": "interview.completed", "data": {
        "staffId": PEOPLE[0].0, "fullName": PEOPLE[0].1, "durationMinutes": 45}})
}

/// One that it is slow to answer.
pub(super) fn stalled() -> Value {
    json!({"event": "health.checkup.recorded", "data": {"staffId": PEOPLE[4].0, "year": 2025}})
}

/// One that it answers with 200, and forgets.
pub(super) fn lost() -> Value {
    json!({"event": "employee.transferred", "data": {"staffId": PEOPLE[2].0, "department": "内科"}})
}

/// One during which the connection breaks off.
pub(super) fn cut_off() -> Value {
    json!({"event": "employee.retired", "data": {"staffId": PEOPLE[5].0, "reason": "転居"}})
}

/// Some that are handed in while sending is on hold.
pub(super) fn held() -> Vec<Value> {
    let people = PEOPLE.into_iter().take(3);
    let moved = people.map(
        |(id, ..)| json!({"event": "shift.assigned", "data": {"staffId": id, "shift": "夜勤"}}),
    );
    moved.collect()
}

/// Some that the stand-in VoiceDrive does not take before their retries are used up.
pub(super) fn outlasting() -> Vec<Value> {
    let people = PEOPLE.into_iter().skip(3);
    let trained = people.map(|(id, ..)| json!({"event": "training.completed", "data": {"staffId": id, "course": "感染対策"}}));
    trained.collect()
}
