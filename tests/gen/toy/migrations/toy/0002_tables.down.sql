-- SPDX-License-Identifier: MIT
DROP TABLE {schema}.toy_events;
DROP TABLE {schema}.toy_items;
DROP TABLE {schema}.toy_boxes;
