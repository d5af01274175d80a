CREATE SCHEMA IF NOT EXISTS hosting_tests;
CREATE TABLE hosting_tests.first (x int);
CREATE FUNCTION hosting_tests.add() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO hosting_tests.first VALUES (1); END; $$;
SELECT hosting_tests.add();
