-- Records seals of a key ahead of them. Runs by itself, rarely, and outside of requests. Returns how many are
-- recorded in all.
-- No row: they would be more than the key may make.
-- Parameters: $1 key id (text), $2 seals (bigint), $3 the most in all (bigint)
insert into session_ledger.seal_count as c (key_id, sealed, recorded_at)
select $1, $2, session_ledger.clock()
 where $2 <= $3
    on conflict (key_id) do update
   set sealed = c.sealed + excluded.sealed,
       recorded_at = excluded.recorded_at
 where c.sealed + excluded.sealed <= $3
returning sealed
