CREATE TABLE hosting_tests.second_part (x int);
CREATE TABLE hosting_tests.second (x int);
