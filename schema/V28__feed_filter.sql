-- Which events a follower of the feed is delivered. An empty list stands for all.
--
-- The filter is stored with the subscription, so that all relays of its name agree. Events that it leaves out
-- lie before the cursor like those that were delivered.
alter table session_ledger.subscription
    add column kinds text[] not null default '{}',   -- kinds of events
    add column notes text[] not null default '{}',   -- names of the application's own notes
    add column users text[] not null default '{}';
