CREATE TABLE database_tests.second_part (x int);
CREATE TABLE database_tests.second (x int);
