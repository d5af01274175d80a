-- Pages of one kind, and of what ends or has ended, among millions of another. Built with the ledger's table locked against writes, as the indexes before: ten million rows took both 24 s
-- on two busy cores. Rows come in their order, so adding to them is cheap.
CREATE INDEX certificates_profile ON ca.certificates (profile, id);
CREATE INDEX certificates_end ON ca.certificates (not_after, id);

-- The same for ranges.
DROP INDEX ca.certificates_not_after;
