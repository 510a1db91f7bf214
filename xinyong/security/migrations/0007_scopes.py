from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("security", "0006_keys")]

    operations = [
        migrations.RunSQL(
            """
            -- What an actor is, as security/scope.py has told the connection. Read once a statement: the policies write
            -- (SELECT …) around them.
            CREATE FUNCTION xinyong_role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
            $$ SELECT nullif(current_setting('xinyong.role', true), '') $$;
            CREATE FUNCTION xinyong_unit() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
            $$ SELECT nullif(current_setting('xinyong.unit', true), '')::bigint $$;
            CREATE FUNCTION xinyong_reach() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS
            $$ SELECT string_to_array(nullif(current_setting('xinyong.reach', true), ''), ',')::bigint[] $$;
            CREATE FUNCTION xinyong_items() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS
            $$ SELECT string_to_array(nullif(current_setting('xinyong.items', true), ''), ',') $$;
            CREATE FUNCTION xinyong_today() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE AS
            $$ SELECT nullif(current_setting('xinyong.today', true), '')::date $$;

            -- Everybody's acts are noted; only an auditor, or the platform itself, reads them.
            ALTER TABLE security_auditentry ENABLE ROW LEVEL SECURITY;
            CREATE POLICY audit_read ON security_auditentry FOR SELECT
                USING ((SELECT xinyong_role()) IN ('auditor', 'system'));
            CREATE POLICY audit_written ON security_auditentry FOR INSERT WITH CHECK (true);
            """,
            """
            DROP POLICY audit_read ON security_auditentry;
            DROP POLICY audit_written ON security_auditentry;
            ALTER TABLE security_auditentry DISABLE ROW LEVEL SECURITY;
            DROP FUNCTION xinyong_role(), xinyong_unit(), xinyong_reach(), xinyong_items(), xinyong_today();
            """,
        )
    ]
