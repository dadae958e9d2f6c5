-- Fills the shelves of a new shop; one that was open before keeps its stock.
insert into shop.product (id, name, description, picture, price_cents, stock) values
    (1,  'Teapot',          'Stoneware, holds four cups and pours without a drip.',    'teapot',   3400, 20),
    (2,  'Cup',             'Thin at the rim, warm in the hand. No two are the same.', 'cup',      1200, 80),
    (3,  'Kettle',          'Enamelled steel. It sings when the water is ready.',      'kettle',   4900, 15),
    (4,  'Green tea',       'Sencha from the first harvest, 100 g in a tin.',          'tin',      1650, 60),
    (5,  'Black tea',       'Assam for the morning, 100 g in a tin.',                  'tin',      1150, 60),
    (6,  'Peppermint',      'Whole leaves, dried slowly, 50 g in a tin.',              'leaf',      790, 60),
    (7,  'Strainer',        'Fine steel mesh with a long handle.',                     'strainer',  950, 40),
    (8,  'Three-minute glass', 'Green tea wants two turns, black tea just one.',       'hourglass', 1400, 25),
    (9,  'Linden honey',    'From the hives behind the shop, 250 g.',                  'honey',     880, 45),
    (10, 'Oat biscuits',    'Baked on Tuesdays and Fridays, twelve in a box.',         'biscuit',   540, 70),
    (11, 'Beech tray',      'Carries a pot and two cups, with room for biscuits.',     'tray',     2600, 18),
    (12, 'Sugar bowl',      'The last one of its kind: ordering two of it fails.',     'bowl',     1950, 1)
on conflict (id) do nothing;
