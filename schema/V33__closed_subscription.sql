-- A subscription whose other side wants no more events, for good: a webhook that has answered 410, say.
--
-- It is kept here, so that neither a restart nor another relay asks again, until an operator opens it again.
alter table session_ledger.subscription
    add column closed_at timestamptz,
    add column closed_reason text,
    add constraint a_closed_subscription_says_why check ((closed_at is null) = (closed_reason is null));
