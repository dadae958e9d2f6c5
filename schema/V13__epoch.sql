-- The database's epoch: how often it was restored, counted from 1.
--
-- A restored database is an older one. Transaction ids may start again in it, and browsers hold tokens that
-- it does not know, or know sessions to be over that it takes for live. Each event says its epoch, so that
-- the feed tells transactions of the same id apart; each token does, so that those of before open nothing.
--
-- A function and no table: it costs a statement nothing, and statements that were planned with it are planned
-- anew when it is replaced. `raise_epoch` replaces it.
create function session_ledger.epoch() returns smallint
    language sql stable parallel safe
    return 1::smallint;

alter table session_ledger.event alter column epoch set default session_ledger.epoch();

-- Begins the next epoch. The lock waits for whoever is writing events of this one: when it is over, no event
-- of it can follow.
create function session_ledger.raise_epoch() returns smallint
    language plpgsql
as $$
begin
    lock table session_ledger.event in share mode;
    execute format(
        'create or replace function session_ledger.epoch() returns smallint'
        ' language sql stable parallel safe return %s::smallint',
        session_ledger.epoch() + 1
    );
    return session_ledger.epoch();
end
$$;
