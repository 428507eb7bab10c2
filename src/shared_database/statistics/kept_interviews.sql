CREATE TEMPORARY TABLE voicedrive_relay.relay_interviews (
  n BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id VARBINARY(768), interview_type VARBINARY(768), interview_date DATETIME(3), interview_status VARCHAR(16),
  facility_id VARBINARY(768), department_id VARBINARY(768), seq BIGINT,
  KEY (facility_id, department_id, interview_type), KEY (department_id, interview_type), KEY (interview_type)) ENGINE=InnoDB ROW_FORMAT=DYNAMIC
IGNORE SELECT * FROM voicedrive_relay.relay_interviews
