// Counter-based random numbers: keys folded by purpose.

export { Key } from './key.js'
