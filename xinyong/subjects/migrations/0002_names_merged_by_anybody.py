"""The running program may merge what waits to be indexed, though the index is not its own."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("subjects", "0001_subjects_names_judgements")]
    operations = [
        # gin_clean_pending_list asks for the owner of the index; the program runs as another role.
        migrations.RunSQL(
            """
            CREATE FUNCTION subject_names_merged() RETURNS void
            LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
                SELECT gin_clean_pending_list('subject_name_grams'), gin_clean_pending_list('subject_name_grams_sample')
            $$;
            """,
            "DROP FUNCTION subject_names_merged()",
        )
    ]
