-- When the broker wakes the workflow again: while that is ahead, another failure schedules no second retry.
ALTER TABLE provider.tenants ADD COLUMN workflow_retry_at timestamptz;
