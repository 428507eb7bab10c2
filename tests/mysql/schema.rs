//! The two forms of the staff system's tables.

/// As the file that was written by hand makes them.
pub const HAND_WRITTEN: &str = "
CREATE TABLE webhook_send_logs (
  id VARCHAR(191) NOT NULL PRIMARY KEY, event_type VARCHAR(100) NOT NULL, event_timestamp DATETIME(3) NOT NULL,
  sent_at DATETIME(3) NOT NULL, staff_id VARCHAR(191) NULL, request_id VARCHAR(191) NULL, payload_size INTEGER NOT NULL,
  status ENUM('success','failed','timeout') NOT NULL, http_status_code INTEGER NULL, processing_time INTEGER NOT NULL,
  error_message TEXT NULL, retry_count INTEGER NOT NULL DEFAULT 0, last_retry_at DATETIME(3) NULL, response_body TEXT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE KEY webhook_send_logs_request_id_key (request_id), KEY webhook_send_logs_event_type_idx (event_type),
  KEY webhook_send_logs_sent_at_idx (sent_at)) ENGINE=InnoDB;
CREATE TABLE webhook_retry_queue (
  id VARCHAR(191) NOT NULL PRIMARY KEY, original_log_id VARCHAR(191) NOT NULL, event_type VARCHAR(100) NOT NULL,
  payload JSON NOT NULL, retry_attempt INTEGER NOT NULL DEFAULT 0, max_retries INTEGER NOT NULL DEFAULT 3,
  next_retry_at DATETIME(3) NOT NULL,
  status ENUM('pending','processing','completed','failed') NOT NULL DEFAULT 'pending', last_error TEXT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  KEY webhook_retry_queue_status_idx (status, next_retry_at)) ENGINE=InnoDB;
CREATE TABLE employees (
  id VARCHAR(191) NOT NULL PRIMARY KEY, employeeCode VARCHAR(191) NOT NULL, name VARCHAR(191) NULL,
  UNIQUE KEY employees_employeeCode_key (employeeCode)) ENGINE=InnoDB;
CREATE TABLE interviews (
  id VARCHAR(191) NOT NULL PRIMARY KEY, employee_id VARCHAR(191) NOT NULL, interviewer_id VARCHAR(191) NULL,
  interview_date DATETIME(3) NOT NULL, interview_type VARCHAR(191) NOT NULL, notes TEXT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), updated_at DATETIME(3) NOT NULL,
  voicedrive_sync_id VARCHAR(191) NULL, duration_minutes INTEGER NULL, rescheduled_from_id VARCHAR(191) NULL,
  interview_status ENUM('scheduled','completed','cancelled','no_show','rescheduled') NULL DEFAULT 'scheduled',
  UNIQUE KEY interviews_voicedrive_sync_id_key (voicedrive_sync_id), KEY interviews_interview_status_idx (interview_status),
  CONSTRAINT interviews_employee_id_fkey FOREIGN KEY (employee_id) REFERENCES employees (id),
  CONSTRAINT interviews_rescheduled_from_id_fkey FOREIGN KEY (rescheduled_from_id) REFERENCES interviews (id)
    ON DELETE SET NULL ON UPDATE CASCADE) ENGINE=InnoDB";

/// As Prisma makes them of the models.
pub const PRISMA: &str = "
CREATE TABLE webhook_send_logs (
  id VARCHAR(191) NOT NULL, event_type VARCHAR(191) NOT NULL, event_timestamp DATETIME(3) NOT NULL,
  sent_at DATETIME(3) NOT NULL, staff_id VARCHAR(191) NULL, request_id VARCHAR(191) NULL, payload_size INTEGER NOT NULL,
  status ENUM('success','failed','timeout') NOT NULL, http_status_code INTEGER NULL, processing_time INTEGER NOT NULL,
  error_message VARCHAR(191) NULL, retry_count INTEGER NOT NULL DEFAULT 0, last_retry_at DATETIME(3) NULL,
  response_body VARCHAR(191) NULL, created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE INDEX webhook_send_logs_request_id_key (request_id), PRIMARY KEY (id));
CREATE TABLE webhook_retry_queue (
  id VARCHAR(191) NOT NULL, original_log_id VARCHAR(191) NOT NULL, event_type VARCHAR(191) NOT NULL, payload JSON NOT NULL,
  retry_attempt INTEGER NOT NULL DEFAULT 0, max_retries INTEGER NOT NULL DEFAULT 3, next_retry_at DATETIME(3) NOT NULL,
  status ENUM('pending','processing','completed','failed') NOT NULL DEFAULT 'pending', last_error VARCHAR(191) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), updated_at DATETIME(3) NOT NULL, PRIMARY KEY (id));
CREATE TABLE employees (
  id VARCHAR(191) NOT NULL, employeeCode VARCHAR(191) NOT NULL, facilityId VARCHAR(191) NULL,
  UNIQUE INDEX employees_employeeCode_key (employeeCode), PRIMARY KEY (id));
CREATE TABLE interviews (
  id VARCHAR(191) NOT NULL, employee_id VARCHAR(191) NOT NULL, interviewer_id VARCHAR(191) NOT NULL,
  interview_date DATETIME(3) NOT NULL, interview_type VARCHAR(191) NOT NULL, duration INTEGER NULL,
  motivation_confidence ENUM('high','medium','low') NULL, development_plan VARCHAR(191) NULL, next_action_items JSON NULL,
  notes VARCHAR(191) NULL, voicedrive_sync_id VARCHAR(191) NULL, duration_minutes INTEGER NULL,
  rescheduled_from_id VARCHAR(191) NULL,
  interview_status ENUM('scheduled','completed','cancelled','no_show','rescheduled') NULL DEFAULT 'scheduled',
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), updated_at DATETIME(3) NOT NULL,
  UNIQUE INDEX interviews_voicedrive_sync_id_key (voicedrive_sync_id), INDEX interviews_employee_id_idx (employee_id),
  PRIMARY KEY (id),
  CONSTRAINT interviews_employee_id_fkey FOREIGN KEY (employee_id) REFERENCES employees (id) ON UPDATE CASCADE,
  CONSTRAINT interviews_interviewer_id_fkey FOREIGN KEY (interviewer_id) REFERENCES employees (id) ON UPDATE CASCADE,
  CONSTRAINT interviews_rescheduled_from_id_fkey FOREIGN KEY (rescheduled_from_id) REFERENCES interviews (id)
    ON DELETE SET NULL ON UPDATE CASCADE)";
