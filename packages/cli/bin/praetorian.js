#!/usr/bin/env node
// Not part of the build output, because npm links a command at install time, before a fresh clone is built.
import '../dist/bin.js';
