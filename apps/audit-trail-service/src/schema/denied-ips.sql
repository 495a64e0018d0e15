-- Totals by address, which are kept longer than the denials.
CREATE TABLE audit.denied_ips (
  smtp_user_id    uuid           NOT NULL,
  count           bigint         NOT NULL CHECK (count > 0),
  first_denied_at timestamptz(3) NOT NULL,
  last_denied_at  timestamptz(3) NOT NULL,
  tenant_id       text COLLATE "C" NOT NULL,
  ip              text           NOT NULL COLLATE "C",
  address         inet,
  relays          text[]         NOT NULL, -- the first ones that reported it
  reasons         text[]         NOT NULL,
  last_position   bigint         NOT NULL  -- the journal's, of the newest denial that was counted
);
-- NULLS NOT DISTINCT: a text that is not an address is stored once too. address is first, to find neighbours.
CREATE UNIQUE INDEX denied_ip_stands_once ON audit.denied_ips (smtp_user_id, address, ip) NULLS NOT DISTINCT;
CREATE INDEX denied_ips_of_user ON audit.denied_ips (smtp_user_id, last_denied_at, ip);
CREATE INDEX denied_ips_of_address ON audit.denied_ips (tenant_id, address, smtp_user_id);

GRANT SELECT, INSERT, UPDATE ON audit.denied_ips TO postern_audit;
