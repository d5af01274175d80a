CREATE SCHEMA IF NOT EXISTS database_tests;
CREATE TABLE database_tests.first (x int);
CREATE FUNCTION database_tests.add() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO database_tests.first VALUES (1); END; $$;
SELECT database_tests.add();
