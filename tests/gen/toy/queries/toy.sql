-- SPDX-License-Identifier: MIT

-- name: toy_boxes_on_side :many
-- Boxes on a side, by code.
-- param: side enum=toy_side The side.
SELECT * FROM {schema}.toy_boxes WHERE side = $1 ORDER BY code;

-- name: toy_box_by_code :one
-- A box by its code.
-- param: code The code.
SELECT * FROM {schema}.toy_boxes WHERE code = $1;

-- name: toy_items_per_box :many
-- How full the boxes are.
-- param: least min=1 The fewest items; emptier boxes are left out.
-- param: mood? enum=toy_mood How the box feels; NULL: any way.
-- column: box_id The box.
-- column: code Its code.
-- column: items How many items lie in it.
-- column: mood enum=toy_mood How it feels.
-- column: slots The sum of the places.
SELECT b.id AS box_id, b.code, count(i.name) AS items, b.mood, sum(i.slot)::numeric AS slots
FROM {schema}.toy_boxes b LEFT JOIN {schema}.toy_items i ON i.box_id = b.id
WHERE ($2::{schema}.toy_mood IS NULL OR b.mood = $2::{schema}.toy_mood)
GROUP BY b.id HAVING count(i.name) >= $1
ORDER BY b.code;

-- name: toy_echo :one
-- Gives back one value of every kind.
-- param: number? A number.
-- param: flag? Yes or no.
-- param: amount? An amount.
-- param: at? A time.
-- param: id? A UUID.
-- param: words? A text.
-- param: data? Bytes.
-- param: doc? A document.
-- param: address? A network address.
-- param: tags? Texts.
-- column: number The number.
-- column: flag The flag.
-- column: amount The amount.
-- column: at The time.
-- column: id The UUID.
-- column: words The text.
-- column: data The bytes.
-- column: doc The document.
-- column: address The address.
-- column: tags The texts.
SELECT $1::bigint AS number, $2::boolean AS flag, $3::numeric AS amount, $4::timestamptz AS at, $5::uuid AS id,
    $6::text AS words, $7::bytea AS data, $8::jsonb AS doc, $9::inet AS address, $10::text[] AS tags;

-- name: toy_items_remove :exec
-- scope: internal
-- Takes all items out of a box.
-- param: box_id The box.
UPDATE {schema}.toy_items SET removed = true WHERE box_id = $1;

-- name: toy_twice :one
-- scope: internal
-- Two times a value.
-- param: value The value.
-- column: twice Two times it.
SELECT {schema}.toy_twice($1) AS twice;

-- name: toy_boxes_in_brief :many
-- row: toy_brief
-- All boxes with their codes.
-- column: box_id The box.
-- column: code Its code.
SELECT id AS box_id, code FROM {schema}.toy_boxes ORDER BY code;

-- name: toy_box_in_brief :one
-- row: toy_brief
-- One box with its code.
-- param: id The box.
SELECT id AS box_id, code FROM {schema}.toy_boxes WHERE id = $1;

-- name: toy_box_filled :one
-- scope: internal
-- secret: yes
-- embeds: toy_boxes
-- A box and how full it is.
-- param: id The box.
-- column: items How many items lie in it.
SELECT (b).*, (SELECT count(*) FROM {schema}.toy_items i WHERE i.box_id = b.id) AS items
FROM {schema}.toy_boxes b WHERE b.id = $1;
