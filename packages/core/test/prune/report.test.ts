import { describe, expect, test } from 'vitest'
import { NetworkBuilder } from '#core/network/network'
import { connectionReport } from '#core/prune/report'
import { smallNetwork } from './small-task.js'

describe('the report on connections', () => {
  test('finds units that nothing reaches, units that nothing reads, empty layers, cut inputs and outputs', () => {
    const net = new NetworkBuilder('chain', { channels: 3, height: 2, width: 2 }, { kind: 'sparse' })
    const hidden = net.relu(net.conv2d('conv', net.input, 3, { size: 1 }))
    net.linear('linear', net.flatten(hidden), 3)
    const network = net.build()
    const [conv, linear] = [1, 4]
    // Inputs 0 -> hidden 0 -> output 1; input 1 -> hidden 2 -> nowhere; hidden 1 -> output 2 from nowhere; input 2 unused.
    const supports = new Map([
      [conv, Uint32Array.of(0, 2 * 3 + 1)],
      // Features are hidden unit * 4 + pixel.
      [linear, Uint32Array.of(12 + 3, 24 + 4)],
    ])
    const report = connectionReport(network, supports)
    expect(report.layers.map(({ name, units, cutUnits, nnz }) => [name, units, cutUnits, nnz])).toEqual([
      ['conv', 3, 2, 2],
      ['linear', 3, 2, 2],
    ])
    expect(report.unusedInputs).toEqual([1, 2])
    expect(report.unreachedOutputs).toEqual([0, 2])
    expect(report.empty).toEqual([])
    const cut = connectionReport(network, new Map([...supports, [linear, new Uint32Array()]]))
    expect(cut).toMatchObject({ empty: ['linear'], unusedInputs: [0, 1, 2], unreachedOutputs: [0, 1, 2] })
  })

  test('follows shortcuts and groups', () => {
    const net = new NetworkBuilder('grouped', { channels: 4, height: 1, width: 1 }, { kind: 'sparse' })
    const grouped = net.conv2d('grouped', net.input, 4, { size: 1, groups: 2 })
    const padded = net.padChannels(net.add(grouped, net.input), 5)
    net.linear('linear', padded, 2)
    const network = net.build()
    const supports = new Map([
      // Output 2, of the second group, reads its second channel: input 3.
      [1, Uint32Array.of(2 * 2 + 1)],
      // Output 0 reads channel 2, output 1 the padded channel.
      [4, Uint32Array.of(2, 5 + 4)],
    ])
    const report = connectionReport(network, supports)
    expect(report.unusedInputs).toEqual([0, 1])
    expect(report.unreachedOutputs).toEqual([1])
    expect(report.layers.map(({ cutUnits }) => cutUnits)).toEqual([3, 1])
  })

  test('of a dense network finds nothing cut', () => {
    const report = connectionReport(smallNetwork('dense'), new Map())
    expect(report.layers.map(({ cutUnits, density }) => [cutUnits, density])).toEqual(Array(4).fill([0, 1]))
    expect([...report.unusedInputs, ...report.unreachedOutputs, ...report.empty]).toEqual([])
  })
})
