-- name: roles
-- The embedded server has them already (config/postgres.py). A server of one's own: the running user must be a member.
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'xinyong_app') THEN
        CREATE ROLE xinyong_app NOLOGIN;
        GRANT xinyong_app TO CURRENT_USER;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'xinyong_loader') THEN
        CREATE ROLE xinyong_loader NOLOGIN BYPASSRLS;
        GRANT xinyong_loader TO CURRENT_USER;
    END IF;
END $$

-- name: rights
-- Everything a table needs follows from whether it only grows; so a table of a later migration is secured by the same words.
DO $$
DECLARE one record;
BEGIN
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA public TO xinyong_app, xinyong_loader;
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM xinyong_app, xinyong_loader;
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO xinyong_app, xinyong_loader;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO xinyong_app, xinyong_loader;
    FOR one IN
        SELECT c.oid::regclass AS name, c.relispartition AS is_part,
               EXISTS (SELECT 1 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                       WHERE t.tgrelid = c.oid AND p.proname LIKE '%only_grows') AS only_grows
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v')
    LOOP
        IF one.name::text = 'record' THEN
            EXECUTE format('GRANT SELECT ON %s TO xinyong_app', one.name);
            EXECUTE format('GRANT SELECT, INSERT ON %s TO xinyong_loader', one.name);
        ELSIF one.is_part THEN
            NULL; -- reached through its parent, whose policies count
        ELSIF one.name::text = 'django_migrations' THEN
            EXECUTE format('GRANT SELECT ON %s TO xinyong_app', one.name);
        ELSIF one.only_grows THEN
            EXECUTE format('GRANT SELECT, INSERT ON %s TO xinyong_app, xinyong_loader', one.name);
        ELSE
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO xinyong_app', one.name);
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO xinyong_loader', one.name);
        END IF;
    END LOOP;
END $$
