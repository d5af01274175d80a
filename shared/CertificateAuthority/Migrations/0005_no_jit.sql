-- With enable_seqscan off the plans of small tables look dear enough to be compiled, which costs more than all they do. A server
-- of the platform's own has jit off; on others it is on by default.
ALTER FUNCTION ca.record SET jit = off;
