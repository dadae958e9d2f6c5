-- What receivers of Shared Signals have agreed on with the transmitter: each stream is a subscription of the
-- feed.
--
-- The document says what the receiver wants, whether its stream runs, and what it has acknowledged behind the
-- cursor. `projector ssf serve` alone reads it. Its revision grows with each change: who changes it names the
-- revision that was read, so of two changes at once none is lost. A receiver's secret is in it sealed only.
create table session_ledger.signal_stream (
    name     text   not null references session_ledger.subscription (name) on delete cascade,
    receiver text   not null,
    document jsonb  not null,
    revision bigint not null default 1,
    constraint a_signal_stream_is_one_subscription primary key (name)
);

create index signal_stream_of_receiver on session_ledger.signal_stream (receiver);

-- Drops the stream of a receiver, with its subscription, whoever holds that. Says whether there was one.
--
-- A receiver may drop a stream at any time, and followers may drop no subscription: so it is done with the
-- owner's rights, and for subscriptions that are streams alone.
create function session_ledger.drop_signal_stream(stream text, of_receiver text) returns boolean
    language sql security definer
    set search_path = ''
as $$
    with dropped as (
        delete from session_ledger.subscription as follower
         using session_ledger.signal_stream as one
         where one.name = stream
           and one.receiver = of_receiver
           and follower.name = one.name
        returning follower.name
    )
    select exists (select from dropped)
$$;

revoke execute on function session_ledger.drop_signal_stream(text, text) from public;
