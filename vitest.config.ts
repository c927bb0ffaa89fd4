import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'bench/test/**/*.test.ts'],
    testTimeout: 120_000,
    // Tests neither read nor fill the cache folder of whoever runs them.
    env: { DCTPS_TRANSFORM_CACHE: 'off' },
    reporters: ['default', ['json', { outputFile: 'test-results.json' }]],
  },
})
