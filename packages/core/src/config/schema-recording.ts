import type { JsonObject } from '../model/index.ts';
import { count, section } from './schema-parts.ts';

/** Only at the top: it is the guard that keeps a record. */
export const recording: JsonObject = section(
  'A record of every signal and decision, from which `praetorian replay` runs the guard again. Off unless a directory is named.',
  {
    directory: {
      type: 'string',
      minLength: 1,
      maxLength: 500,
      'x-allowed': 'a path, absolute or beside the config file',
      description:
        'Folder for the files of the record, which only the owner can read. Leave it out and nothing is recorded.',
    },
    maxBytes: {
      type: ['string', 'number'],
      'x-bytes': true,
      default: '64MB',
      description:
        'A new file is begun when one has this size: 64MB (1 MB = 1024² bytes), a bare number is bytes; at least 1 MB counts. Raise it and a file covers more time; lower it and old time goes in smaller pieces.',
    },
    keep: count(
      8,
      'Files kept, the oldest go first. Raise it to look back further; lower it to need less of the disk.',
      { minimum: 1, maximum: 10_000 },
    ),
  },
);
