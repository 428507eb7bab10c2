-- The same checks in other words. To look a value up in a list of more than two, SQLite makes a table of its
-- own for every row that it checks: a quarter of the work that the result of an attempt is.
--
-- A check cannot be altered without writing the whole table anew, but its text in the schema can be
-- replaced by one that means the same: https://sqlite.org/lang_altertable.html, section 7.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
  'CHECK (outcome IN (''success'', ''failed'', ''timeout''))',
  'CHECK (outcome = ''success'' OR outcome = ''failed'' OR outcome = ''timeout'')')
 WHERE name = 'attempts';
UPDATE sqlite_schema SET sql = replace(sql,
  'CHECK (status IN (''success'', ''failed'', ''timeout''))',
  'CHECK (status = ''success'' OR status = ''failed'' OR status = ''timeout'')')
 WHERE name = 'webhook_send_logs';
UPDATE sqlite_schema SET sql = replace(sql,
  'CHECK (status IN (''pending'', ''processing'', ''completed'', ''failed''))',
  'CHECK (status = ''pending'' OR status = ''processing'' OR status = ''completed'' OR status = ''failed'')')
 WHERE name = 'webhook_retry_queue';
UPDATE sqlite_schema SET sql = replace(sql,
  'CHECK (interview_status IN (''scheduled'', ''completed'', ''cancelled'', ''no_show'', ''rescheduled''))',
  'CHECK (interview_status = ''scheduled'' OR interview_status = ''completed'' OR interview_status = ''cancelled''
      OR interview_status = ''no_show'' OR interview_status = ''rescheduled'')')
 WHERE name = 'interviews';
PRAGMA writable_schema = RESET;
