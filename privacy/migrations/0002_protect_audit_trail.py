"""Lets the database itself refuse to change the audit trail, where it can tell what is old."""

from django.db import migrations

# What is older may go: the least that AUDIT_MONTHS allows is three months.
PROTECT = """
CREATE FUNCTION privacy_protect_audit_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '80 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'The audit trail is only added to.';
END
$$;
CREATE TRIGGER privacy_protect_audit_trail BEFORE UPDATE OR DELETE ON privacy_auditentry
FOR EACH ROW EXECUTE FUNCTION privacy_protect_audit_trail();
"""
UNPROTECT = """
DROP TRIGGER privacy_protect_audit_trail ON privacy_auditentry;
DROP FUNCTION privacy_protect_audit_trail();
"""


def protect(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(PROTECT)


def unprotect(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(UNPROTECT)


class Migration(migrations.Migration):
    dependencies = [("privacy", "0001_create_audit_trail")]

    operations = [migrations.RunPython(protect, unprotect)]
