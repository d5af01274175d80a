-- From which address a request to join came: one address may have only so many that wait.
ALTER TABLE provider.joins ADD asked_from text;
