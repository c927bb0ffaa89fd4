#!/usr/bin/env node
// Committed, because npm links commands before the first build.
import '../dist/cli/main.js'
