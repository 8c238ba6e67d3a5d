-- SPDX-License-Identifier: MIT
DROP FUNCTION {schema}.toy_twice(numeric);
DROP TYPE {schema}.toy_mood;
DROP DOMAIN {schema}.toy_label;
DROP DOMAIN {schema}.toy_amount;
