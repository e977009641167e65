-- What a Kamailio node may see and keep in the platform's database. To be run by the role that
-- owns the platform's tables, again after an upgrade. Before it, once:  createuser --pwprompt kamailio
-- After it, once, as that role, Kamailio's own tables: see README.md.

CREATE SCHEMA IF NOT EXISTS kamailio;

-- Who may log in, and with which hash. The view reads with its owner's rights: the role sees
-- no password, token or message. A node asks it at every log-in, so a client that is disabled
-- is out at once.
CREATE OR REPLACE VIEW kamailio.subscriber AS
SELECT client.login AS username,
       client.ha1_realm AS domain,
       ''::text AS password,
       client.ha1_md5 AS ha1,
       client.ha1_sha256 AS ha1_sha256
FROM accounts_client AS client
JOIN accounts_account AS account ON account.id = client.account_id
WHERE client.enabled AND account.status = 'active' AND client.ha1_md5 <> '';

GRANT USAGE, CREATE ON SCHEMA kamailio TO kamailio;
GRANT SELECT ON kamailio.subscriber TO kamailio;

DO $$
BEGIN
    EXECUTE format('ALTER ROLE kamailio IN DATABASE %I SET search_path = kamailio', current_database());
END
$$;
