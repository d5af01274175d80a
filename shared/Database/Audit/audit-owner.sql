-- Gives the audit log an owner of its own: the application may append by function and read, it cannot change, truncate or drop, nor take a trigger off.
-- Run as a superuser in the stack's database, after its first start and after every upgrade. May be run again at any time. A private server does it by itself.
-- The application is the role that owns the schema platform. Before an upgrade that changes the schema audit: GRANT iot_audit TO that role.
DO $$
DECLARE
  application name := (SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'platform');
  item text;
BEGIN
  IF to_regnamespace('audit') IS NULL OR application IS NULL THEN
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'iot_audit') THEN
    CREATE ROLE iot_audit NOLOGIN;
  END IF;

  -- The owner of a database may drop it, and the log with it.
  EXECUTE format('ALTER DATABASE %I OWNER TO %I', current_database(), current_user);
  EXECUTE format('GRANT ALL ON DATABASE %I TO %I', current_database(), application);

  ALTER SCHEMA audit OWNER TO iot_audit;
  FOR item IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'audit'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO iot_audit', item);
  END LOOP;
  FOR item IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'audit'::regnamespace LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO iot_audit', item);
  END LOOP;
  FOR item IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'audit'::regnamespace AND proname IN ('append', 'append_many') LOOP
    EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = pg_catalog, pg_temp', item);
  END LOOP;

  REVOKE ALL ON ALL TABLES IN SCHEMA audit FROM PUBLIC;
  REVOKE ALL ON SCHEMA audit FROM PUBLIC;
  REVOKE ALL ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
  EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA audit FROM %I', application);
  EXECUTE format('REVOKE ALL ON SCHEMA audit FROM %I', application);
  EXECUTE format('GRANT USAGE ON SCHEMA audit TO %I', application);
  EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA audit TO %I', application);
  EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA audit TO %I', application);
  IF pg_has_role(application, 'iot_audit', 'MEMBER') THEN
    EXECUTE format('REVOKE iot_audit FROM %I', application);
  END IF;
END;
$$;
