// SPDX-License-Identifier: MIT
// Answers the lines of test_cron_peers.py with cron-parser. The first argument is the folder of its package.
'use strict';
const { CronExpressionParser } = require(process.argv[2] + '/node_modules/cron-parser');
const { DateTime } = require(process.argv[2] + '/node_modules/luxon');

function answer(line) {
  const [, zone, second, expression] = /^(\S+) (\S+) (.*)$/.exec(line);
  const after = Number(second) * 1000;
  if (expression === 'offset') return DateTime.fromMillis(after, { zone }).offset * 60;
  try {
    const next = CronExpressionParser.parse(expression, { currentDate: new Date(after), tz: zone }).next();
    return next.getTime() / 1000;
  } catch (error) {
    return 'refused: ' + error.message;
  }
}

const lines = require('fs').readFileSync(0, 'utf8').split('\n').slice(0, -1);
process.stdout.write(lines.map((line) => answer(line) + '\n').join(''));
