-- Logins beyond the 10,000 addresses that are kept for an SMTP user and day: only their number. The API returns it as `notKept`.
CREATE TABLE logins.overflow (
  smtp_user_id uuid   NOT NULL,
  logins       bigint NOT NULL CHECK (logins > 0),
  day          date   NOT NULL,
  tenant_id    text COLLATE "C" NOT NULL,
  PRIMARY KEY (day, smtp_user_id)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON logins.overflow TO postern_logins_writer;
