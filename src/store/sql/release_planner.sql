-- Gives the planner its freedom back: the application's own statements are its own business.
-- No row: this reads nothing.
set local enable_seqscan to default
