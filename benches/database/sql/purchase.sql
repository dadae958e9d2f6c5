-- Places an order.
-- No row: this only writes.
-- Parameters: $1 who (text)
insert into purchase (who, item) values ($1, 'teapot')
